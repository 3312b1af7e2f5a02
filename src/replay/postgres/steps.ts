import { type Job, type Origin, RecordJob } from '../../dispatch/job.ts'
import type { Registry } from '../../dispatch/registry.ts'
import type { Routes } from '../../dispatch/route.ts'
import type { Transaction } from '../../store/database.ts'
import type { RepoRow } from '../../store/repo-row.ts'
import type { Store } from '../../store/store.ts'
import type { ReplayProgress } from '../job.ts'
import { closeJob } from '../journal.ts'
import { resultOf } from '../run.ts'
import { accountJobs, lockRepos, Step } from '../steps.ts'
import { forget, type Noted, readLog } from './changes-log.ts'
import { type Swap, swap } from './swap.ts'

/** Changes of one transaction. */
const CHANGES = 1000

/** Hands out what changed since the pass began, as it is now. */
export class ChangesStep extends Step {
  /** How many changes it took. */
  taken = 0
  readonly #routes: Routes
  readonly #registry: Registry

  constructor(store: Store, before: ReplayProgress, routes: Routes, registry: Registry) {
    super(store, before)
    this.#routes = routes
    this.#registry = registry
  }

  protected limit: number = CHANGES

  protected async jobs(tx: Transaction): Promise<readonly Job[]> {
    const noted = await readLog(tx, this.limit)
    this.taken = noted.length
    if (noted.length === 0) return []
    const repos = await lockRepos(tx, this.store, [...new Set(noted.map((n) => n.repo_id))])
    await this.store.collections.ensure(
      noted.flatMap((n) => (n.collection_id === 0 ? [] : [n.collection_id])),
    )
    const jobs = await this.#jobs(tx, noted, repos)
    await forget(tx, noted)
    return jobs
  }

  async #jobs(
    tx: Transaction,
    noted: readonly Noted[],
    repos: ReadonlyMap<number, RepoRow>,
  ): Promise<readonly Job[]> {
    const records = noted.filter((n) => n.collection_id !== 0)
    const now = await current(tx, records)
    const accounts = new Set(noted.flatMap((n) => (n.collection_id === 0 ? [n.repo_id] : [])))
    const told = [...accounts].flatMap((id) => {
      const row = repos.get(id)
      return row === undefined ? [] : accountJobs(row, this.#registry)
    })
    const firsts = Map.groupBy(records, pathOf)
    return [...told, ...[...firsts].flatMap(([path, [first]]) => this.#job(first, now.get(path), repos))]
  }

  #job(
    first: Noted | undefined,
    row: RawRecord | undefined,
    repos: ReadonlyMap<number, RepoRow>,
  ): RecordJob[] {
    if (first === undefined) return []
    const collection = this.store.collections.nameOf(first.collection_id)
    const route = this.#routes.of(collection)
    const { did, repo_id: repoId, rkey } = first
    const rev = repos.get(repoId)?.rev ?? ''
    const origin: Origin = { repoId, did, rev, source: 'replay', live: false }
    // Also where it was new: the pass may have come by while it was there.
    if (row === undefined) {
      const op = { action: 'delete' as const, collection, rkey, cid: null, body: null }
      return [new RecordJob(origin, op, 'delete', route)]
    }
    if (row.body === null) return []
    const action = first.op === 'INSERT' ? ('create' as const) : ('update' as const)
    const op = { action, collection, rkey, cid: row.cid, body: row.body }
    return [new RecordJob(origin, op, action, route)]
  }
}

const pathOf = (at: { repo_id: number; collection_id: number; rkey: string }) =>
  `${at.repo_id}/${at.collection_id}/${at.rkey}`

interface RawRecord {
  readonly repo_id: number
  readonly collection_id: number
  readonly rkey: string
  readonly cid: Uint8Array
  readonly body: Uint8Array | null
}

async function current(tx: Transaction, noted: readonly Noted[]): Promise<Map<string, RawRecord>> {
  const rows = await tx.all<RawRecord>(
    `select distinct r.repo_id, r.collection_id, r.rkey, r.cid, r.body from lextap_record r
     join unnest($1::bigint[], $2::bigint[], $3::text[]) as p(repo_id, collection_id, rkey)
       on r.repo_id = p.repo_id and r.collection_id = p.collection_id and r.rkey = p.rkey`,
    [noted.map((n) => n.repo_id), noted.map((n) => n.collection_id), noted.map((n) => n.rkey)],
  )
  return new Map(rows.map((row) => [pathOf(row), row]))
}

/** The last changes and the swap: nobody else writes meanwhile. */
export class SwapStep extends ChangesStep {
  readonly #swap: Swap

  constructor(store: Store, before: ReplayProgress, routes: Routes, registry: Registry, how: Swap) {
    super(store, before, routes, registry)
    this.#swap = how
    this.limit = 1_000_000
  }

  protected override async jobs(tx: Transaction): Promise<readonly Job[]> {
    // Readers of the tables may be in the way for long: then writers go on, and we try again.
    await tx.run("set local lock_timeout = '5s'")
    // Every batch begins with its repos: whoever holds some is through before we go on, and nobody begins.
    await tx.run('lock table lextap_repo in exclusive mode')
    await tx.run('lock table lextap_record in exclusive mode')
    return super.jobs(tx)
  }

  override async end(tx: Transaction, facts: { readonly letters: number }): Promise<void> {
    await super.end(tx, facts)
    await swap(tx, this.#swap)
    await closeJob(this.store, tx, resultOf(this.progress))
  }
}
