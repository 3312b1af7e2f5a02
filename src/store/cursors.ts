import type { Database } from './database.ts'

/** Where each source was left: kind `seq` for a firehose's watermark, others for listings. */
export class Cursors {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async get(source: string, kind: string): Promise<string | null> {
    const rows = await this.#db.reader.all<{ value: string }>(
      'select value from lextap_cursor where source = $1 and kind = $2',
      [source, kind],
    )
    return rows[0]?.value ?? null
  }

  async set(source: string, kind: string, value: string): Promise<void> {
    await this.#db.run(
      `insert into lextap_cursor (source, kind, value, updated_at) values ($1, $2, $3, $4)
       on conflict (source, kind) do update set value = excluded.value, updated_at = excluded.updated_at`,
      [source, kind, value, Date.now()],
    )
  }

  async clear(source: string, kind: string): Promise<void> {
    await this.#db.run('delete from lextap_cursor where source = $1 and kind = $2', [source, kind])
  }

  /** Every cursor, for status pages. `updatedAt` in ms. */
  async list(): Promise<{ source: string; kind: string; value: string; updatedAt: number }[]> {
    return this.#db.reader.all(
      'select source, kind, value, updated_at as "updatedAt" from lextap_cursor order by source, kind',
    )
  }
}
