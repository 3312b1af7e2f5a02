import type { WebSocket } from 'ws'
import { type Exchange, type Handle, json, Refusal, type Reply } from './host.ts'
import { cidText } from './ids.ts'
import type { RepoStatus, TestRepo } from './repo.ts'
import type { EventStream } from './stream.ts'

/** Routes by NSID; a host answers those of its role. */
export type Routes = Readonly<Record<string, Handle>>

/** The repos a host can speak of, in the order it came to know them. */
export interface RepoDirectory {
  /** `did` or handle. */
  find(repo: string): TestRepo | null
  /** The account's state as this host sees it. */
  statusOf(repo: TestRepo): RepoStatus
  list(): readonly TestRepo[]
}

const REFUSALS: Record<Exclude<RepoStatus, 'active'>, string> = {
  deactivated: 'RepoDeactivated',
  suspended: 'RepoSuspended',
  takendown: 'RepoTakendown',
  deleted: 'RepoNotFound',
}

export function param(exchange: Exchange, name: string): string {
  const value = exchange.query.get(name)
  if (value === null || value === '') {
    throw new Refusal(400, 'InvalidRequest', `Error: Params must have the property "${name}"`)
  }
  return value
}

function limitOf(exchange: Exchange, usual: number, max: number): number {
  const limit = Number(exchange.query.get('limit') ?? usual)
  if (!Number.isInteger(limit) || limit < 1 || limit > max) {
    throw new Refusal(400, 'InvalidRequest', `Error: limit must be 1 to ${max}`)
  }
  return limit
}

/** The repo a request names, or the typed refusal. */
export function repoFor(directory: RepoDirectory, exchange: Exchange, name = 'did'): TestRepo {
  const wanted = param(exchange, name)
  const repo = directory.find(wanted)
  if (repo === null) throw new Refusal(400, 'RepoNotFound', `Could not find repo for DID: ${wanted}`)
  const status = directory.statusOf(repo)
  if (status !== 'active') throw new Refusal(400, REFUSALS[status], `Repo is ${status}: ${wanted}`)
  return repo
}

function statusFields(status: RepoStatus): { active: boolean; status?: RepoStatus } {
  return status === 'active' ? { active: true } : { active: false, status }
}

/** One page of `items` from the numeric cursor on. */
function page<T>(exchange: Exchange, items: readonly T[], limit: number): { items: T[]; cursor?: string } {
  const from = Number(exchange.query.get('cursor') ?? 0)
  if (!Number.isInteger(from) || from < 0) throw new Refusal(400, 'InvalidRequest', 'Malformed cursor')
  const slice = items.slice(from, from + limit)
  const next = from + limit
  return next < items.length ? { items: slice, cursor: String(next) } : { items: slice }
}

/** What every host that knows repos can say about them. */
export function listingRoutes(directory: RepoDirectory): Routes {
  return {
    'com.atproto.sync.listRepos': (exchange) => {
      const { items, ...rest } = page(exchange, directory.list(), limitOf(exchange, 500, 1000))
      const repos = items.map((repo) => ({
        did: repo.did,
        head: cidText(repo.head),
        rev: repo.rev,
        ...statusFields(directory.statusOf(repo)),
      }))
      return json({ ...rest, repos })
    },
    'com.atproto.sync.listReposByCollection': (exchange) => {
      const prefix = `${param(exchange, 'collection')}/`
      const having = directory.list().filter((repo) => repo.active && repo.tree.hasPrefix(prefix))
      const { items, ...rest } = page(exchange, having, limitOf(exchange, 500, 2000))
      return json({ ...rest, repos: items.map(({ did }) => ({ did })) })
    },
    'com.atproto.sync.getRepoStatus': (exchange) => {
      const did = param(exchange, 'did')
      const repo = directory.find(did)
      if (repo === null) throw new Refusal(400, 'RepoNotFound', `Could not find repo for DID: ${did}`)
      const fields = statusFields(directory.statusOf(repo))
      return json({ did: repo.did, ...fields, ...(fields.active ? { rev: repo.rev } : {}) })
    },
    'com.atproto.sync.getLatestCommit': (exchange) => {
      const repo = repoFor(directory, exchange)
      return json({ cid: cidText(repo.head), rev: repo.rev })
    },
  }
}

