import { isDid, isTid } from '../protocol/syntax.ts'
import type { XrpcClient } from '../protocol/xrpc.ts'

/** A repo as a listing names it; what the listing does not tell is null. */
export interface ListedRepo {
  readonly did: string
  readonly rev: string | null
  readonly active: boolean | null
}

export interface ListPage {
  readonly repos: readonly ListedRepo[]
  /** Null at the end. */
  readonly cursor: string | null
}

/** One page of `com.atproto.sync.listRepos`. Entries that are not repos are left out. */
export async function listRepos(
  xrpc: XrpcClient,
  host: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListPage> {
  const params = cursor === null ? { limit: 1000 } : { limit: 1000, cursor }
  return pageOf(await xrpc.json(host, 'com.atproto.sync.listRepos', params, { signal }))
}

/** One page of `com.atproto.sync.listReposByCollection`. */
export async function listReposByCollection(
  xrpc: XrpcClient,
  host: string,
  collection: string,
  cursor: string | null,
  signal: AbortSignal,
): Promise<ListPage> {
  const params = { collection, limit: 1000, ...(cursor === null ? {} : { cursor }) }
  return pageOf(await xrpc.json(host, 'com.atproto.sync.listReposByCollection', params, { signal }))
}

function pageOf(body: unknown): ListPage {
  const { repos, cursor } = (body ?? {}) as { repos?: unknown; cursor?: unknown }
  const listed: ListedRepo[] = []
  for (const repo of Array.isArray(repos) ? repos : []) {
    const { did, rev, active } = (repo ?? {}) as { did?: unknown; rev?: unknown; active?: unknown }
    if (typeof did !== 'string' || !isDid(did)) continue
    listed.push({
      did,
      rev: typeof rev === 'string' && isTid(rev) ? rev : null,
      active: typeof active === 'boolean' ? active : null,
    })
  }
  return { repos: listed, cursor: typeof cursor === 'string' && cursor !== '' ? cursor : null }
}
