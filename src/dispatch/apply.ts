import type { Observer } from '../observe/observer.ts'
import type { Transaction } from '../store/database.ts'
import type { NewDeadLetter } from '../store/dead-letters.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import {
  headValues,
  type RawRepo,
  REPO_COLUMNS,
  repoValues,
  toRepoRow,
  WRITE_HEADS,
  WRITE_REPOS,
} from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import { removeRepo } from '../store/repos.ts'
import type { Store } from '../store/store.ts'
import type { Effects } from './context.ts'
import { type Following, followingOf } from './following.ts'
import { applyJobs } from './halve.ts'
import type { Job, RecordJob } from './job.ts'
import { Plan, type PlanDeps } from './plan.ts'
import type { How } from './repeats.ts'
import { addRetry, type PendingRetry } from './retry.ts'
import type { Outcome } from './unit.ts'
import type { RetryOutcome, Work } from './work.ts'

export interface ApplyDeps extends PlanDeps {
  readonly observer: Observer
  readonly handling: { readonly attempts: number; readonly timeoutMs: number }
  readonly signal: AbortSignal
}

/** What a committed batch did. */
export interface Applied {
  readonly outcomes: Map<Work, Outcome | RetryOutcome>
  readonly afterCommit: Effects['afterCommit']
  readonly following: Following
  readonly jobs: readonly Job[]
  readonly letters: readonly NewDeadLetter[]
  /** Repo rows as they are now. */
  readonly patched: readonly RepoRow[]
  readonly removed: readonly string[]
  /** Outbox events written. */
  readonly outbox: number
  /** Repos whose resync buffer changed. */
  readonly buffers: readonly number[]
}

/**
 * The transaction (P1, P2): guards, handlers, record index, dead letters, outbox and repo rows of all the
 * works become true together. Throws what the database throws; nothing is written then.
 */
export function applyBatch(deps: ApplyDeps, works: readonly Work[], how: How): Promise<Applied> {
  return deps.store.transaction(async (tx) => {
    const rows = await lockRepos(tx, deps.store, works)
    const plan = new Plan(deps, tx, rows)
    for (const repoId of overlapping(works)) plan.index.remember(repoId)
    const outcomes = new Map<Work, Outcome | RetryOutcome>()
    const retries = new Map<Work, PendingRetry>()
    for (const work of works) {
      if (work.kind === 'unit') outcomes.set(work, (await plan.add(work.unit)) ? 'applied' : 'stale')
      else {
        const retry = await addRetry(deps, tx, plan, work)
        if (typeof retry === 'string') outcomes.set(work, retry)
        else retries.set(work, retry)
      }
    }
    const done = await finish(deps, tx, plan, how)
    for (const [work, retry] of retries) outcomes.set(work, outcomeOf(retry))
    return { ...done, outcomes }
  })
}

/** One transaction of a replay. */
export interface ReplayStep {
  /** Locks the repos and says what to hand out. Runs inside the transaction, and again when that is repeated. */
  begin(tx: Transaction): Promise<readonly Job[]>
  /** Runs last in the transaction. */
  end(tx: Transaction, facts: { readonly letters: number }): Promise<void>
}

/** As `applyBatch`, for records that are indexed already: the index stays as it is. */
export function applyReplay(deps: ApplyDeps, step: ReplayStep, how: How): Promise<Applied> {
  return deps.store.transaction(async (tx) => {
    const plan = new Plan(deps, tx, new Map())
    for (const job of await step.begin(tx)) plan.addJob(job)
    await deps.store.notice(tx)
    const done = await finish(deps, tx, plan, how)
    await step.end(tx, { letters: done.letters.length })
    return { ...done, outcomes: new Map() }
  })
}

/** Calls the handlers and writes what came of it. */
async function finish(
  deps: ApplyDeps,
  tx: Transaction,
  plan: Plan,
  how: How,
): Promise<Omit<Applied, 'outcomes'>> {
  const { careful } = how
  await plan.resolve()
  if (careful) await tx.checkDeferred()
  await plan.writeOwed()
  // Under way while the handlers run: a server writes it beside them.
  const indexed = plan.index.flush(tx, careful)
  indexed.catch(() => {})
  const options = { log: deps.observer.log, signal: deps.signal, ...how, ...deps.handling }
  const effects = await applyJobs(tx, plan.jobs, options).catch(async (error) => {
    await indexed // the handlers may have failed because of it
    throw error
  })
  await indexed
  const failed = failuresOf(plan)
  const letters = lettersOf(failed)
  const following = followingOf(effects.follows)
  const outbox = [...plan.outbox, ...effects.outbox]
  await write(tx, deps.store, plan, { failed, letters, following, outbox })
  return {
    afterCommit: effects.afterCommit,
    following,
    jobs: plan.jobs,
    letters,
    patched: [...plan.patched.values()],
    removed: [...plan.removed.values()],
    outbox: outbox.length,
    buffers: plan.buffered.map((row) => row.repoId),
  }
}

