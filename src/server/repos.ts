import { type Context, Hono } from 'hono'
import { isDid } from '../protocol/syntax.ts'
import type { RepoRow, RepoState } from '../store/repo-row.ts'
import { badRequest, json, RequestError } from './errors.ts'
import type { ServerPorts, ServerStore } from './ports.ts'
import { readJson } from './read-json.ts'

const STATES: readonly RepoState[] = ['pending', 'resyncing', 'active', 'desynchronized', 'error']
/** DIDs of one call; a thousand is a usual batch. */
const MAX_DIDS = 100_000

/** Tap's `/repos/add`, `/repos/remove`, `/info/:did` and `/resolve/:did`, and our `/repos` and `/repos/resync`. */
export function repoRoutes(ports: ServerPorts, store: ServerStore): Hono {
  const app = new Hono()
  app.post('/repos/add', async (c) => {
    const { dids } = await readDids(c)
    await ports.addRepos(dids)
    return c.body(null, 200, { 'content-length': '0' })
  })
  app.post('/repos/remove', async (c) => {
    const { dids, keepRows, exclude } = await readDids(c)
    // One that is not tracked is no error, as in Tap; and as there, what a signal finds again is followed again.
    for (const did of dids) await ports.removeRepo(did, { keepRows, exclude })
    return c.body(null, 200, { 'content-length': '0' })
  })
  app.post('/repos/resync', async (c) => {
    const { dids } = await readDids(c)
    const unknown: string[] = []
    for (const did of dids) if (!(await ports.resync(did))) unknown.push(did)
    return json(c, { resyncing: dids.length - unknown.length, unknown })
  })
  app.get('/repos', async (c) => json(c, await list(c, store)))
  app.get('/info/:did{.+}', async (c) => {
    const did = didOf(c, '/info/')
    const row = isDid(did) ? await store.repos.get(did) : null
    // One on its way out is gone for whoever asked for that.
    if (row === null || row.removal !== null) throw new RequestError(404, 'repo not found')
    const { handle, error, rev, retryCount, state } = row
    const records = await store.records.count(row.id)
    // In the order of Go's maps.
    return json(c, {
      did,
      error: error ?? '',
      handle: handle ?? '',
      records,
      retries: retryCount,
      rev: rev ?? '',
      state,
    })
  })
  app.get('/resolve/:did{.+}', async (c) => {
    const did = didOf(c, '/resolve/')
    if (!isDid(did)) throw badRequest('improperly formatted DID')
    const document = await ports.resolveDid(did, c.req.raw.signal)
    if (document === null) throw new RequestError(404, 'DID not found')
    return json(c, document)
  })
  return app
}

/** A DID may contain `%3A`: it stands in a path as it is, or encoded once more. */
function didOf(c: Context, prefix: string): string {
  const raw = new URL(c.req.url).pathname.slice(prefix.length)
  if (isDid(raw)) return raw
  try {
    return decodeURIComponent(raw)
  } catch {
    throw badRequest('the path is not encoded as a URL is')
  }
}

async function readDids(c: Context): Promise<{ dids: string[]; keepRows: boolean; exclude: boolean }> {
  const { dids, keepRows = false, exclude = false } = await readJson(c, '{"dids": […]}')
  if (!Array.isArray(dids)) throw badRequest('expected {"dids": […]}: "dids" is not a list')
  if (dids.length > MAX_DIDS) throw badRequest(`at most ${MAX_DIDS} DIDs a call, not ${dids.length}`)
  if (typeof keepRows !== 'boolean') throw badRequest('"keepRows" must be true or false')
  if (typeof exclude !== 'boolean') throw badRequest('"exclude" must be true or false')
  const wrong = dids.filter((did) => typeof did !== 'string' || !isDid(did))
  if (wrong.length > 0) throw badRequest(`not a DID, nothing was done: ${named(wrong)}`)
  return { dids: [...new Set(dids as string[])], keepRows, exclude }
}

function named(wrong: readonly unknown[]): string {
  const shown = wrong.slice(0, 100).map((value) => {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
    return text.length > 200 ? `${text.slice(0, 200)}…` : text
  })
  const more = wrong.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

async function list(c: Context, store: ServerStore): Promise<object> {
  const { state, standing, cursor, limit } = c.req.query()
  if (state !== undefined && !(STATES as readonly string[]).includes(state)) {
    throw badRequest(`no such state: ${state}; states: ${STATES.join(', ')}`)
  }
  const count = numberOf('limit', limit, 100, 1, 1000)
  const rows = await store.repos.list({
    ...(state === undefined ? {} : { state: state as RepoState }),
    ...(standing === undefined ? {} : { standing }),
    after: numberOf('cursor', cursor, 0, 0, Number.MAX_SAFE_INTEGER),
    limit: count,
  })
  const last = rows.at(-1)
  const more = rows.length === count && last !== undefined ? { cursor: String(last.id) } : {}
  return { repos: rows.map(shown), ...more }
}

function numberOf(
  name: string,
  text: string | undefined,
  otherwise: number,
  min: number,
  max: number,
): number {
  if (text === undefined) return otherwise
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) throw badRequest(`"${name}" must be a whole number, ${min} to ${max}`)
  return value
}

/** Names as in `/info`; absent values are empty there, null here. */
function shown(row: RepoRow) {
  const { did, handle, state, standing, pds, rev, error, retryCount, retryAt, removal } = row
  const retry = retryAt === null ? null : new Date(retryAt).toISOString()
  return { did, handle, state, standing, pds, rev, error, retries: retryCount, retryAt: retry, removal }
}
