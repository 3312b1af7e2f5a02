import type { Session } from './database.ts'
import type { Store } from './store.ts'

/** Repos whose records are forgotten in one statement. */
const REPOS = 1000

/** Every repo that is level, or being fetched, is due for a fetch; `reason` is shown until it is through. */
export async function refetchAll(tx: Session, reason: string): Promise<number> {
  return tx.run(
    `update lextap_repo set state = 'desynchronized', retry_at = null, error = $1
     where state in ('active', 'resyncing')`,
    [reason],
  )
}

/** Takes a collection out of the index, bodies included: the next fetch of each repo brings it as new. */
export async function forgetCollection(store: Store, collection: string): Promise<void> {
  const id = store.collections.idOf(collection)
  if (id === undefined) return
  const [newest] = await store.db.reader.all<{ id: number | null }>('select max(id) as id from lextap_repo')
  for (let from = 0; from <= (newest?.id ?? 0); from += REPOS) {
    await store.db.run(
      'delete from lextap_record where repo_id >= $1 and repo_id < $2 and collection_id = $3',
      [from, from + REPOS, id],
    )
  }
  // What is not indexed comes as a create anyway.
  await store.db.run('delete from lextap_uncreated where collection = $1', [collection])
}

/**
 * Makes the records of a collection that have no body look changed: the next fetch of each repo brings them as
 * updates, with their bodies. They stay in the index, so that what vanished meanwhile is deleted.
 */
export async function doubtBodiless(store: Store, collection: string): Promise<void> {
  const id = store.collections.idOf(collection)
  if (id === undefined) return
  const [newest] = await store.db.reader.all<{ id: number | null }>('select max(id) as id from lextap_repo')
  for (let from = 0; from <= (newest?.id ?? 0); from += REPOS) {
    await store.db.run(
      `update lextap_record set cid = $4
       where repo_id >= $1 and repo_id < $2 and collection_id = $3 and body is null`,
      [from, from + REPOS, id, new Uint8Array()],
    )
  }
}
