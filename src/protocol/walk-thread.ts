import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { TemporaryError } from '../errors.ts'
import { WalkJob } from './walk-job.ts'
import type { WalkAnswer, WalkRequest } from './walk-message.ts'
import { type Walked, walkHere } from './walking.ts'

/** A repo up to this size is walked where it is, as long as there were few of them: starting a thread costs more. */
const SMALL = 1 << 18
/** Bytes of small repos after which the thread is worth its start. */
const FEW = 1 << 22

export interface WalkThreadOptions {
  /** The thread cannot be had, or ended; walks under way fail with a TemporaryError. */
  readonly onTrouble?: (error: Error) => void
  /** Walk even the first small repo in the thread. */
  readonly eager?: boolean
}

/**
 * Walks repos in a thread of its own: parsing, hashing and checking the tree take as long as a third of what
 * applying the records does, and need nothing of it. One thread serves many walks. It starts with the first
 * repo that is worth it; where it cannot start, walks run in the calling thread.
 */
export class WalkThread {
  readonly #options: WalkThreadOptions
  readonly #jobs = new Map<number, WalkJob>()
  #worker: Worker | null = null
  #ids = 0
  #seen = 0
  /** It has answered at least once, so that it can be started again. */
  #works = false
  #unusable = !existsSync(fileURLToPath(PROGRAM))
  #closed = false

  constructor(options: WalkThreadOptions = {}) {
    this.#options = options
    if (options.eager === true) this.#seen = FEW
  }

  /** See `WalkCar`. */
  readonly walk = (pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Walked, void, void> =>
    this.#walk(pieces)

  async *#walk(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Walked, void, void> {
    const source = pieces[Symbol.asyncIterator]()
    const head: Uint8Array[] = []
    let size = 0
    while (!this.running && this.#seen < FEW && size < SMALL) {
      const next = await source.next()
      if (next.done === true) break
      head.push(next.value)
      size += next.value.length
    }
    this.#seen += size
    const all = chained(head, source)
    const here = this.#unusable || this.#closed || (!this.running && this.#seen < FEW && size < SMALL)
    yield* here ? walkHere(all) : this.#walkThere(all)
  }

  async *#walkThere(pieces: AsyncGenerator<Uint8Array>): AsyncGenerator<Walked, void, void> {
    const worker = this.#running()
    const id = ++this.#ids
    const send = (request: WalkRequest) =>
      worker.postMessage(request, request.kind === 'push' ? [request.bytes.buffer] : [])
    const job = new WalkJob(id, send)
    this.#jobs.set(id, job)
    worker.ref()
    void job.pump(pieces)
    try {
      yield* job.taken()
    } finally {
      job.close()
      this.#jobs.delete(id)
      if (this.#jobs.size === 0) worker.unref()
    }
  }

  #running(): Worker {
    this.#worker ??= this.#start()
    return this.#worker
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, { execArgv: [] })
    worker.unref()
    worker.on('message', (answer: WalkAnswer) => {
      this.#works = true
      this.#jobs.get(answer.id)?.answered(answer)
    })
    worker.on('error', (error) => this.#failed(worker, error as Error))
    worker.on('exit', () => this.#failed(worker, null))
    return worker
  }

  #failed(worker: Worker, cause: Error | null): void {
    if (this.#worker !== worker) return
    this.#worker = null
    this.#unusable = !this.#works
    const why = cause === null ? 'it ended' : cause.message
    const error = new TemporaryError(`the thread that walks repos failed: ${why}`, {
      code: 'walk-thread',
      cause,
    })
    for (const job of this.#jobs.values()) job.fail(error)
    if (!this.#closed) this.#options.onTrouble?.(error)
  }

  /** More repos are coming than a few: the thread starts while they are looked up. */
  prepare(): void {
    if (!this.#unusable && !this.#closed) this.#running()
  }

  get running(): boolean {
    return this.#worker !== null
  }

  /** Ends the thread: walks under way fail. The next one starts it again. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate()
  }

  /** For good. Harmless twice. */
  async close(): Promise<void> {
    this.#closed = true
    await this.terminate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Beside this file, in the sources as in the package. */
const PROGRAM = new URL(`./walk-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

async function* chained(
  head: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* head
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}
