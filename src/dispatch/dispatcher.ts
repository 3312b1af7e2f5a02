import { backoffMs } from '../async/backoff.ts'
import { sleep } from '../async/signal.ts'
import { LextapError, TemporaryError } from '../errors.ts'
import {
  batchApplied,
  batchFailed,
  hookFailed,
  letterWritten,
  recordInvalid,
} from '../observe/dispatch-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { Store } from '../store/store.ts'
import { type Applied, type ApplyDeps, applyBatch, applyReplay, type ReplayStep } from './apply.ts'
import { type LastBatch, pauseBefore } from './company.ts'
import { Gate } from './gate.ts'
import { type BatchLimits, Gatherer } from './gather.ts'
import { DatabaseFault } from './halve.ts'
import type { Publisher } from './publish.ts'
import type { Registry } from './registry.ts'
import { type How, Repeats } from './repeats.ts'
import { repoOf } from './retry.ts'
import { type RecordPolicy, Routes } from './route.ts'
import { isLive, type Outcome, type Unit } from './unit.ts'
import { isApart, type RetryOutcome, type Work } from './work.ts'

export interface DispatcherOptions {
  readonly store: Store
  readonly registry: Registry
  readonly observer: Observer
  readonly policy: RecordPolicy
  readonly handling: { readonly attempts: number; readonly timeoutMs: number }
  /** Keep record bodies for replays. */
  readonly keepBodies: boolean
  /** Handlers asked to follow these; the rows are committed. */
  readonly onTrack?: (dids: readonly string[]) => void
  /** Outbox events that were committed: those of `publish` and those of handlers. */
  readonly onOutbox?: (events: number) => void
  readonly publish?: Publisher
  /** A handler asked to stop following; the row's `removal` says so after a restart too. */
  readonly onUntrack?: (did: string, keepRows: boolean) => void
  readonly batch?: Partial<BatchLimits>
}

/** Where several transactions run at once, smaller ones keep all of them busy. */
const LIMITS = { one: { maxWorks: 500, maxOps: 2000 }, many: { maxWorks: 500, maxOps: 1000 } } as const
const RETRY = { baseMs: 50, maxMs: 10_000 }

