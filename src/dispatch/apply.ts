import type { Observer } from '../observe/observer.ts'
import type { Transaction } from '../store/database.ts'
import type { NewDeadLetter } from '../store/dead-letters.ts'
import { type RawRepo, REPO_COLUMNS, repoValues, toRepoRow, WRITE_REPOS } from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import { removeRepo } from '../store/repos.ts'
import type { Store } from '../store/store.ts'
import type { Effects } from './context.ts'
import { failureText } from './failure-text.ts'
import { applyJobs } from './halve.ts'
import { type LetterPath, Plan, type PlanDeps, type PlannedJob } from './plan.ts'
import { planRetry } from './retry.ts'
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
  readonly effects: Effects
  readonly jobs: readonly PlannedJob[]
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
export function applyBatch(deps: ApplyDeps, works: readonly Work[], careful: boolean): Promise<Applied> {
  return deps.store.transaction(async (tx) => {
    const rows = await lockRepos(tx, deps.store, works)
    const plan = new Plan(deps, tx, rows)
    for (const [repoId, count] of countByRepo(works)) if (count > 1) plan.index.remember(repoId)
    const outcomes = new Map<Work, Outcome | RetryOutcome>()
    const retried = new Map<PlannedJob, Work>()
    for (const work of works) {
      if (work.kind === 'unit') outcomes.set(work, (await plan.add(work.unit)) ? 'applied' : 'stale')
      else outcomes.set(work, await addRetry(deps, tx, plan, work, retried))
    }
    if (careful) await tx.checkDeferred()
    const { log } = deps.observer
    const effects = await applyJobs(tx, plan.jobs, { log, signal: deps.signal, careful, ...deps.handling })
    const letters = failuresOf(plan)
    for (const [job, work] of retried) if (job.failure !== null) outcomes.set(work, 'failed')
    await write(tx, deps.store, plan, letters, effects)
    return {
      outcomes,
      effects,
      jobs: plan.jobs,
      letters,
      patched: [...plan.patched.values()],
      removed: [...plan.removed.values()],
      outbox: plan.outbox.length + effects.outbox.length,
      buffers: plan.buffered.map((row) => row.repoId),
    }
  })
}

async function lockRepos(
  tx: Transaction,
  store: Store,
  works: readonly Work[],
): Promise<Map<number, RepoRow>> {
  // In id order, so that two batches can never wait for each other.
  const ids = [...new Set(works.map((work) => work.repoId))].sort((a, b) => a - b)
  const raws = await tx.all<RawRepo>(
    `select ${REPO_COLUMNS} from lextap_repo where ${store.db.sql.anyOf('id', 1, 'int')} order by id ${store.db.sql.forUpdate}`,
    [ids],
  )
  return new Map(raws.map((raw) => [raw.id, toRepoRow(raw)]))
}

function countByRepo(works: readonly Work[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const { repoId } of works) counts.set(repoId, (counts.get(repoId) ?? 0) + 1)
  return counts
}

async function addRetry(
  deps: ApplyDeps,
  tx: Transaction,
  plan: Plan,
  work: Extract<Work, { kind: 'retry' }>,
  retried: Map<PlannedJob, Work>,
): Promise<RetryOutcome> {
  const planned = await planRetry(deps, tx, plan, work.letter.id)
  switch (planned.kind) {
    case 'gone':
      return 'gone'
    case 'failed':
      plan.invalid.push({ letter: planned.letter, touch: plan.touch(planned.letter) })
      return 'failed'
    case 'job': {
      const job = { ...planned.job, touch: plan.touch(planned.job.op) }
      plan.jobs.push(job)
      retried.set(job, work)
      return 'applied'
    }
    default:
      plan.touch(work.letter)
      return planned.kind
  }
}

/** The dead letters to write: of each path the last thing that happened, when that failed. */
function failuresOf(plan: Plan): NewDeadLetter[] {
  const failed = plan.jobs.flatMap((job) => {
    if (job.failure === null) return []
    const { kind, error } = job.failure
    const letter: NewDeadLetter = {
      ...job.op,
      kind,
      error: failureText(error),
      issues: null,
      attempts: job.attempts,
    }
    return [{ letter, touch: job.touch }]
  })
  const all = [...plan.invalid, ...failed]
  if (all.length === 0) return []
  const last = new Map(plan.touched.map((path, touch) => [pathOf(path), touch]))
  return all.filter(({ letter, touch }) => last.get(pathOf(letter)) === touch).map(({ letter }) => letter)
}

const pathOf = (at: LetterPath) => `${at.repoId}/${at.collection}/${at.rkey}`

async function write(
  tx: Transaction,
  store: Store,
  plan: Plan,
  letters: readonly NewDeadLetter[],
  effects: Effects,
): Promise<void> {
  await plan.index.flush(tx)
  const had = await store.deadLetters.pathsOf(tx, [...new Set(plan.touched.map((at) => at.repoId))])
  if (had.size > 0) {
    const failing = new Set(letters.map(pathOf))
    const settled = plan.touched.filter((at) => had.has(pathOf(at)) && !failing.has(pathOf(at)))
    await store.deadLetters.supersede(tx, settled)
  }
  await store.deadLetters.add(tx, letters)
  if (plan.buffered.length > 0) {
    const ids = plan.buffered.map((row) => row.id)
    await tx.run(`delete from lextap_resync_buffer where ${store.db.sql.anyOf('id', 1, 'int')}`, [ids])
  }
  await tx.updateMany(WRITE_REPOS, [...plan.patched.values()].map(repoValues))
  for (const id of plan.removed.keys()) await removeRepo(tx, id, true)
  await writeEffects(tx, store, effects)
  // Last: on Postgres whoever else writes to the outbox waits from here on.
  await store.outbox.append(tx, [...plan.outbox, ...effects.outbox])
}

async function writeEffects(tx: Transaction, store: Store, effects: Effects): Promise<void> {
  if (effects.track.length > 0) await store.repos.add(effects.track, { session: tx })
  for (const { did, keepRows } of effects.untrack) {
    await tx.run('update lextap_repo set removal = $1 where did = $2', [keepRows ? 'keep' : 'delete', did])
  }
}
