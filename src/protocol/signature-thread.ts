import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Secp256k1 } from './secp256k1.ts'
import { packItems, type SignatureItem, verifyItem } from './signature-items.ts'

/** Fewer than that in one turn of the event loop are verified where they are: crossing over costs as much. */
const COMPANY = 4
/** Sent at once: while the rest is verified, the first ones go on. */
const PIECE = 32
/** Signatures in company after which the thread is worth its start. */
const AFTER = 500

interface Waiting extends SignatureItem {
  readonly resolve: (valid: boolean) => void
}

/**
 * K-256 signatures in a thread of its own, by libsecp256k1: they are the largest single part of what a live
 * commit costs. Those of one turn of the event loop go over together. Where the thread cannot be had or
 * ended, everything is verified in the calling thread, as are signatures that come alone.
 */
export class SignatureThread {
  readonly #library: Secp256k1
  readonly #after: number
  #gathering: Waiting[] = []
  /** Sent and not answered, in order. */
  readonly #sent: Waiting[][] = []
  #worker: Worker | null = null
  #unusable = !existsSync(fileURLToPath(PROGRAM))
  #seen = 0

  /** @param after Signatures in company before the thread starts. */
  constructor(library: Secp256k1, after: number = AFTER) {
    this.#library = library
    this.#after = after
  }

  verify(item: SignatureItem): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#gathering.push({ ...item, resolve }) === 1) setImmediate(() => this.#flush())
    })
  }

  get running(): boolean {
    return this.#worker !== null
  }

  /** What is under way is verified in the calling thread. */
  async terminate(): Promise<void> {
    await this.#worker?.terminate()
  }

  #flush(): void {
    const items = this.#gathering
    this.#gathering = []
    if (items.length >= COMPANY) this.#seen += items.length
    if (items.length < COMPANY || this.#seen < this.#after || this.#unusable) {
      this.#here(items)
      return
    }
    this.#worker ??= this.#start()
    this.#worker.ref()
    for (let at = 0; at < items.length; at += PIECE) this.#send(this.#worker, items.slice(at, at + PIECE))
  }

  #send(worker: Worker, items: Waiting[]): void {
    this.#sent.push(items)
    const packed = packItems(items)
    worker.postMessage(packed, [packed.buffer])
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, { execArgv: [] })
    worker.on('message', (valid: Uint8Array) => {
      this.#sent.shift()?.forEach(({ resolve }, i) => void resolve(valid[i] === 1))
      if (this.#sent.length === 0) worker.unref()
    })
    worker.on('error', () => this.#failed())
    worker.on('exit', () => this.#failed())
    return worker
  }

  #failed(): void {
    this.#unusable = true
    this.#worker = null
    for (const items of this.#sent.splice(0)) this.#here(items)
  }

  #here(items: readonly Waiting[]): void {
    for (const item of items) item.resolve(verifyItem(this.#library, item))
  }
}

/** Beside this file, in the sources as in the package. */
const PROGRAM = new URL(
  `./signature-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
)