/** Applies units, many to a transaction. Units of one repo apply in the order they were submitted. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #deps: ApplyDeps
  readonly #gatherer: Gatherer
  readonly #abort = new AbortController()
  /** Aborts when nobody waits for the database any more. */
  readonly #leaving = new AbortController()
  readonly #idle: (() => void)[] = []
  readonly #gate = new Gate()
  #running = 0
  #last: LastBatch = { company: false, endedAt: 0 }
  #scheduled = false
  #closed = false
  #ready: Promise<void>

  constructor(options: DispatcherOptions) {
    this.#options = options
    const routes = new Routes(options.registry, options.policy)
    this.#deps = { ...options, routes, signal: this.#abort.signal }
    const limits = options.store.db.concurrency > 1 ? LIMITS.many : LIMITS.one
    this.#gatherer = new Gatherer({ ...limits, ...options.batch })
    this.#ready = options.store.collections.intern(options.registry.collections)
    this.#ready.catch(() => {}) // the first batch reports it
  }

  /**
   * Resolves when the unit is committed or its guard did not hold. Rejects with a TemporaryError when the
   * dispatcher stops first; nothing of the unit is written then.
   */
  async submit(unit: Unit): Promise<Outcome> {
    const { store, registry } = this.#options
    if (registry.open) await store.collections.intern(unit.ops.map((op) => op.collection))
    return this.#push<Outcome>((settle) => ({
      kind: 'unit',
      unit,
      repoId: unit.repoId,
      did: unit.did,
      size: Math.max(1, unit.ops.length),
      live: isLive(unit),
      apart: isApart(unit),
      ...settle,
    }))
  }

  /** Applies a dead letter's stored body again, when it is still the current record; drops it otherwise. */
  async retryDeadLetter(id: number): Promise<RetryOutcome> {
    const letter = await this.#options.store.deadLetters.get(id)
    if (letter === null) return 'gone'
    const repoId = await repoOf(this.#options.store, letter)
    return this.#push<RetryOutcome>((settle) => ({
      kind: 'retry',
      letter,
      repoId,
      did: letter.did,
      size: 1,
      live: true,
      apart: false,
      ...settle,
    }))
  }

  /**
   * One transaction of a replay, beside whatever else is applied: what keeps the two apart is that the step locks
   * the repos it reads. Resolves when it is committed.
   */
  async replay(step: ReplayStep): Promise<Applied> {
    const applied = await this.#apply(1, (how) => applyReplay(this.#deps, step, how))
    this.#committed(applied)
    return applied
  }

  /** Works that wait or run. */
  get size(): number {
    return this.#gatherer.size + this.#running
  }

  /** We stop: what the database does not take within `graceMs` is given up. What it takes goes on until `close`. */
  leave(graceMs: number): void {
    const timer = setTimeout(() => this.#leaving.abort(), graceMs)
    this.#abort.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }

  /**
   * Takes nothing new and finishes what was submitted; after `graceMs` the handlers' signals abort and
   * whatever is left is rejected. Twice is fine.
   */
  async close(options: { graceMs?: number } = {}): Promise<void> {
    this.#closed = true
    const timer = setTimeout(() => this.#stop(), options.graceMs ?? 10_000)
    try {
      await this.#whenIdle()
    } finally {
      clearTimeout(timer)
      this.#stop()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #push<R>(
    make: (settle: { resolve: (result: R) => void; reject: (error: unknown) => void }) => unknown,
  ): Promise<R> {
    if (this.#closed) return Promise.reject(stopped())
    const { promise, resolve, reject } = Promise.withResolvers<R>()
    this.#gatherer.push(make({ resolve, reject }) as Work)
    this.#schedule()
    return promise
  }

  /** Whatever is submitted in this turn of the event loop shares a batch; more gathers while one is written. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#begin())
  }

  #pause(): number {
    if (this.#closed || this.#running > 0) return 0
    const { isLive: live, size: works } = this.#gatherer
    return pauseBefore(this.#last, { live, works }, performance.now())
  }

  #begin(): void {
    const pause = this.#pause()
    if (pause > 0) {
      setTimeout(() => this.#begin(), pause)
      return
    }
    this.#scheduled = false
    while (this.#running < this.#options.store.db.concurrency && this.#gatherer.hasReady) {
      void this.#run(this.#gatherer.take())
    }
    if (this.#running === 0 && this.#gatherer.size === 0) for (const done of this.#idle.splice(0)) done()
  }

  async #run(works: readonly Work[]): Promise<void> {
    this.#running++
    try {
      const applied = await this.#apply(works.length, (how) => applyBatch(this.#deps, works, how))
      this.#committed(applied)
    } catch (error) {
      for (const work of works) work.reject(error)
    } finally {
      this.#running--
      this.#last = {
        company: works.length > 1 && works.every((work) => work.live),
        endedAt: performance.now(),
      }
      this.#gatherer.done(works)
      this.#schedule()
    }
  }

  /** Tries until the database takes it: a batch is never given up because of the database. */
  async #apply(works: number, run: (how: How) => Promise<Applied>): Promise<Applied> {
    const { store, observer, handling } = this.#options
    const repeats = new Repeats(handling.attempts)
    for (;;) {
      if (this.#abort.signal.aborted) throw stopped()
      const start = performance.now()
      try {
        await this.#ready
        const applied = await this.#gate.run(repeats.alone, () => run(repeats.how))
        batchApplied(observer, factsOf(works, applied, performance.now() - start))
        return applied
      } catch (error) {
        if (this.#abort.signal.aborted) throw stopped()
        const cause = error instanceof DatabaseFault ? error.cause : error
        const fault = error instanceof DatabaseFault ? error.fault : store.db.faultOf(error)
        if (fault === null) {
          if (repeats.how.careful || error instanceof LextapError) throw error
          repeats.refused()
          continue
        }
        const waitMs = backoffMs(repeats.failures, RETRY)
        // Also at the commit, where a deferred trigger may raise it each time.
        const met = error instanceof DatabaseFault ? error : { doubted: store.db.doubts(error), place: null }
        repeats.failed(fault, met.doubted)
        const { failures, how } = repeats
        batchFailed(observer, {
          ...met.place,
          fault,
          works,
          failures,
          halving: how.halving,
          waitMs,
          error: cause,
        })
        this.#ready = store.collections.intern(this.#options.registry.collections)
        this.#ready.catch(() => {})
        await sleep(waitMs, AbortSignal.any([this.#abort.signal, this.#leaving.signal])).catch(() => {})
        if (this.#leaving.signal.aborted) this.#stop()
      }
    }
  }

  #committed(applied: Applied): void {
    const { store, observer, onTrack, onUntrack, onOutbox } = this.#options
    for (const row of applied.patched) store.repos.committed(row)
    for (const did of applied.removed) store.repos.forget(did)
    for (const repoId of applied.buffers) store.buffer.changed(repoId)
    const { afterCommit, following } = applied
    const { named, track, untrack } = following
    store.repos.added(named)
    for (const { did } of untrack) store.repos.forget(did)
    for (const letter of applied.letters) letterWritten(observer, letter)
    for (const job of applied.jobs) {
      if (job.kind !== 'record' || job.broken === null) continue
      const { collection, broken: rule, route } = job
      recordInvalid(observer, {
        collection,
        rule,
        policy: rule === 'H1' && route.invalid === 'deliver' ? 'dead-letter' : route.invalid,
      })
    }
    for (const [work, outcome] of applied.outcomes) {
      if (outcome === 'stale') store.repos.forget(work.did)
      work.resolve(outcome as never)
    }
    if (applied.outbox > 0) onOutbox?.(applied.outbox)
    if (track.length > 0) onTrack?.(track)
    for (const { did, keepRows } of untrack) onUntrack?.(did, keepRows)
    if (afterCommit.length > 0) void this.#runHooks(afterCommit)
  }

  async #runHooks(hooks: Applied['afterCommit']): Promise<void> {
    for (const hook of hooks) {
      try {
        await hook()
      } catch (error) {
        hookFailed(this.#options.observer, error)
      }
    }
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#schedule()
    })
  }

  #stop(): void {
    if (!this.#abort.signal.aborted) this.#abort.abort(stopped())
    for (const work of this.#gatherer.drain()) work.reject(stopped())
  }
}

const stopped = () => new TemporaryError('lextap is stopping', { code: 'stopping' })

function factsOf(works: number, applied: Applied, ms: number) {
  const stale = [...applied.outcomes.values()].filter((outcome) => outcome === 'stale').length
  return { works, stale, events: applied.jobs.length, letters: applied.letters.length, ms }
}