export function carReply(chunks: Iterable<Uint8Array>): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/vnd.ipld.car' },
    body: (async function* () {
      yield* chunks
    })(),
  }
}

/** Records by name, as a PDS gives them. */
export function recordRoutes(directory: RepoDirectory): Routes {
  return {
    'com.atproto.repo.getRecord': (exchange) => {
      const repo = repoFor(directory, exchange, 'repo')
      const path = `${param(exchange, 'collection')}/${param(exchange, 'rkey')}`
      const uri = `at://${repo.did}/${path}`
      const found = repo.record(path)
      if (found === null) throw new Refusal(400, 'RecordNotFound', `Could not locate record: ${uri}`)
      const cid = exchange.query.get('cid')
      if (cid !== null && cid !== found.cid) {
        throw new Refusal(400, 'RecordNotFound', `Could not locate record: ${uri}`)
      }
      return json({ uri, cid: found.cid, value: found.record })
    },
    'com.atproto.repo.listRecords': (exchange) => {
      const repo = repoFor(directory, exchange, 'repo')
      const prefix = `${param(exchange, 'collection')}/`
      const limit = limitOf(exchange, 50, 100)
      const rkeys: string[] = []
      for (const [path] of repo.tree.entries(prefix)) {
        if (!path.startsWith(prefix)) break
        rkeys.push(path.slice(prefix.length))
      }
      const reverse = exchange.query.get('reverse') === 'true'
      if (!reverse) rkeys.reverse()
      const cursor = exchange.query.get('cursor')
      const rest = cursor === null ? rkeys : rkeys.filter((rkey) => (reverse ? rkey > cursor : rkey < cursor))
      const shown = rest.slice(0, limit)
      const records = shown.map((rkey) => {
        const { cid, record } = repo.record(prefix + rkey) ?? { cid: '', record: null }
        return { uri: `at://${repo.did}/${prefix}${rkey}`, cid, value: record }
      })
      const last = shown.at(-1)
      return json({ records, ...(last === undefined || rest.length <= limit ? {} : { cursor: last }) })
    },
    'com.atproto.repo.describeRepo': (exchange) => {
      const repo = repoFor(directory, exchange, 'repo')
      const collections = new Set([...repo.tree.entries()].map(([path]) => path.slice(0, path.indexOf('/'))))
      return json({
        handle: repo.handle,
        did: repo.did,
        didDoc: {},
        collections: [...collections],
        handleIsCorrect: true,
      })
    },
  }
}

/** `subscribeRepos` from a stream. */
export function subscribeRoute(stream: EventStream): Routes {
  return {
    'com.atproto.sync.subscribeRepos': (exchange) => {
      if (exchange.headers.upgrade?.toLowerCase() !== 'websocket') {
        throw new Refusal(426, 'UpgradeRequired', 'Upgrade Required')
      }
      const text = exchange.query.get('cursor')
      const cursor = text === null || text === '' ? null : Number(text)
      if (cursor !== null && (!Number.isSafeInteger(cursor) || cursor < 0)) {
        throw new Refusal(400, 'InvalidRequest', 'cursor must be an integer')
      }
      const upgrade = (socket: WebSocket): void => stream.subscribe(socket, cursor)
      return { status: 101, headers: {}, body: '', upgrade }
    },
  }
}

/** Serves `routes` below `/xrpc/`, and `/_health`. */
export function xrpc(routes: Routes, other?: Handle): Handle {
  return (exchange) => {
    if (exchange.nsid === null) {
      if (exchange.path === '/_health' || exchange.path === '/xrpc/_health')
        return json({ version: 'sandbox' })
      if (other !== undefined) return other(exchange)
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: 'Not Found' }
    }
    const route = routes[exchange.nsid]
    if (route === undefined) throw new Refusal(501, 'MethodNotImplemented', 'Method Not Implemented')
    return route(exchange)
  }
}
