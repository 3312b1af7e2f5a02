import type { Database } from './database.ts'

/** Accounts whose identity is still to be looked up, their handle above all: nothing waits for it. */
export class IdentityDue {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  async add(did: string): Promise<void> {
    await this.#db.run('insert into lextap_identity_due (did) values ($1) on conflict (did) do nothing', [
      did,
    ])
  }

  async remove(did: string): Promise<void> {
    await this.#db.run('delete from lextap_identity_due where did = $1', [did])
  }

  /** In order of the DIDs, behind `after`. */
  async list(after: string, limit: number): Promise<string[]> {
    const rows = await this.#db.reader.all<{ did: string }>(
      'select did from lextap_identity_due where did > $1 order by did limit $2',
      [after, limit],
    )
    return rows.map(({ did }) => did)
  }
}
