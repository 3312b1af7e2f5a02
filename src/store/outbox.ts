import type { BulkInsert, Database, Session } from './database.ts'

export interface OutboxRow {
  readonly id: number
  readonly name: string
  /** JSON text. */
  readonly payload: string
  /** ms. */
  readonly createdAt: number
}

const INSERT: BulkInsert = {
  table: 'lextap_outbox',
  columns: { name: 'text', payload: 'text', created_at: 'big' },
  conflict: '',
}

/** Events owed to others; rows are written by the transaction that caused them. */
export class Outbox {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  append(tx: Session, events: readonly { name: string; payload: string }[]): Promise<void> {
    const now = Date.now()
    return tx.insertMany(
      INSERT,
      events.map(({ name, payload }) => [name, payload, now]),
    )
  }

  page(after: number, limit: number): Promise<OutboxRow[]> {
    return this.#db.reader.all(
      'select id, name, payload, created_at as "createdAt" from lextap_outbox where id > $1 order by id limit $2',
      [after, limit],
    )
  }

  delete(ids: readonly number[]): Promise<number> {
    return this.#db.run(`delete from lextap_outbox where ${this.#db.sql.anyOf('id', 1, 'int')}`, [ids])
  }

  async count(): Promise<number> {
    const rows = await this.#db.reader.all<{ n: number }>('select count(*) as n from lextap_outbox')
    return rows[0]?.n ?? 0
  }
}
