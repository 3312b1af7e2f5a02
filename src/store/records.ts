import type { Collections } from './collections.ts'
import type { BulkDelete, BulkInsert, BulkUpdate, Database, Param, Session } from './database.ts'

/** One row of the record index. */
export interface RecordRow {
  readonly repoId: number
  readonly collection: string
  readonly rkey: string
  /** 36 bytes. */
  readonly cid: Uint8Array
  readonly run: number
  /** DAG-CBOR block; null when bodies are not kept. */
  readonly body: Uint8Array | null
}

/** Where a record is: collection ids are those of `Collections`. */
export interface RecordPath {
  readonly collection: string
  readonly rkey: string
}

const KEYS = { repo_id: 'int', collection_id: 'int', rkey: 'text' } as const

/** Values: repo_id, collection_id, rkey, cid, run, body. */
export const PUT_RECORDS: BulkInsert = {
  table: 'lextap_record',
  columns: { ...KEYS, cid: 'bytes', run: 'int', body: 'bytes' },
  conflict: `on conflict (repo_id, collection_id, rkey)
    do update set cid = excluded.cid, run = excluded.run, body = excluded.body`,
}
/** Values: repo_id, collection_id, rkey, run. */
export const MARK_RECORDS: BulkUpdate = { table: 'lextap_record', keys: KEYS, columns: { run: 'int' } }
/** Values: repo_id, collection_id, rkey. */
export const DELETE_RECORDS: BulkDelete = { table: 'lextap_record', keys: KEYS }

interface RawRecord {
  repo_id: number
  collection_id: number
  rkey: string
  cid: Uint8Array
  run: number
  body: Uint8Array | null
}

const COLUMNS = 'repo_id, collection_id, rkey, cid, run, body'

/** The record index: which record each tracked repo has, at which CID, and its body for replays. */
export class Records {
  readonly #db: Database
  readonly #collections: Collections

  constructor(db: Database, collections: Collections) {
    this.#db = db
    this.#collections = collections
  }

  /** CIDs of the paths that are indexed, keyed `collectionId/rkey`. */
  async existing(
    repoId: number,
    paths: readonly { collectionId: number; rkey: string }[],
    session: Session = this.#db.reader,
  ): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    const byCollection = Map.groupBy(paths, (path) => path.collectionId)
    for (const [collectionId, group] of byCollection) {
      const rows = await session.all<{ rkey: string; cid: Uint8Array }>(
        `select rkey, cid from lextap_record where repo_id = $1 and collection_id = $2
         and ${this.#db.sql.anyOf('rkey', 3, 'text')}`,
        [repoId, collectionId, group.map((path) => path.rkey)],
      )
      for (const row of rows) found.set(`${collectionId}/${row.rkey}`, row.cid)
    }
    return found
  }

  /**
   * Records that the fetch numbered `run` did not see: they vanished while we were out of step (F4). In
   * path order; pass the last row as `after` to go on behind it.
   */
  async missing(repoId: number, run: number, limit: number, after?: RecordPath): Promise<RecordRow[]> {
    return this.#page(repoId, limit, after, run)
  }

  /** All records of a repo in path order. */
  page(repoId: number, after: RecordPath | null, limit: number): Promise<RecordRow[]> {
    return this.#page(repoId, limit, after ?? undefined, null)
  }

  async #page(
    repoId: number,
    limit: number,
    after: RecordPath | undefined,
    notRun: number | null,
  ): Promise<RecordRow[]> {
    const params: Param[] = [repoId, limit]
    let where = 'repo_id = $1'
    if (notRun !== null) where += ` and run <> $${params.push(notRun)}`
    if (after !== undefined) {
      const id = this.#collections.idOf(after.collection) ?? 0
      where += ` and (collection_id, rkey) > ($${params.push(id)}, $${params.push(after.rkey)})`
    }
    const rows = await this.#db.reader.all<RawRecord>(
      `select ${COLUMNS} from lextap_record where ${where} order by collection_id, rkey limit $2`,
      params,
    )
    return this.#rows(rows)
  }

  async get(
    repoId: number,
    collection: string,
    rkey: string,
    session: Session = this.#db.reader,
  ): Promise<RecordRow | null> {
    const id = this.#collections.idOf(collection)
    if (id === undefined) return null
    const rows = await session.all<RawRecord>(
      `select ${COLUMNS} from lextap_record where repo_id = $1 and collection_id = $2 and rkey = $3`,
      [repoId, id, rkey],
    )
    return rows[0] === undefined ? null : toRecordRow(rows[0], collection)
  }

  /** Of one repo, or of all. */
  async count(repoId?: number): Promise<number> {
    const [where, params] = repoId === undefined ? ['', []] : [' where repo_id = $1', [repoId]]
    const rows = await this.#db.reader.all<{ n: number }>(
      `select count(*) as n from lextap_record${where}`,
      params,
    )
    return rows[0]?.n ?? 0
  }

  /** How many records of each collection are indexed. Reads the whole index. */
  async countByCollection(): Promise<Record<string, number>> {
    const rows = await this.#db.reader.all<{ collection_id: number; n: number }>(
      'select collection_id, count(*) as n from lextap_record group by collection_id',
    )
    await this.#collections.ensure(rows.map((row) => row.collection_id))
    return Object.fromEntries(rows.map((row) => [this.#collections.nameOf(row.collection_id), row.n]))
  }

  async #rows(raws: readonly RawRecord[]): Promise<RecordRow[]> {
    await this.#collections.ensure(raws.map((raw) => raw.collection_id))
    return raws.map((raw) => toRecordRow(raw, this.#collections.nameOf(raw.collection_id)))
  }
}

function toRecordRow(raw: RawRecord, collection: string): RecordRow {
  return { repoId: raw.repo_id, collection, rkey: raw.rkey, cid: raw.cid, run: raw.run, body: raw.body }
}
