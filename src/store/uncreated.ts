import type { BulkDelete, BulkInsert, Database, Session } from './database.ts'

/** Where a record is. */
export interface UncreatedPath {
  readonly repoId: number
  readonly collection: string
  readonly rkey: string
}

const KEYS = { repo_id: 'int', collection: 'text', rkey: 'text' } as const
const INSERT: BulkInsert = {
  table: 'lextap_uncreated',
  columns: KEYS,
  conflict: 'on conflict (repo_id, collection, rkey) do nothing',
}
const DELETE: BulkDelete = { table: 'lextap_uncreated', keys: KEYS }

/**
 * Records that are indexed while handlers have nothing of them: their create failed or was invalid, or a later
 * version was, and the one before it was taken back. Their next version is a create for the handlers, whatever it is
 * for the repo, and their delete is nothing. Few, or none.
 */
export class Uncreated {
  readonly #db: Database
  readonly #letters: () => boolean
  /** False while the table is known to be empty. */
  #any = true

  /** `letters` tells whether there may be dead letters: another process may try one again. */
  constructor(db: Database, letters: () => boolean) {
    this.#db = db
    this.#letters = letters
  }

  /** Whether there may be any. */
  get any(): boolean {
    return this.#any || this.#letters()
  }

  /** There are some: another process wrote them. */
  noticed(): void {
    this.#any = true
  }

  async load(): Promise<void> {
    this.#any = (await this.#db.reader.all('select 1 as one from lextap_uncreated limit 1')).length > 0
  }

  /** Which of these paths are uncreated, as `repoId/collection/rkey`. It may name others of the same repos too. */
  async among(tx: Session, paths: readonly UncreatedPath[]): Promise<Set<string>> {
    if (!this.any || paths.length === 0) return new Set()
    const { anyOf } = this.#db.sql
    const rows = await tx.all<{ repo_id: number; collection: string; rkey: string }>(
      `select repo_id, collection, rkey from lextap_uncreated
       where ${anyOf('repo_id', 1, 'int')} and ${anyOf('rkey', 2, 'text')}`,
      [[...new Set(paths.map((path) => path.repoId))], [...new Set(paths.map((path) => path.rkey))]],
    )
    return new Set(rows.map((row) => `${row.repo_id}/${row.collection}/${row.rkey}`))
  }

  async add(tx: Session, paths: readonly UncreatedPath[]): Promise<void> {
    if (paths.length === 0) return
    this.#any = true
    await tx.insertMany(INSERT, paths.map(values))
  }

  /** Their create was taken, or they are gone. */
  async remove(tx: Session, paths: readonly UncreatedPath[]): Promise<void> {
    if (this.any && paths.length > 0) await tx.deleteMany(DELETE, paths.map(values))
  }
}

const values = ({ repoId, collection, rkey }: UncreatedPath) => [repoId, collection, rkey]