async function lockRepos(
  tx: Transaction,
  store: Store,
  works: readonly Work[],
): Promise<Map<number, RepoRow>> {
  const byRepo = Map.groupBy(works, (work) => work.repoId)
  const { anyOf, forShare, forUpdate } = store.db.sql
  const lock = (alone: boolean, how: string): Promise<RawRepo[]> => {
    // In id order, so that two batches can hardly wait for each other.
    const ids = [...byRepo].flatMap(([id, group]) =>
      group.every((work) => work.apart) === alone ? [] : [id],
    )
    if (ids.length === 0) return Promise.resolve([])
    const text = `select ${REPO_COLUMNS} from lextap_repo where ${anyOf('id', 1, 'int')} order by id ${how}`
    return tx.all<RawRepo>(text, [ids.sort((a, b) => a - b)])
  }
  // Sent together: a server answers in this order, and so looks around when the rows are locked.
  const [alone, shared] = await Promise.all([lock(true, forUpdate), lock(false, forShare), store.notice(tx)])
  const raws = [...alone, ...shared]
  return new Map(raws.map((raw) => [raw.id, toRepoRow(raw)]))
}

/** Repos of which several works may touch one path. Chunks of one fetch into an empty index never do. */
function overlapping(works: readonly Work[]): number[] {
  const touching = works.filter((work) => work.kind === 'retry' || work.unit.ops.length > 0)
  return [...Map.groupBy(touching, (work) => work.repoId)].flatMap(([repoId, group]) => {
    const apart =
      group.length === 1 ||
      group.every((work) => work.kind === 'unit' && work.unit.mode === 'diff' && work.unit.fresh)
    return apart ? [] : [repoId]
  })
}

/** Of each path the last thing that happened, when that failed. */
function failuresOf(plan: Plan): Job[] {
  const failed = plan.jobs.filter((job) => job.failure !== null)
  if (failed.length === 0) return []
  const last = new Map(plan.touched.map((job) => [job.key, job]))
  return failed.filter((job) => last.get(job.key) === job)
}

const lettersOf = (failed: readonly Job[]): NewDeadLetter[] =>
  failed.flatMap((job) => (job.failure === null ? [] : [job.letter(job.failure)]))

/** What `write` writes besides the plan. */
interface Written {
  readonly failed: readonly Job[]
  readonly letters: readonly NewDeadLetter[]
  readonly following: Following
  readonly outbox: readonly OutboxEvent[]
}

async function write(
  tx: Transaction,
  store: Store,
  plan: Plan,
  { failed, letters, following, outbox }: Written,
): Promise<void> {
  await plan.writeUncreated()
  await supersede(tx, store, plan, new Set(failed.map((job) => job.key)))
  await store.deadLetters.add(tx, letters)
  if (plan.buffered.length > 0) {
    const ids = plan.buffered.map((row) => row.id)
    await tx.run(`delete from lextap_resync_buffer where ${store.db.sql.anyOf('id', 1, 'int')}`, [ids])
  }
  const [heads, whole] = plan.writtenBack
  await tx.updateMany(WRITE_HEADS, heads.map(headValues))
  await tx.updateMany(WRITE_REPOS, whole.map(repoValues))
  for (const [id, did] of plan.removed) {
    if (plan.kept.has(id)) await store.kept.keep(tx, id, did)
    await removeRepo(tx, id, true)
  }
  await writeFollowing(tx, store, following)
  // Last: on Postgres whoever else writes to the outbox waits from here on.
  await store.outbox.append(tx, outbox)
}

function outcomeOf({ job, otherwise }: PendingRetry): RetryOutcome {
  if (job.failure !== null) return 'failed'
  return isSkipped(job) && job.retried ? 'skipped' : otherwise
}

/** Nothing came of it: it did not even take back the version before. */
const isSkipped = (job: Job): job is RecordJob => job.kind === 'record' && job.skipped && !job.withdraws

/** Older letters of paths that are settled now. */
async function supersede(
  tx: Transaction,
  store: Store,
  plan: Plan,
  failing: ReadonlySet<string>,
): Promise<void> {
  const had = plan.letters
  if (had.size === 0) return
  const settled = plan.touched.filter(
    (job) =>
      job.origin.partial !== true &&
      had.has(job.key) &&
      !failing.has(job.key) &&
      !(isSkipped(job) && job.retried),
  )
  const paths = settled.map(({ origin: { repoId }, collection, rkey }) => ({ repoId, collection, rkey }))
  await store.deadLetters.supersede(tx, paths)
}

async function writeFollowing(tx: Transaction, store: Store, { named, untrack }: Following): Promise<void> {
  if (named.length > 0) await store.repos.add(named, { session: tx })
  const excluded = untrack.filter(({ exclude }) => exclude).map(({ did }) => did)
  await store.excluded.add(excluded, tx)
  for (const [keepRows, group] of Map.groupBy(untrack, (call) => call.keepRows)) {
    await tx.run(`update lextap_repo set removal = $1 where ${store.db.sql.anyOf('did', 2, 'text')}`, [
      keepRows ? 'keep' : 'delete',
      group.map(({ did }) => did),
    ])
  }
}
