import type { ReplayStep } from '../dispatch/apply.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { type Job, RecordJob } from '../dispatch/job.ts'
import type { Registry } from '../dispatch/registry.ts'
import { type RecordPolicy, Routes } from '../dispatch/route.ts'
import type { Observer } from '../observe/observer.ts'
import { owedTold } from '../observe/replay-events.ts'
import type { Transaction } from '../store/database.ts'
import type { OwedDelete } from '../store/owed-deletes.ts'
import type { Store } from '../store/store.ts'

export interface OwedDeps {
  readonly store: Store
  readonly registry: Registry
  readonly policy: RecordPolicy
  readonly dispatcher: Pick<Dispatcher, 'replay'>
  readonly observer: Observer
}

/** Deletes told by one transaction. */
const PAGE = 500

/**
 * Tells handlers that are there again of the records that went while they were away (rule E4). Call before anything is
 * fetched or followed: what an account wrote since comes after. Each page and its memory go together, so a process that is
 * killed goes on where it was. Handlers that fail leave dead letters.
 */
export async function tellOwed({ store, registry, policy, dispatcher, observer }: OwedDeps): Promise<void> {
  const routes = new Routes(registry, policy)
  for (const collection of registry.followed.handled) {
    const id = store.collections.idOf(collection)
    if (id === undefined) continue
    let told = 0
    for (;;) {
      const step = new OwedStep(store, routes, collection, id)
      await dispatcher.replay(step)
      told += step.size
      if (step.size < PAGE) break
    }
    if (told > 0) owedTold(observer, { collection, records: told })
  }
}

class OwedStep implements ReplayStep {
  readonly #store: Store
  readonly #routes: Routes
  readonly #collection: string
  readonly #collectionId: number
  #page: readonly OwedDelete[] = []

  constructor(store: Store, routes: Routes, collection: string, collectionId: number) {
    this.#store = store
    this.#routes = routes
    this.#collection = collection
    this.#collectionId = collectionId
  }

  get size(): number {
    return this.#page.length
  }

  async begin(tx: Transaction): Promise<readonly Job[]> {
    this.#page = await this.#store.owedDeletes.page(tx, this.#collectionId, PAGE)
    const ids = [...new Set(this.#page.map(({ repoId }) => repoId))]
    const there = await tx.all<{ id: number }>(
      `select id from lextap_repo where ${this.#store.db.sql.anyOf('id', 1, 'int')}`,
      [ids],
    )
    const alive = new Set(there.map(({ id }) => id))
    return this.#page.map((owed) => this.#job(owed, alive.has(owed.repoId)))
  }

  async end(tx: Transaction): Promise<void> {
    await this.#store.owedDeletes.remove(tx, this.#page)
  }

  /** Letters of a repo that is gone stand under its negative id. */
  #job({ repoId, did, rev, rkey }: OwedDelete, alive: boolean): RecordJob {
    const collection = this.#collection
    const origin = { repoId: alive ? repoId : -repoId, did, rev, source: 'resync' as const, live: false }
    const op = { action: 'delete' as const, collection, rkey, cid: null, body: null }
    return new RecordJob(origin, op, 'delete', this.#routes.of(collection))
  }
}
