import type { Dispatcher } from '../dispatch/dispatcher.ts'
import { nameOf, type Registry } from '../dispatch/registry.ts'
import { type RecordPolicy, Routes } from '../dispatch/route.ts'
import type { Observer } from '../observe/observer.ts'
import { replayed, replayFinished, replayStarted } from '../observe/replay-events.ts'
import type { Store } from '../store/store.ts'
import { BEGINNING, type ReplayJob, type ReplayProgress, type ReplayResult } from './job.ts'
import { closeJob, type OpenReplay, writeProgress } from './journal.ts'
import { nextPage, PAGE, type Scope } from './page.ts'
import { AccountsStep, RecordsStep } from './steps.ts'
import { lastRepo, sum, survey } from './survey.ts'

export interface ReplayDeps {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly registry: Registry
  readonly policy: RecordPolicy
  readonly observer: Observer
  /** Records of one transaction. Default 2000. */
  readonly records?: number
  /** Ends the job in place of closing it: what was built apart is brought level and put in its place. */
  readonly finish?: (progress: ReplayProgress, signal: AbortSignal) => Promise<ReplayProgress>
  /** Waits until handlers may write to the outbox again. */
  readonly room?: () => Promise<void> | undefined
  /** Empties the user's tables, in the transaction that says so. For jobs that rebuild them. */
  readonly empty?: (keep: readonly string[], begun: ReplayProgress) => Promise<void>
}

/**
 * Works a claimed job off to its end. Killed anywhere, the next who claims it goes on behind the last batch that
 * was committed. Throws the signal's reason when stopped and ReplayLostError when another process took over;
 * the job stays then.
 */
export async function runReplay(
  open: OpenReplay,
  deps: ReplayDeps,
  signal: AbortSignal,
  onProgress: (progress: ReplayProgress) => void = () => {},
): Promise<ReplayResult> {
  const { job } = open
  const { store, observer } = deps
  const scope = await scopeOf(job, deps)
  let progress = open.progress
  const moved = (next: ReplayProgress) => {
    progress = next
    onProgress(next)
  }
  if (progress.phase === 'prepare') moved(await prepare(job, progress, scope, deps))
  const { reasons, collections } = job
  const records = progress.total ?? 0
  replayStarted(observer, { records, done: progress.done, collections: Object.keys(collections), reasons })
  if (progress.phase === 'accounts') await replayAccounts(deps, scope, progress, signal, moved)
  await replayRecords(
    job,
    deps,
    { ...scope, lastRepo: progress.lastRepo, records: deps.records ?? PAGE.records },
    progress,
    signal,
    moved,
  )
  if (deps.finish !== undefined) progress = await deps.finish(progress, signal)
  const result = resultOf(progress)
  if (deps.finish === undefined) await store.transaction((tx) => closeJob(store, tx, result))
  replayFinished(observer, { ...result, ms: result.spentMs })
  return result
}

/** What a job came to that was done. */
export function resultOf({ id, done, missing, letters, spentMs }: ReplayProgress): ReplayResult {
  const finishedAt = new Date().toISOString()
  return { id, done, missing, letters, spentMs, finishedAt, error: null }
}

/** Counts what is to do and, where the tables are rebuilt, empties them: both happen once for a job. */
async function prepare(
  job: ReplayJob,
  before: ReplayProgress,
  scope: Pick<Scope, 'collections' | 'repos'>,
  { store, empty }: ReplayDeps,
): Promise<ReplayProgress> {
  const newest = await lastRepo(store)
  const total = sum(await survey(store, scope)).records
  const phase = job.fresh !== null ? ('accounts' as const) : ('records' as const)
  const begun: ReplayProgress = { ...before, phase, total, lastRepo: newest, after: BEGINNING }
  if (job.fresh !== null && empty !== undefined) await empty(job.fresh.keep, begun)
  else await writeProgress(store, store.db, begun)
  return begun
}

async function replayAccounts(
  { store, dispatcher, registry }: ReplayDeps,
  { repos }: Pick<Scope, 'repos'>,
  begun: ReplayProgress,
  signal: AbortSignal,
  moved: (progress: ReplayProgress) => void,
): Promise<void> {
  let progress = begun
  const nobody = registry.identity.length + registry.account.length === 0
  for (let finished = nobody; !finished; ) {
    signal.throwIfAborted()
    const step = new AccountsStep(store, progress, registry, repos)
    await dispatcher.replay(step)
    progress = step.progress
    finished = step.finished
    moved(progress)
  }
  progress = { ...progress, phase: 'records', after: BEGINNING }
  await writeProgress(store, store.db, progress)
  moved(progress)
}

async function replayRecords(
  job: ReplayJob,
  { store, dispatcher, registry, policy, observer, room }: ReplayDeps,
  scope: Scope,
  begun: ReplayProgress,
  signal: AbortSignal,
  moved: (progress: ReplayProgress) => void,
): Promise<void> {
  let progress = begun
  const routes = new Routes(only(job, registry), policy)
  for (;;) {
    signal.throwIfAborted()
    const page = await nextPage(store, scope, progress.after)
    if (page === null) return
    await room?.()
    const step = new RecordsStep(store, progress, { page, scope, routes, job })
    await dispatcher.replay(step)
    replayed(observer, { records: step.progress.done - progress.done })
    progress = step.progress
    moved(progress)
  }
}

/** The collections of the job, each with the handlers it names. */
export function only(
  { collections }: ReplayJob,
  registry: Registry,
): { readonly collections: readonly string[] } & Pick<Registry, 'schemaOf' | 'handlersOf'> {
  return {
    collections: Object.keys(collections),
    schemaOf: (collection: string) => registry.schemaOf(collection),
    handlersOf: (collection: string) => {
      const names = collections[collection] ?? null
      return registry.handlersOf(collection).filter((d) => names === null || names.includes(nameOf(d)))
    },
  }
}

async function scopeOf(job: ReplayJob, { store }: ReplayDeps): Promise<Pick<Scope, 'collections' | 'repos'>> {
  await store.collections.intern(Object.keys(job.collections))
  const collections = Object.keys(job.collections).map((name) => store.collections.idOf(name) ?? 0)
  return { collections, repos: job.dids === null ? null : await reposOf(store, job.dids) }
}

async function reposOf(store: Store, dids: readonly string[]): Promise<number[]> {
  const ids: number[] = []
  for (const did of dids) {
    const row = await store.repos.get(did)
    if (row !== null) ids.push(row.id)
  }
  return ids.sort((a, b) => a - b)
}
