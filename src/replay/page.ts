import type { Param, Session } from '../store/database.ts'
import type { Store } from '../store/store.ts'
import type { Position } from './job.ts'

/** Which part of the record index is replayed. */
export interface Scope {
  /** Collection ids; null for every one. */
  readonly collections: readonly number[] | null
  /** Repo ids, ascending; null for every one. */
  readonly repos: readonly number[] | null
  /** Up to and with this repo. */
  readonly lastRepo: number
  /** Records of one page. */
  readonly records: number
}

/** The next records in the index, not read yet. */
export interface Page {
  /** Repos they are in, ascending. */
  readonly repos: readonly number[]
  readonly records: number
}

export interface BodyRow {
  readonly repo_id: number
  readonly collection_id: number
  readonly rkey: string
  readonly cid: Uint8Array
  readonly body: Uint8Array | null
}

/** Records of one transaction, and bytes of their bodies. */
export const PAGE = { records: 2000, bytes: 4_000_000 } as const
/** Repos looked through by one statement: where few of them have what we look for, it still ends soon. */
const WINDOW = 1000

/** The next page behind `after`; null when there is none. Reads sizes only. */
export async function nextPage(store: Store, scope: Scope, after: Position): Promise<Page | null> {
  for (let from: Position | null = after; from !== null; ) {
    const window = windowOf(scope, from)
    if (window === null) return null
    const page = await sized(store.db.reader, store, scope, from, window)
    if (page !== null) return page
    from = { repoId: window.to, collectionId: MAX_ID, rkey: '' }
  }
  return null
}

/** Above every collection id. */
const MAX_ID = 2_147_483_647

/** The place behind everything of a repo. */
export const endOf = (repoId: number): Position => ({ repoId, collectionId: MAX_ID, rkey: '' })

/** The repos to look through next: one by one where they were named. */
function windowOf({ repos, lastRepo }: Scope, after: Position): { from: number; to: number } | null {
  const done = after.collectionId === MAX_ID
  if (repos !== null) {
    const next = repos.find((id) => id > after.repoId || (id === after.repoId && !done))
    return next === undefined ? null : { from: next, to: next }
  }
  if (after.repoId > lastRepo || (after.repoId === lastRepo && done)) return null
  return { from: after.repoId, to: Math.min(lastRepo, after.repoId + WINDOW) }
}

async function sized(
  session: Session,
  store: Store,
  scope: Scope,
  after: Position,
  window: { from: number; to: number },
): Promise<Page | null> {
  for (let limit = scope.records; ; limit = Math.max(1, limit >> 2)) {
    const params: Param[] = [limit]
    const where = whereOf(store, scope, after, params)
    const low = params.push(window.from)
    const high = params.push(window.to)
    const rows = await session.all<{ repo_id: number; n: number; bytes: number | null }>(
      `select repo_id, count(*) as n, sum(length(body)) as bytes from (
         select repo_id, body from lextap_record where ${where} and repo_id >= $${low} and repo_id <= $${high}
         order by repo_id, collection_id, rkey limit $1) as page
       group by repo_id order by repo_id`,
      params,
    )
    if (rows.length === 0) return null
    const bytes = rows.reduce((sum, row) => sum + (row.bytes ?? 0), 0)
    if (bytes > PAGE.bytes && limit > 1) continue
    return { repos: rows.map((row) => row.repo_id), records: rows.reduce((sum, row) => sum + row.n, 0) }
  }
}

/** Reads a page whose repos are locked. It may have become shorter, or reach a little further, meanwhile. */
export function readPage(
  session: Session,
  store: Store,
  scope: Scope,
  after: Position,
  page: Page,
): Promise<BodyRow[]> {
  const params: Param[] = [page.records]
  const where = whereOf(store, scope, after, params)
  const among = store.db.sql.anyOf('repo_id', params.push([...page.repos]), 'int')
  return session.all<BodyRow>(
    `select repo_id, collection_id, rkey, cid, body from lextap_record where ${where} and ${among}
     order by repo_id, collection_id, rkey limit $1`,
    params,
  )
}

function whereOf(store: Store, { collections }: Scope, after: Position, params: Param[]): string {
  const a = params.push(after.repoId)
  const b = params.push(after.collectionId)
  const c = params.push(after.rkey)
  const behind = `(repo_id, collection_id, rkey) > ($${a}, $${b}, $${c})`
  if (collections === null) return behind
  return `${behind} and ${store.db.sql.anyOf('collection_id', params.push([...collections]), 'int')}`
}
