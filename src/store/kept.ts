import type { Database, Session } from './database.ts'

/** Stands for the CID of a record whose row was kept: it is told as a create, and as a delete when it is gone. */
const UNKNOWN: Uint8Array = Uint8Array.of(0)

export const isUnknown = (cid: Uint8Array): boolean => cid.length === 1

/**
 * Which rows the user kept when an account was taken out (`repos remove --keep-rows`). An account that is followed again
 * arrives as creates, as any other; what it lost meanwhile only we can know.
 */
export class Kept {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Call in the transaction that takes the repo out, before its index goes. */
  async keep(tx: Session, repoId: number, did: string): Promise<void> {
    // Of those that no handler has taken there is no row.
    await tx.run(
      `insert into lextap_kept (did, collection_id, rkey)
       select $1, r.collection_id, r.rkey from lextap_record r where r.repo_id = $2 and not exists (
         select 1 from lextap_uncreated u join lextap_collection c on c.name = u.collection
         where u.repo_id = r.repo_id and u.rkey = r.rkey and c.id = r.collection_id)
       on conflict (did, collection_id, rkey) do nothing`,
      [did, repoId],
    )
  }

  /** Whether there is nothing of an account: no record of its repo in the index, and nothing kept for it. */
  async isNew(repoId: number, did: string): Promise<boolean> {
    const any = await this.#db.reader.all(
      `select 1 as one where exists (select 1 from lextap_record where repo_id = $1)
       or exists (select 1 from lextap_kept where did = $2)`,
      [repoId, did],
    )
    return any.length === 0
  }

  /**
   * Puts what was kept of an account into the index of its new life, as seen by no fetch: the next one compares with it.
   * Whether there was any.
   */
  async adopt(repoId: number, did: string): Promise<boolean> {
    const any = await this.#db.reader.all('select 1 as one from lextap_kept where did = $1 limit 1', [did])
    if (any.length === 0) return false
    return this.#db.transaction(async (tx) => {
      const lock = `select id from lextap_repo where id = $1 ${this.#db.sql.forUpdate}`
      if ((await tx.all(lock, [repoId])).length === 0) return false
      await tx.run(
        `insert into lextap_record (repo_id, collection_id, rkey, cid, run, body)
         select $1, collection_id, rkey, $2, -1, null from lextap_kept where did = $3
         on conflict (repo_id, collection_id, rkey) do nothing`,
        [repoId, UNKNOWN, did],
      )
      return (await tx.run('delete from lextap_kept where did = $1', [did])) > 0
    })
  }
}
