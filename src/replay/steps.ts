import type { ReplayStep } from '../dispatch/apply.ts'
import { ChangeJob, type Job, type Origin, RecordJob } from '../dispatch/job.ts'
import { changeCalls } from '../dispatch/plan.ts'
import type { Registry } from '../dispatch/registry.ts'
import type { Routes } from '../dispatch/route.ts'
import { CID_LENGTH } from '../protocol/cid.ts'
import type { Transaction } from '../store/database.ts'
import { type RawRepo, REPO_COLUMNS, toRepoRow } from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import type { ReplayJob, ReplayProgress } from './job.ts'
import { renewed, requireOurs, writeProgress } from './journal.ts'
import { type BodyRow, endOf, type Page, placeOf, readPage, type Scope } from './page.ts'

/** One transaction of a job; `progress` is how far it has come once that is committed. */
export abstract class Step implements ReplayStep {
  progress: ReplayProgress
  protected readonly store: Store
  readonly #before: ReplayProgress
  readonly #since = performance.now()

  constructor(store: Store, before: ReplayProgress) {
    this.store = store
    this.#before = before
    this.progress = before
  }

  async begin(tx: Transaction): Promise<readonly Job[]> {
    await requireOurs(this.store, tx, this.#before)
    this.progress = this.#before
    return this.jobs(tx)
  }

  async end(tx: Transaction, { letters }: { readonly letters: number }): Promise<void> {
    const spentMs = this.#before.spentMs + performance.now() - this.#since
    const { progress } = this
    this.progress = { ...progress, letters: progress.letters + letters, spentMs, lease: renewed() }
    await writeProgress(this.store, tx, this.progress)
  }

  /** What to hand out; sets `progress` to what is true afterwards. */
  protected abstract jobs(tx: Transaction): Promise<readonly Job[]>
}

/** Hands out the records of one page. */
export class RecordsStep extends Step {
  readonly #page: Page
  readonly #scope: Scope
  readonly #routes: Routes
  readonly #job: ReplayJob

  constructor(
    store: Store,
    before: ReplayProgress,
    { page, scope, routes, job }: { page: Page; scope: Scope; routes: Routes; job: ReplayJob },
  ) {
    super(store, before)
    this.#page = page
    this.#scope = scope
    this.#routes = routes
    this.#job = job
  }

