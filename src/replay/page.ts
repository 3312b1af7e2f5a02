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
  /** They stand behind it, in the first repo or before it. */
  readonly after: Position
  readonly firstRepo: number
  readonly lastRepo: number
  readonly records: number
}

export interface BodyRow {
  readonly repo_id: number
  readonly collection_id: number
  readonly rkey: string
  /** The CID and the body behind it; null when no body was kept. */
  readonly record: Uint8Array | null
}

/** Records of one transaction, and bytes of their bodies. */
export const PAGE = { records: 2000, bytes: 4_000_000 } as const
/** Repos looked through by one statement: where few of them have what we look for, it still ends soon. */
const WINDOW = 1000

/** The next page behind `after`; null when there is none. Reads no bodies. */
export async function nextPage(store: Store, scope: Scope, after: Position): Promise<Page | null> {
  for (let from: Position | null = after; from !== null; ) {
    const window = windowOf(scope, from)
    if (window === null) return null
    // A repo that was named begins where it begins, wherever we were before.
    const start = from.repoId < window.from ? { repoId: window.from, collectionId: 0, rkey: '' } : from
    const page = await sized(store.db.reader, store, scope, start, window)
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
  const params: Param[] = [scope.records]
  const where = whereOf(store, scope, after, params)
  const high = params.push(window.to)
  // The index alone has all that is asked for.
  const [page] = await session.all<{ first: number | null; last: number | null; records: number }>(
    `select min(repo_id) as first, max(repo_id) as last, count(*) as records from (
       select repo_id from lextap_record where ${where} and repo_id <= $${high}
       order by repo_id, collection_id, rkey limit $1) as page`,
    params,
  )
  const { first = null, last = null, records = 0 } = page ?? {}
  return first === null || last === null ? null : { after, firstRepo: first, lastRepo: last, records }
}

/** Rows read by one statement: bodies may be large, and the page ends with the piece that fills it. */
const PIECE = 250

/** What was read of a page; `last` is null when nothing is left behind it in its repos. */
export interface ReadPage {
  readonly rows: readonly BodyRow[]
  readonly last: BodyRow | null
}

/**
 * Reads a page whose repos are locked. It may have become shorter, or reach a little further, meanwhile; and it ends
 * early where bodies are large.
 */
export async function readPage(session: Session, store: Store, scope: Scope, page: Page): Promise<ReadPage> {
  const rows: BodyRow[] = []
  let bytes = 0
  let from = page.after
  while (rows.length < page.records && bytes < PAGE.bytes) {
    const limit = Math.min(PIECE, page.records - rows.length)
    const piece = await readPiece(session, store, scope, { ...page, after: from, records: limit })
    for (const row of piece) {
      rows.push(row)
      bytes += row.record?.length ?? 0
    }
    const last = piece.at(-1)
    if (piece.length < limit || last === undefined) return { rows, last: null }
    from = placeOf(last)
  }
  return { rows, last: rows.at(-1) ?? null }
}

export const placeOf = (row: BodyRow): Position => ({
  repoId: row.repo_id,
  collectionId: row.collection_id,
  rkey: row.rkey,
})

function readPiece(session: Session, store: Store, scope: Scope, page: Page): Promise<BodyRow[]> {
  const params: Param[] = [page.records]
  // Not a list of repos: SQLite would begin each of them at its first record.
  const where = whereOf(store, scope, page.after, params)
  const high = params.push(page.lastRepo)
  return session.all<BodyRow>(
    `select repo_id, collection_id, rkey, ${store.db.sql.joined('cid', 'body')} as record
     from lextap_record where ${where} and repo_id <= $${high}
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
