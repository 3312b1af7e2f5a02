import { createHandleResolver } from '../../protocol/handles.ts'
import { createIdentityResolver, type IdentityResolver } from '../../protocol/identity.ts'
import { XrpcClient } from '../../protocol/xrpc.ts'

export interface NetworkFlags {
  readonly plc?: string
  readonly allowPrivateHosts?: true
}

/** What `inspect` asks of the network, without a project. */
export interface InspectNetwork extends AsyncDisposable {
  readonly xrpc: XrpcClient
  readonly plc: string
  readonly identity: IdentityResolver
  /** DID of a handle, or null. */
  readonly didOf: (handle: string) => Promise<string | null>
}

export function openNetwork(flags: NetworkFlags): InspectNetwork {
  const plc = (flags.plc ?? process.env.TAP_PLC_URL ?? 'https://plc.directory').replace(/\/+$/, '')
  const allowPrivateHosts = flags.allowPrivateHosts ?? false
  const xrpc = new XrpcClient({ allowPrivateHosts, userAgent: 'lextap', trustedHosts: [plc] })
  const handles = createHandleResolver({ xrpc })
  return {
    xrpc,
    plc,
    identity: createIdentityResolver({ plc, xrpc, handles }),
    didOf: (handle) => handles.resolve(handle),
    [Symbol.asyncDispose]: () => xrpc.close(),
  }
}
