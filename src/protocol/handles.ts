import { Resolver } from 'node:dns/promises'
import { abortable } from '../async/signal.ts'
import { isDid, isHandle } from './syntax.ts'
import type { XrpcClient } from './xrpc.ts'
import { XrpcError } from './xrpc-error.ts'

/** Finds the DID a handle points to. Resolves null when it points to none, throws when that cannot be said now. */
export interface HandleResolver {
  resolve(handle: string, signal?: AbortSignal): Promise<string | null>
}

/** TXT records of a name, chunks joined; `[]` when there are none. Throws when DNS cannot answer now. */
export type TxtLookup = (name: string, signal?: AbortSignal) => Promise<readonly string[]>

/** Names nobody owns on the public internet, and what atproto excludes. */
const DISALLOWED = /\.(?:alt|arpa|example|internal|invalid|local|localhost|onion)$/

/**
 * The two ways of atproto: `_atproto.<handle>` TXT in DNS, then `https://<handle>/.well-known/atproto-did`. One
 * after the other, because most handles that DNS knows have no web server worth asking.
 */
export function createHandleResolver(options: {
  readonly xrpc: XrpcClient
  /** Default: the system's resolvers. */
  readonly txt?: TxtLookup
  /** Where `/.well-known/atproto-did` of a handle is served. Default `https://<handle>`. */
  readonly wellKnown?: (handle: string) => string
}): HandleResolver {
  const { xrpc, txt = dnsTxt(), wellKnown = (handle: string) => `https://${handle}` } = options
  return {
    async resolve(handle, signal) {
      if (!isHandle(handle) || DISALLOWED.test(handle)) return null
      const dns = await settled(fromTxt(txt, handle, signal))
      signal?.throwIfAborted()
      if (dns.value !== null) return dns.value
      const web = await settled(fromWellKnown(xrpc, `${wellKnown(handle)}/.well-known/atproto-did`, signal))
      signal?.throwIfAborted()
      // A definite no of one way is worth nothing while the other is out of reach.
      if (web.value === null && dns.error !== undefined) throw dns.error
      if (web.error !== undefined) throw web.error
      return web.value
    },
  }
}

async function settled(promise: Promise<string | null>): Promise<{ value: string | null; error?: unknown }> {
  try {
    return { value: await promise }
  } catch (error) {
    return { value: null, error }
  }
}

async function fromTxt(txt: TxtLookup, handle: string, signal?: AbortSignal): Promise<string | null> {
  const records = await txt(`_atproto.${handle}`, signal)
  const dids = new Set(records.filter((r) => r.startsWith('did=')).map((r) => r.slice(4).trim()))
  const [did] = dids
  // Several answers are no answer (handle specification).
  return dids.size === 1 && did !== undefined && isDid(did) ? did : null
}

async function fromWellKnown(xrpc: XrpcClient, url: string, signal?: AbortSignal): Promise<string | null> {
  try {
    const { text } = await xrpc.get(url, {
      signal,
      maxBytes: 8192,
      timeoutMs: 10_000,
      accept: 'text/plain',
    })
    const did = text.trim()
    return isDid(did) ? did : null
  } catch (error) {
    if (error instanceof XrpcError && saysNo(error)) return null
    throw error
  }
}

/** 4xx, too large, a private address, or no such host: this handle is not proven here, and asking again is vain. */
function saysNo(error: XrpcError): boolean {
  if (!error.retry) return true
  const { cause } = error
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND'
}

/** TXT by DNS. `servers` (`ip` or `ip:port`) replace the system's resolvers. */
export function dnsTxt(servers?: readonly string[]): TxtLookup {
  const resolver = new Resolver({ timeout: 3000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  return async (name, signal) => {
    try {
      const records = await abortable(resolver.resolveTxt(name), signal)
      return records.map((chunks) => chunks.join(''))
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null
      if (code === 'ENOTFOUND' || code === 'ENODATA') return []
      throw error
    }
  }
}
