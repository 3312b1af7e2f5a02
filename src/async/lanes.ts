import { LextapError } from '../errors.ts'

export interface LanesOptions<K> {
  /** Tasks running at once, over all keys. */
  readonly concurrency: number
  /** Tasks accepted and not yet finished, over all keys; `push` and `run` wait while it is reached. */
  readonly maxQueued: number
  /** Told when a pushed task fails. Without it the failure surfaces as an unhandled rejection. */
  readonly onError?: (error: unknown, key: K) => void
}

/**
 * A class and no literal: V8 makes the objects of a literal old from the start once a burst of them outlived a collection,
 * and each old one keeps what its task holds, a frame for instance, until a full collection.
 */
class Job<K> {
  readonly key: K
  readonly work: () => Promise<void>
  readonly accepted: () => void
  readonly refused: (error: unknown) => void
  next: Job<K> | null = null

  constructor(key: K, work: () => Promise<void>, accepted: () => void, refused: (error: unknown) => void) {
    this.key = key
    this.work = work
    this.accepted = accepted
    this.refused = refused
  }
}

/** First in, first out, in constant time; an empty one is two nulls. */
class Queue<K> {
  #head: Job<K> | null = null
  #tail: Job<K> | null = null

  push(job: Job<K>): void {
    if (this.#tail === null) this.#head = job
    else this.#tail.next = job
    this.#tail = job
  }

  shift(): Job<K> | null {
    const job = this.#head
    if (job === null) return null
    this.#head = job.next
    if (this.#head === null) this.#tail = null
    job.next = null
    return job
  }
}

/**
 * Queues by key: tasks of one key run one after another in the order they were handed in, tasks of different
 * keys run side by side (rule A11). The total is bounded: not being accepted is the back-pressure. A key
 * without work takes no memory, and a task that throws stops nothing. A task must not wait for another push or
 * run of the same lanes: with the bound reached it would wait for itself.
 */
export class Lanes<K> {
  readonly #concurrency: number
  readonly #maxQueued: number
  readonly #onError: (error: unknown, key: K) => void
  /** Keys with work: what waits behind the task that runs or is about to. */
  readonly #lanes = new Map<K, Queue<K>>()
  /** First tasks of their lanes, waiting for one of the `concurrency` places. */
  readonly #ready = new Queue<K>()
  /** Not accepted yet, oldest first: this order keeps a key's order. */
  readonly #outside = new Queue<K>()
  #idle: PromiseWithResolvers<void> | null = null
  #size = 0
  #running = 0
  #closed = false

  constructor(options: LanesOptions<K>) {
    this.#concurrency = Math.max(1, options.concurrency)
    this.#maxQueued = Math.max(1, options.maxQueued)
    this.#onError = options.onError ?? ((error) => void Promise.reject(error))
  }

  /** Tasks accepted and not yet finished. */
  get size(): number {
    return this.#size
  }

  /** Keys that have such tasks. */
  get keys(): number {
    return this.#lanes.size
  }

  /** Resolves when the task was accepted, which is at once unless the bound is reached. Rejects once closed. */
  push(key: K, task: () => unknown): Promise<void> {
    return new Promise((accepted, refused) => {
      const work = async () => {
        try {
          await task()
        } catch (error) {
          this.#report(error, key)
        }
      }
      this.#offer(new Job(key, work, accepted, refused))
    })
  }

  /** Resolves with the task's result, rejects with its error, or when closed before it was accepted. */
  run<T>(key: K, task: () => Promise<T> | T): Promise<T> {
    return new Promise((resolve, refused) => {
      const work = async () => {
        try {
          resolve(await task())
        } catch (error) {
          refused(error)
        }
      }
      this.#offer(new Job(key, work, () => {}, refused))
    })
  }

  /** Resolves when nothing is queued, running or waiting to be accepted. */
  async idle(): Promise<void> {
    if (this.#size === 0) return
    this.#idle ??= Promise.withResolvers()
    await this.#idle.promise
  }

  /** Refuses new tasks and those not accepted yet, and resolves when the accepted ones are done. */
  async close(): Promise<void> {
    this.#closed = true
    for (let job = this.#outside.shift(); job !== null; job = this.#outside.shift()) job.refused(closed())
    await this.idle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #offer(job: Job<K>): void {
    if (this.#closed) job.refused(closed())
    else if (this.#size >= this.#maxQueued) this.#outside.push(job)
    else this.#accept(job)
  }

  #accept(job: Job<K>): void {
    this.#size++
    job.accepted()
    const lane = this.#lanes.get(job.key)
    if (lane !== undefined) {
      lane.push(job)
      return
    }
    this.#lanes.set(job.key, new Queue())
    this.#ready.push(job)
    this.#pump()
  }

  #pump(): void {
    while (this.#running < this.#concurrency) {
      const job = this.#ready.shift()
      if (job === null) return
      this.#running++
      // `work` never rejects: both kinds catch everything their task throws.
      void job.work().then(() => this.#finish(job.key))
    }
  }

  #finish(key: K): void {
    this.#running--
    this.#size--
    const next = this.#lanes.get(key)?.shift() ?? null
    // To the end of the line: a busy key must not starve the others.
    if (next === null) this.#lanes.delete(key)
    else this.#ready.push(next)
    // One place is free, and who waits for it the longest gets it before anybody else can ask.
    const outside = this.#outside.shift()
    if (outside !== null) this.#accept(outside)
    this.#pump()
    if (this.#size === 0) this.#settleIdle()
  }

  #settleIdle(): void {
    this.#idle?.resolve()
    this.#idle = null
  }

  #report(error: unknown, key: K): void {
    try {
      this.#onError(error, key)
    } catch (again) {
      void Promise.reject(again)
    }
  }
}

function closed(): LextapError {
  return new LextapError('lanes are closed', { code: 'closed' })
}
