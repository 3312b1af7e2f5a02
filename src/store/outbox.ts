import type { BulkInsert, Database, Session } from './database.ts'

/** `record` and `identity` are what Tap sends · `emit` comes from a handler. */
export type OutboxKind = 'record' | 'identity' | 'emit'

/** An event owed to others, as a transaction writes it. */
export interface OutboxEvent {
  readonly kind: OutboxKind
  readonly did: string
  /** A live event waits for all before it of the same repo and runs alone there. */
  readonly live: boolean
  /** For listings: the record's URI, or the name given to `emit`. */
  readonly name: string
  /** JSON text of the event without its opening brace and id: `"type":"record","record":{…}}`. */
  readonly body: string
}

export interface OutboxRow extends OutboxEvent {
  /** Rises in the order of commits, and is never used twice. */
  readonly id: number
}

/** An event that nobody took in all its attempts. */
export interface FailedEvent extends OutboxRow {
  readonly attempts: number
  readonly error: string
  /** ms. */
  readonly failedAt: number
  /** ms. */
  readonly createdAt: number
}

const INSERT: BulkInsert = {
  table: 'lextap_outbox',
  columns: { kind: 'text', did: 'text', live: 'int', name: 'text', body: 'text', created_at: 'big' },
  conflict: '',
}
const COLUMNS = 'id, kind, did, live, name, body'
const FAILED = `${COLUMNS}, attempts, error, failed_at as "failedAt", created_at as "createdAt"`

type Raw<T> = Omit<T, 'live'> & { live: number }
// In place: these are the outbox's hot path.
const toRow = <T extends OutboxRow>(raw: Raw<T>): T =>
  Object.assign(raw, { live: raw.live === 1 }) as unknown as T

/** Events owed to others; rows are written by the transaction that caused them. */
export class Outbox {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The last thing a transaction does: on Postgres others that append wait from here to our commit. */
  async append(tx: Session, events: readonly OutboxEvent[]): Promise<void> {
    if (events.length === 0) return
    // Ids must become visible in their order, or a reader that goes by id would pass over the slower commit.
    if (this.#db.dialect === 'postgres')
      await tx.all("select pg_advisory_xact_lock(hashtext('lextap outbox'))")
    const now = Date.now()
    const rows = events.map((e) => [e.kind, e.did, e.live ? 1 : 0, e.name, e.body, now])
    await tx.insertMany(INSERT, rows)
  }

  /** Events that wait, by id. */
  async page(after: number, limit: number): Promise<OutboxRow[]> {
    const rows = await this.#db.reader.all<Raw<OutboxRow>>(
      `select ${COLUMNS} from lextap_outbox where id > $1 and failed_at is null order by id limit $2`,
      [after, limit],
    )
    return rows.map(toRow)
  }

  /** Events of one repo that wait, ids `from` to `through`. */
  async lane(did: string, from: number, through: number, limit: number): Promise<OutboxRow[]> {
    const rows = await this.#db.reader.all<Raw<OutboxRow>>(
      `select ${COLUMNS} from lextap_outbox
       where did = $1 and id >= $2 and id <= $3 and failed_at is null order by id limit $4`,
      [did, from, through, limit],
    )
    return rows.map(toRow)
  }

  delete(ids: readonly number[]): Promise<number> {
    return this.#db.run(`delete from lextap_outbox where ${this.#db.sql.anyOf('id', 1, 'int')}`, [ids])
  }

  /** Events that wait; those that failed are not among them. */
  async count(): Promise<number> {
    const rows = await this.#db.reader.all<{ n: number }>(
      'select count(*) as n from lextap_outbox where failed_at is null',
    )
    return rows[0]?.n ?? 0
  }

  /** Takes an event out of the line: it waits for `retryFailed` or `dropFailed`. */
  fail(id: number, error: string, attempts: number): Promise<number> {
    return this.#db.run('update lextap_outbox set failed_at = $2, error = $3, attempts = $4 where id = $1', [
      id,
      Date.now(),
      error,
      attempts,
    ])
  }

  /** By id; `after` is the id of the last one seen. */
  async listFailed(after: number, limit: number): Promise<FailedEvent[]> {
    const rows = await this.#db.reader.all<Raw<FailedEvent>>(
      `select ${FAILED} from lextap_outbox where id > $1 and failed_at is not null order by id limit $2`,
      [after, limit],
    )
    return rows.map(toRow)
  }

  async countFailed(): Promise<number> {
    const rows = await this.#db.reader.all<{ n: number }>(
      'select count(*) as n from lextap_outbox where failed_at is not null',
    )
    return rows[0]?.n ?? 0
  }

  /** Puts failed events at the end of the line, under new ids. All of them without `ids`; returns how many. */
  retryFailed(ids?: readonly number[]): Promise<number> {
    return this.#db.transaction(async (tx) => {
      const { where, params } = this.#failed(ids)
      const rows = await tx.all<Raw<OutboxRow>>(
        `delete from lextap_outbox where ${where} returning ${COLUMNS}`,
        params,
      )
      const events = rows.map(toRow<OutboxRow>).sort((a, b) => a.id - b.id)
      await this.append(tx, events)
      return events.length
    })
  }

  /** Forgets failed events. All of them without `ids`; returns how many. */
  dropFailed(ids?: readonly number[]): Promise<number> {
    const { where, params } = this.#failed(ids)
    return this.#db.run(`delete from lextap_outbox where ${where}`, params)
  }

  #failed(ids?: readonly number[]): { where: string; params: (readonly number[])[] } {
    if (ids === undefined) return { where: 'failed_at is not null', params: [] }
    return { where: `failed_at is not null and ${this.#db.sql.anyOf('id', 1, 'int')}`, params: [ids] }
  }
}
