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

  async delete(key: string): Promise<void> {
    await this.#db.run('delete from lextap_meta where key = $1', [key])
  }
}
