import type { Database, Session } from './database.ts'

/** Small facts about the database: schema version, fingerprints of lexicons and config. */
export class Meta {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async get(key: string): Promise<string | null> {
    const rows = await this.#db.reader.all<{ value: string }>(
      'select value from lextap_meta where key = $1',
      [key],
    )
    return rows[0]?.value ?? null
  }

  async set(key: string, value: string, session: Session = this.#db): Promise<void> {
    await session.run(
      `insert into lextap_meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value`,
      [key, value],
    )
  }

  /** Adds to a count; several processes may. */
  async add(key: string, by: number): Promise<void> {
    await this.#db.run(
      `insert into lextap_meta (key, value) values ($1, $2) on conflict (key) do update
       set value = cast(cast(lextap_meta.value as bigint) + cast(excluded.value as bigint) as text)`,
      [key, String(by)],
    )
  }

  /** Every fact whose key begins so, by the rest of the key. */
  async list(prefix: string): Promise<Map<string, string>> {
    const rows = await this.#db.reader.all<{ key: string; value: string }>(
      'select key, value from lextap_meta where substr(key, 1, $1) = $2 order by key',
      [prefix.length, prefix],
    )
    return new Map(rows.map(({ key, value }) => [key.slice(prefix.length), value]))
  }

  async delete(key: string): Promise<void> {
    await this.#db.run('delete from lextap_meta where key = $1', [key])
  }
}
