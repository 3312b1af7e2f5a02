import type { Database, Session } from './database.ts'

/** DIDs of one statement. */
const CHUNK = 1000

/** Accounts somebody took out for good: discovery leaves them alone until they are added by name. */
export class Excluded {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async add(dids: readonly string[], session: Session = this.#db): Promise<void> {
    for (let i = 0; i < dids.length; i += CHUNK) {
      await session.run(
        `insert into lextap_excluded (did) select distinct value from ${this.#db.sql.listOf(1, 'text')}
         where true on conflict (did) do nothing`,
        [dids.slice(i, i + CHUNK)],
      )
    }
  }

  /** Whether discovery must leave it alone. */
  async has(did: string): Promise<boolean> {
    const rows = await this.#db.reader.all('select 1 as one from lextap_excluded where did = $1', [did])
    return rows.length > 0
  }

  /** In order of the DIDs; `after` is the last one seen. */
  async list(options: { after?: string; limit: number }): Promise<string[]> {
    const rows = await this.#db.reader.all<{ did: string }>(
      'select did from lextap_excluded where did > $1 order by did limit $2',
      [options.after ?? '', options.limit],
    )
    return rows.map(({ did }) => did)
  }
}
