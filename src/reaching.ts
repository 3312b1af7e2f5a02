import type { ResolvedConfig } from './config/types.ts'
import type { HandleResolver } from './protocol/handles.ts'
import { createIdentityResolver, type IdentityResolver } from './protocol/identity.ts'
import { XrpcClient } from './protocol/xrpc.ts'

/** The one client that asks other servers. */
export function createXrpc({ backfill, plc, relay, upstream }: ResolvedConfig): XrpcClient {
  return new XrpcClient({
    allowPrivateHosts: backfill.allowPrivateHosts,
    userAgent: 'lextap',
    timeoutMs: Math.min(30_000, backfill.stallMs),
    // What the user named may live in a private network; what DID documents and redirects name may not.
    trustedHosts: [plc, relay.replace(/^ws/, 'http'), upstream.lists, upstream.repos].filter(
      (url) => url !== null,
    ),
  })
}

/** Finds out who accounts are. Without `handles`: DNS and https well-known. */
export function createResolver(
  { plc, identity, backfill }: ResolvedConfig,
  xrpc: XrpcClient,
  handles: HandleResolver | undefined,
): IdentityResolver {
  return createIdentityResolver({
    plc,
    xrpc,
    ttlMs: identity.ttlMs,
    max: identity.cacheSize,
    refresh: { burst: 5, everyMs: identity.refreshMs },
    negativeTtlMs: Math.min(60_000, backfill.retryMs.first),
    ...(handles === undefined ? {} : { handles }),
  })
}
