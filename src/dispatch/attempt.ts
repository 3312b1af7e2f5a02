import type { Logger } from 'pino'
import type { Transaction } from '../store/database.ts'
import { AttemptContext, type Effects } from './context.ts'
import { type HandlerFunction, handlerFor, type Job } from './job.ts'
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
  const run = new Run(jobs, context, () => side.failed(), options.timeoutMs)
  try {
    await run.all()
    await side.flush()
    if (options.careful) await tx.checkDeferred()
    return { ok: true, effects: context.effects }
  } catch (error) {
    context.end(error)
    return { ok: false, error, culprit: jobs.length === 1 ? 0 : run.culprit }
  } finally {
    side.end()
    context.end()
  }
}

/** Jobs from `first` to `last` are in the hands of one call. */
class Run {
  /** Known only while every error reaches the call that caused it. */
  culprit: number | null = null
  readonly #jobs: readonly Job[]
  readonly #context: AttemptContext
  readonly #failed: () => { error: unknown } | null
  readonly #timeoutMs: number
  #stopped = false

  constructor(
    jobs: readonly Job[],
    context: AttemptContext,
    failed: () => { error: unknown } | null,
    timeoutMs: number,
  ) {
    this.#jobs = jobs
    this.#context = context
    this.#failed = failed
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
    const batches = new Gathered()
    for (let i = 0; i < this.#jobs.length; i++) {
      const { task } = this.#jobs[i] as Job
      if (task.kind !== 'record') {
        for (const { handle } of task.handlers) await this.#call(watchdog, i, i, handle, task.event)
        continue
      }
      for (const definition of task.handlers) {
        const { handlers } = definition
        if (
          handlers.puts !== undefined &&
          this.#jobs.length > 1 &&
          !task.event.live &&
          task.event.action !== 'delete'
        ) {
          if (batches.has(definition, task.event.uri)) await this.#puts(watchdog, batches)
          batches.add(definition, task.event, i)
          continue
        }
        // Whoever comes after a gathered put must find it done.
        if (batches.size > 0 && (task.event.live || batches.has(definition)))
          await this.#puts(watchdog, batches)
        const fn = handlerFor(handlers, task.event)
        if (fn === undefined) continue
        const pending = this.#call(watchdog, i, i, fn, task.event)
        if (pending !== undefined) await pending
      }
    }
    await this.#puts(watchdog, batches)
  }

  async #puts(watchdog: Watchdog, gathered: Gathered): Promise<void> {
    for (const { definition, events, first, last } of gathered.take()) {
      const { puts } = definition.handlers
      if (puts !== undefined) await this.#call(watchdog, first, last, puts, events)
    }
  }

  /** Synchronous as long as the handler is. */
  #call(
    watchdog: Watchdog,
    first: number,
    last: number,
    fn: HandlerFunction,
    event: unknown,
  ): Promise<void> | undefined {
    if (this.#stopped) return Promise.reject(new Error('the attempt is over'))
    const { task } = this.#jobs[first] as Job
    this.#context.about = aboutOf(task)
    this.culprit = first === last ? first : null
    watchdog.enter()
    const result = fn(event, this.#context)
    if (result instanceof Promise || typeof (result as { then?: unknown } | undefined)?.then === 'function') {
      return this.#settled(watchdog, result as Promise<void>)
    }
    this.#called(watchdog)
    return undefined
  }

  async #settled(watchdog: Watchdog, result: Promise<void>): Promise<void> {
    await result
    this.#called(watchdog)
  }

  #called(watchdog: Watchdog): void {
    watchdog.leave()
    const failed = this.#failed()
    if (failed !== null) throw failed.error
    this.culprit = null
  }
}

const aboutOf = (task: Job['task']) =>
  task.kind === 'record' ? task.event : { did: task.event.did, uri: '', live: true }

type Definition = Extract<Job['task'], { kind: 'record' }>['handlers'][number]

interface Group {
  readonly definition: Definition
  readonly events: unknown[]
  readonly uris: Set<string>
  first: number
  last: number
}

/** Historical puts waiting for their definition's `puts`. */
class Gathered {
  #groups = new Map<Definition, Group>()

  get size(): number {
    return this.#groups.size
  }

  has(definition: Definition, uri?: string): boolean {
    const group = this.#groups.get(definition)
    return group !== undefined && (uri === undefined || group.uris.has(uri))
  }

  add(definition: Definition, event: { uri: string }, place: number): void {
    const group = this.#groups.get(definition)
    if (group === undefined) {
      this.#groups.set(definition, {
        definition,
        events: [event],
        uris: new Set([event.uri]),
        first: place,
        last: place,
      })
      return
    }
    group.events.push(event)
    group.uris.add(event.uri)
    group.last = place
  }

  take(): Group[] {
    const groups = [...this.#groups.values()]
    this.#groups = new Map()
    return groups
  }
}

export const isTimeout = (error: unknown): boolean => error instanceof HandlerTimeout
