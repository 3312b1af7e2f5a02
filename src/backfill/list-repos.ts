import { isDid, isTid } from '../protocol/syntax.ts'
import type { XrpcClient } from '../protocol/xrpc.ts'
import { accountErrorOf } from '../protocol/xrpc-error.ts'

/** A repo as a listing names it; what the listing does not tell is null. */
export interface ListedRepo {
  readonly did: string
  readonly rev: string | null
  readonly active: boolean | null
  /** Why it is not active. */
  readonly status: string | null
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
    const entry = (repo ?? {}) as { did?: unknown }
    if (typeof entry.did === 'string' && isDid(entry.did)) listed.push({ did: entry.did, ...factsOf(entry) })
  }
  return { repos: listed, cursor: typeof cursor === 'string' && cursor !== '' ? cursor : null }
}

function factsOf(entry: object): Omit<ListedRepo, 'did'> {
  const { rev, active, status } = entry as { rev?: unknown; active?: unknown; status?: unknown }
  return {
    rev: typeof rev === 'string' && isTid(rev) ? rev : null,
    active: typeof active === 'boolean' ? active : null,
    status: typeof status === 'string' && status !== '' ? status : null,
  }
}

/** What the host says of one repo (rule E10); null when it does not know it. */
export async function repoStatus(
  xrpc: XrpcClient,
  host: string,
  did: string,
  signal: AbortSignal,
): Promise<ListedRepo | null> {
  try {
    const body = await xrpc.json<object | null>(host, 'com.atproto.sync.getRepoStatus', { did }, { signal })
    return { did, ...factsOf(body ?? {}) }
  } catch (error) {
    if (accountErrorOf(error) !== null) return null
    throw error
  }
}
