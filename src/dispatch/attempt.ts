import type { Logger } from 'pino'
import { wentOnAfter } from '../store/bound-kysely.ts'
import type { Transaction, UserSide } from '../store/database.ts'
import { AttemptContext, type Effects } from './context.ts'
import type { RecordEvent } from './event.ts'
import { Gathered } from './gathered.ts'
import type { Job, RecordJob } from './job.ts'
import type { HandlerFunction } from './route.ts'
import { HandlerTimeout, Watchdog } from './watchdog.ts'

export interface AttemptOptions {
  readonly log: Logger
  readonly timeoutMs: number
  /** Aborts when the dispatcher stops. */
  readonly signal: AbortSignal
  /** Also raise what would fail at commit only. */
  readonly careful: boolean
}

/** `culprit` is the place of the job at fault, null when it cannot be told. */
export type AttemptResult =
  | { readonly ok: true; readonly effects: Effects }
  | { readonly ok: false; readonly error: unknown; readonly culprit: number | null }

export const isTimeout = (error: unknown): boolean => error instanceof HandlerTimeout

/**
 * Calls the handlers of `jobs` one after another inside a transaction, in order, and waits until all their
 * statements are done. Never throws; undoing what a failed attempt wrote is the caller's.
 */
export async function attempt(
  tx: Transaction,
  jobs: readonly Job[],
  options: AttemptOptions,
): Promise<AttemptResult> {
  const side = tx.userSide({ exact: jobs.length === 1 })
  const context = new AttemptContext(side, options.log, options.signal)
  const run = new Run(jobs, context, side, options.timeoutMs)
  try {
    await run.all()
    await side.flush()
    if (options.careful) await tx.checkDeferred()
    return { ok: true, effects: context.effects }
  } catch (error) {
    context.end(error)
    const culprit = side.failed()?.late === true ? null : run.culprit
    return { ok: false, error, culprit: jobs.length === 1 ? 0 : culprit }
  } finally {
    side.end()
    context.end()
  }
}

class Run {
  /** Known only while every error reaches the call that caused it. */
  culprit: number | null = null
  readonly #jobs: readonly Job[]
  readonly #context: AttemptContext
  readonly #side: UserSide
  readonly #timeoutMs: number
  readonly #gathered = new Gathered()
  #stopped = false

  constructor(jobs: readonly Job[], context: AttemptContext, side: UserSide, timeoutMs: number) {
    this.#jobs = jobs
    this.#context = context
    this.#side = side
    this.#timeoutMs = timeoutMs
  }

  async all(): Promise<void> {
    using watchdog = new Watchdog(this.#timeoutMs)
    const running = this.#loop(watchdog)
    try {
      await Promise.race([running, watchdog.expired])
    } catch (error) {
      this.#stopped = true
      // The call that was given up may still fail; by then nobody cares.
      running.catch(() => {})
      throw error
    }
  }

  async #loop(watchdog: Watchdog): Promise<void> {
    for (let i = 0; i < this.#jobs.length; i++) {
      const job = this.#jobs[i] as Job
      // An update only those who create care about.
      if (job.calls.length === 0) continue
      this.culprit = i
      const event = job.kind === 'record' ? job.prepare() : job.event
      if (event === null) continue
      for (const { fn, puts } of job.calls) {
        if (puts !== null && job.kind === 'record') {
          if (this.#gathers(job, event as RecordEvent)) {
            // The one before at its path may wait: the second must come after it.
            if (job.previous !== null || this.#gathered.full) await this.#puts(watchdog)
            this.#gathered.add(puts, event as RecordEvent, job)
            continue
          }
          // A delete must find the puts before it done.
          if (!this.#gathered.empty) await this.#puts(watchdog)
        } else if (job.live && !this.#gathered.empty) await this.#puts(watchdog)
        this.culprit = i
        const result = this.#call(watchdog, job, fn, event)
        // Waiting for what is done already would cost a turn for each event.
        if (result !== undefined) await result
        this.#called(watchdog)
      }
      this.#side.eventOver()
    }
    await this.#puts(watchdog)
  }

  /** Whether the job's event waits to be handled with others of its chunk. */
  #gathers(job: RecordJob, event: RecordEvent): boolean {
    return this.#jobs.length > 1 && !job.live && event.action !== 'delete'
  }

  async #puts(watchdog: Watchdog): Promise<void> {
    for (const { puts, events, first } of this.#gathered.take()) {
      this.culprit = null
      await this.#call(watchdog, first, puts, events)
      this.#called(watchdog)
      this.#side.eventOver()
    }
  }

  #call(watchdog: Watchdog, job: Job, fn: HandlerFunction, event: unknown): void | Promise<void> {
    if (this.#stopped) throw new Error('the attempt is over')
    this.#context.job = job
    watchdog.enter()
    return fn(event, this.#context)
  }

  #called(watchdog: Watchdog): void {
    watchdog.leave()
    const failed = this.#side.failed()
    if (failed !== null) throw failed.late ? failed.error : wentOnAfter(failed.error)
    this.culprit = null
  }
}
