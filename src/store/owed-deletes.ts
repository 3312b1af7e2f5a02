import type { BulkDelete, BulkInsert, Database, Session } from './database.ts'

/** A record that went while its handler was away. */
export interface OwedDelete {
  readonly collectionId: number
  /** Of the repo it was in, which may be gone. */
  readonly repoId: number
  readonly rkey: string
  readonly did: string
  /** Of the commit that deleted it, or the last one of an account that is gone. */
  readonly rev: string
}

const KEYS = { collection_id: 'int', repo_id: 'int', rkey: 'text' } as const
const INSERT: BulkInsert = {
  table: 'lextap_owed_delete',
  columns: { ...KEYS, did: 'text', rev: 'text' },
  conflict: 'on conflict (collection_id, repo_id, rkey) do nothing',
}
const DELETE: BulkDelete = { table: 'lextap_owed_delete', keys: KEYS }

/**
 * Deletes that nobody took: their collection had a handler once and has none now, so the user has rows that nobody takes away.
 * They are told when there is a handler again.
 */
export class OwedDeletes {
  readonly #db: Database
  #away: ReadonlySet<string> = new Set()

  constructor(db: Database) {
    this.#db = db
  }

  /** Collections that were handled once and are not now. */
  set away(collections: readonly string[]) {
    this.#away = new Set(collections)
  }

  isAway(collection: string): boolean {
    return this.#away.has(collection)
  }

  async add(tx: Session, owed: readonly OwedDelete[]): Promise<void> {
    await tx.insertMany(
      INSERT,
      owed.map(({ collectionId, repoId, rkey, did, rev }) => [collectionId, repoId, rkey, did, rev]),
    )
  }

  /** Of one collection; others leave those that are returned alone until the transaction ends. */
  async page(tx: Session, collectionId: number, limit: number): Promise<OwedDelete[]> {
    const rows = await tx.all<{ repo_id: number; rkey: string; did: string; rev: string }>(
      `select repo_id, rkey, did, rev from lextap_owed_delete where collection_id = $1
       order by repo_id, rkey limit $2 ${this.#db.sql.forUpdate}`,
      [collectionId, limit],
    )
    return rows.map(({ repo_id, ...rest }) => ({ collectionId, repoId: repo_id, ...rest }))
  }

  async remove(tx: Session, owed: readonly OwedDelete[]): Promise<void> {
    await tx.deleteMany(
      DELETE,
      owed.map(({ collectionId, repoId, rkey }) => [collectionId, repoId, rkey]),
    )
  }
}