  protected async jobs(tx: Transaction): Promise<readonly Job[]> {
    const { progress, store } = this
    const repos = await lockRange(tx, store, this.#page)
    const { rows, last } = await readPage(tx, store, this.#scope, this.#page)
    const jobs = this.#made(rows, repos)
    this.progress = {
      ...progress,
      done: progress.done + jobs.length,
      missing: progress.missing + rows.length - jobs.length,
      after: last === null ? endOf(this.#page.lastRepo) : placeOf(last),
    }
    return jobs
  }

  #made(rows: readonly BodyRow[], repos: ReadonlyMap<number, RepoRow>): RecordJob[] {
    const jobs: RecordJob[] = []
    let repo: RepoRow | undefined
    let [repoId, collectionId] = [0, 0]
    let collection = ''
    let origin: Origin | null = null
    for (const { repo_id, collection_id, rkey, record } of rows) {
      // Neighbours share nearly everything: they come in the order of the index.
      if (origin === null || repo_id !== repoId || collection_id !== collectionId) {
        repo = repos.get(repo_id)
        ;[repoId, collectionId] = [repo_id, collection_id]
        collection = this.store.collections.nameOf(collection_id)
        origin = repo === undefined ? null : this.#origin(repo, collection)
      }
      if (record === null || origin === null) continue
      const [cid, body] = [record.subarray(0, CID_LENGTH), record.subarray(CID_LENGTH)]
      const op = { action: 'create' as const, collection, rkey, cid, body }
      jobs.push(new RecordJob(origin, op, 'create', this.#routes.of(collection)))
    }
    return jobs
  }

  #origin({ id, did, rev }: RepoRow, collection: string): Origin {
    const { collections, fresh } = this.#job
    const partial = collections[collection] !== null
    const where = { repoId: id, did, rev: rev ?? '' }
    return { ...where, source: 'replay', live: false, partial, emptied: fresh !== null }
  }
}

/** Repos whose identity and standing are told by one transaction. */
const ACCOUNTS = 1000

/** Tells who the accounts are and how they stand, as when they were met first. */
export class AccountsStep extends Step {
  /** There are no more. */
  finished = false
  readonly #registry: Registry
  readonly #repos: readonly number[] | null

  constructor(store: Store, before: ReplayProgress, registry: Registry, repos: readonly number[] | null) {
    super(store, before)
    this.#registry = registry
    this.#repos = repos
  }

  protected async jobs(tx: Transaction): Promise<readonly Job[]> {
    const { progress, store } = this
    const { after, lastRepo } = progress
    const params = [after.repoId, lastRepo, ACCOUNTS, ...(this.#repos === null ? [] : [[...this.#repos]])]
    const among = this.#repos === null ? '' : `and ${store.db.sql.anyOf('id', 4, 'int')}`
    const raws = await tx.all<RawRepo>(
      `select ${REPO_COLUMNS} from lextap_repo where id > $1 and id <= $2 ${among}
       order by id limit $3 ${store.db.sql.forUpdate}`,
      params,
    )
    this.finished = raws.length < ACCOUNTS
    this.progress = { ...progress, after: endOf(raws.at(-1)?.id ?? lastRepo) }
    return raws.flatMap((raw) => accountJobs(toRepoRow(raw), this.#registry))
  }
}

/** The events a first meeting brings: everything is news. */
export function accountJobs(row: RepoRow, registry: Registry): ChangeJob[] {
  const { did, handle, pds, signingKey, standing } = row
  const origin: Origin = { repoId: row.id, did, rev: row.rev ?? '', source: 'replay', live: false }
  const jobs: ChangeJob[] = []
  if (registry.identity.length > 0 && (pds !== null || signingKey !== null)) {
    const from = (to: string | null) => ({ from: null, to })
    const changed = {
      ...(handle === null ? {} : { handle: from(handle) }),
      ...(pds === null ? {} : { pds: from(pds) }),
      ...(signingKey === null ? {} : { signingKey: from(signingKey) }),
    }
    const event = { did, handle, pds, signingKey, changed }
    jobs.push(new ChangeJob(origin, 'identity', event, changeCalls(registry, 'identity')))
  }
  if (registry.account.length > 0 && standing !== 'active') {
    const event = { did, active: false, status: standing, from: 'active' }
    jobs.push(new ChangeJob(origin, 'account', event, changeCalls(registry, 'account')))
  }
  return jobs
}

async function lockRange(
  tx: Transaction,
  store: Store,
  { firstRepo, lastRepo }: Page,
): Promise<Map<number, RepoRow>> {
  const raws = await tx.all<RawRepo>(
    `select ${REPO_COLUMNS} from lextap_repo where id >= $1 and id <= $2 order by id ${store.db.sql.forUpdate}`,
    [firstRepo, lastRepo],
  )
  return new Map(raws.map((raw) => [raw.id, toRepoRow(raw)]))
}

/** Nothing of these repos changes until the transaction ends. */
export async function lockRepos(
  tx: Transaction,
  store: Store,
  ids: readonly number[],
): Promise<Map<number, RepoRow>> {
  const { anyOf, forUpdate } = store.db.sql
  const raws = await tx.all<RawRepo>(
    `select ${REPO_COLUMNS} from lextap_repo where ${anyOf('id', 1, 'int')} order by id ${forUpdate}`,
    [[...ids]],
  )
  return new Map(raws.map((raw) => [raw.id, toRepoRow(raw)]))
}
