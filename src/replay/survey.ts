import type { Param } from '../store/database.ts'
import type { Store } from '../store/store.ts'

/** What the index holds of one collection. */
export interface Kept {
  readonly records: number
  /** Of them without a body: they cannot be replayed. */
  readonly missing: number
  /** Size of the bodies. */
  readonly bytes: number
}

export interface SurveyScope {
  /** Collection ids; null for every one. */
  readonly collections: readonly number[] | null
  /** Repo ids; null for every one. */
  readonly repos: readonly number[] | null
}

/** Repos counted by one statement: the process does other things between two of them. */
const WINDOW = 1000

/** Counts what could be replayed, by collection. Reads the whole index, in pieces. */
export async function survey(store: Store, scope: SurveyScope): Promise<Record<string, Kept>> {
  const found = new Map<number, Kept>()
  for (const [from, to] of await windows(store, scope.repos)) {
    for (const { collection_id, n, missing, bytes } of await count(store, scope, from, to)) {
      const before = found.get(collection_id) ?? { records: 0, missing: 0, bytes: 0 }
      found.set(collection_id, {
        records: before.records + n,
        missing: before.missing + missing,
        bytes: before.bytes + (bytes ?? 0),
      })
    }
  }
  await store.collections.ensure(found.keys())
  return Object.fromEntries([...found].map(([id, kept]) => [store.collections.nameOf(id), kept]).sort())
}

interface Counted {
  readonly collection_id: number
  readonly n: number
  readonly missing: number
  readonly bytes: number | null
}

function count(store: Store, { collections }: SurveyScope, from: number, to: number): Promise<Counted[]> {
  const params: Param[] = [from, to]
  const among =
    collections === null
      ? ''
      : `and ${store.db.sql.anyOf('collection_id', params.push([...collections]), 'int')}`
  return store.db.reader.all<Counted>(
    `select collection_id, count(*) as n, sum(case when body is null then 1 else 0 end) as missing,
       sum(length(body)) as bytes
     from lextap_record where repo_id >= $1 and repo_id <= $2 ${among} group by collection_id`,
    params,
  )
}

async function windows(store: Store, repos: readonly number[] | null): Promise<[from: number, to: number][]> {
  if (repos !== null) return repos.map((id) => [id, id])
  const last = await lastRepo(store)
  return Array.from({ length: Math.ceil((last + 1) / WINDOW) }, (_, i) => [i * WINDOW, (i + 1) * WINDOW - 1])
}

/** Id of the newest repo; 0 when there is none. */
export async function lastRepo(store: Store): Promise<number> {
  const rows = await store.db.reader.all<{ id: number | null }>('select max(id) as id from lextap_repo')
  return rows[0]?.id ?? 0
}

/** All collections together. */
export const sum = (kept: Readonly<Record<string, Kept>>): Kept =>
  Object.values(kept).reduce(
    (a, b) => ({
      records: a.records + b.records,
      missing: a.missing + b.missing,
      bytes: a.bytes + b.bytes,
    }),
    { records: 0, missing: 0, bytes: 0 },
  )
