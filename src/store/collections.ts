import type { Database } from './database.ts'

/** Collection names as small numbers: records are many, collections few. */
export class Collections {
  readonly #db: Database
  readonly #idOf = new Map<string, number>()
  readonly #nameOf = new Map<number, string>()

  constructor(db: Database) {
    this.#db = db
  }

  async load(): Promise<void> {
    const rows = await this.#db.reader.all<{ id: number; name: string }>(
      'select id, name from lextap_collection',
    )
    for (const row of rows) this.#remember(row.id, row.name)
  }

  /**
   * Makes sure that all have a number. Not inside a transaction: one that rolls back would leave us with
   * numbers that do not exist.
   */
  async intern(names: Iterable<string>): Promise<void> {
    const missing = [...new Set(names)].filter((name) => !this.#idOf.has(name))
    for (const name of missing) {
      await this.#db.run('insert into lextap_collection (name) values ($1) on conflict (name) do nothing', [
        name,
      ])
    }
    if (missing.length > 0) await this.load()
  }

  idOf(name: string): number | undefined {
    return this.#idOf.get(name)
  }

  nameOf(id: number): string {
    return this.#nameOf.get(id) ?? ''
  }

  /** For ids that another process may have made. */
  async ensure(ids: Iterable<number>): Promise<void> {
    for (const id of ids) if (!this.#nameOf.has(id)) return this.load()
  }

  #remember(id: number, name: string): void {
    this.#idOf.set(name, id)
    this.#nameOf.set(id, name)
  }
}
