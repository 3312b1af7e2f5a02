import { randomUUID } from 'node:crypto'
import { UserError } from '../errors.ts'
import { replayFailed, replayLeft } from '../observe/replay-events.ts'
import type { Store } from '../store/store.ts'
import type { ReplayJob, ReplayProgress } from './job.ts'
import {
  claimReplay,
  closeJob,
  type OpenReplay,
  openReplay,
  ReplayLostError,
  writeProgress,
} from './journal.ts'
import { checkJob } from './request.ts'
import { type ReplayDeps, runReplay } from './run.ts'

/** A replay under way, for people. */
export interface ReplayStatus {
  readonly collections: readonly string[]
  readonly phase: ReplayProgress['phase']
  readonly done: number
  /** Null while they are being counted. */
  readonly total: number | null
  readonly letters: number
  /** Null while nothing can be said. */
  readonly etaMs: number | null
}

/** A replay that failed for a reason nobody foresaw is tried again after so long, ms. */
const REST_MS = 60_000

/** Works off, in the background, whatever replay the database asks for. */
export class Replayer {
  readonly #deps: ReplayDeps
  readonly #owner = randomUUID()
  readonly #abort = new AbortController()
  #looking: Promise<void> | null = null
  #now: OpenReplay | null = null
  #restUntil = 0

  constructor(deps: ReplayDeps) {
    this.#deps = deps
  }

  /** Whether there may be something to do, or there is. */
  get busy(): boolean {
    return this.#looking !== null
  }

  get status(): ReplayStatus | null {
    return this.#now === null ? null : statusOf(this.#now)
  }

  /** Looks for a job and begins it. While one is under way, nothing. */
  wake(): void {
    if (this.#looking !== null || this.#abort.signal.aborted || Date.now() < this.#restUntil) return
    this.#looking = this.#look()
      .catch((error) => {
        if (this.#abort.signal.aborted) return
        if (error instanceof ReplayLostError) return replayLeft(this.#deps.observer)
        this.#restUntil = Date.now() + REST_MS
        replayFailed(this.#deps.observer, { error })
      })
      .finally(() => {
        this.#looking = null
        this.#now = null
      })
  }

  /** Stops behind the batch under way; the next process goes on from there. */
  async stop(): Promise<void> {
    this.#abort.abort(new UserError('the replay was stopped', { code: 'stopping' }))
    await this.#looking
  }

  async #look(): Promise<void> {
    const { store } = this.#deps
    if (!isOurs(await openReplay(store), store)) return
    const open = await claimReplay(store, this.#owner)
    if (open === null) return
    this.#now = open
    await workOff(open, this.#deps, this.#abort.signal, (progress) => {
      this.#now = { job: open.job, progress }
    })
  }
}

/** Whether whoever runs on the database does it: a rebuild on Postgres happens apart from what runs. */
export const isOurs = (open: OpenReplay | null, store: Store): boolean =>
  open !== null && (open.job.fresh === null || store.dialect !== 'postgres')

/**
 * Runs a claimed job; one that cannot be done is closed with the reason. When stopped, others may go on at once. One
 * that emptied tables in place is never closed before it has filled them again.
 */
export async function workOff(
  open: OpenReplay,
  deps: ReplayDeps,
  signal: AbortSignal,
  onProgress: (progress: ReplayProgress) => void,
): ReturnType<typeof runReplay> {
  const { store } = deps
  let last = open.progress
  try {
    checkJob(open.job, deps.registry)
    return await runReplay(open, deps, signal, (progress) => {
      last = progress
      onProgress(progress)
    })
  } catch (error) {
    const emptied = open.job.fresh !== null && deps.finish === undefined && last.phase !== 'prepare'
    if (signal.aborted || (emptied && error instanceof UserError)) await release(deps, last)
    else if (error instanceof UserError) {
      const { id, done, missing, letters, spentMs } = last
      const result = { id, done, missing, letters, spentMs, finishedAt: new Date().toISOString() }
      await store.transaction((tx) => closeJob(store, tx, { ...result, error: error.message }))
    }
    throw error
  }
}

async function release({ store }: ReplayDeps, { id, owner }: ReplayProgress): Promise<void> {
  await store.transaction(async (tx) => {
    const open = await openReplay(store, tx)
    if (open?.progress.id !== id || open.progress.owner !== owner) return
    await writeProgress(store, tx, { ...open.progress, owner: null, lease: 0 })
  })
}

export function statusOf({ job, progress }: { job: ReplayJob; progress: ReplayProgress }): ReplayStatus {
  const { phase, total, done, missing, letters } = progress
  return {
    collections: Object.keys(job.collections),
    phase,
    done,
    total,
    letters,
    etaMs: etaOf(progress, missing),
  }
}

function etaOf({ total, done, spentMs }: ReplayProgress, missing: number): number | null {
  if (total === null || done === 0) return null
  return Math.round((Math.max(0, total - done - missing) * spentMs) / done)
}
