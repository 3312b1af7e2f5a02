import { Worker } from 'node:worker_threads'

/** Commits, or rows written, before a thread is worth its start: short commands never get there. */
const AFTER = { commits: 50, rows: 5000 } as const
/** Checkpoints begin so far apart at least, and longest rest after one, ms. */
const EVERY_MS = 100
const LONGEST_REST_MS = 300

/**
 * Rest after a checkpoint that took so long, ms. Each waits for the disk three times (the thread for the log and for the
 * database, the writer as it begins the log anew), and pages written again meanwhile are copied once: at most a quarter of
 * the time goes to them, unless they are so long that the log would grow past what the writer leaves alone.
 */
export function restAfter(tookMs: number): number {
  return Math.max(EVERY_MS - tookMs, Math.min(3 * tookMs, LONGEST_REST_MS))
}

/**
 * Runs in its own thread on its own connection. Text and not a file: it needs nothing but Node, and no
 * build or bundler has to know of it.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const db = new DatabaseSync(workerData.path, { timeout: 0 })
const checkpoint = db.prepare('pragma wal_checkpoint(passive)')
parentPort.on('message', (go) => {
  if (!go) {
    db.close()
    parentPort.close()
    return
  }
  try {
    checkpoint.get()
  } catch {
    // Somebody else is at it; the next one finds what is left.
  }
  parentPort.postMessage(true)
})
parentPort.postMessage(true)
`

/**
 * Carries the write-ahead log over into the database in a thread of its own. A checkpoint copies pages and
 * waits for the disk; on the thread that runs handlers it costs a seventh of a backfill and is what
 * the slowest commits wait for (measured).
 */
export class Checkpointer {
  readonly #path: string
  readonly #rows: () => number
  readonly #onWorking: (working: boolean) => void
  #worker: Worker | null = null
  #failed = false
  #busy = true
  #commits = 0
  #began = 0
  #next = 0

  /**
   * `rows` tells how many the writer has written so far, `onWorking` is told whether the thread looks after the log, or
   * the writer has to.
   */
  constructor(path: string, rows: () => number, onWorking: (working: boolean) => void) {
    this.#path = path
    this.#rows = rows
    this.#onWorking = onWorking
  }

  /** Call after each commit. */
  committed(): void {
    if (this.#failed || (this.#worker === null && !this.#isWorthIt())) return
    this.#worker ??= this.#start()
    const now = performance.now()
    if (this.#busy || now < this.#next) return
    this.#busy = true
    this.#began = now
    this.#worker.postMessage(true)
  }

  #isWorthIt(): boolean {
    return ++this.#commits >= AFTER.commits || this.#rows() >= AFTER.rows
  }

  #start(): Worker {
    const worker = new Worker(PROGRAM, { eval: true, workerData: { path: this.#path }, execArgv: [] })
    worker.unref()
    let first = true
    worker.on('message', () => {
      this.#busy = false
      if (first) this.#onWorking(true)
      else this.#next = performance.now() + restAfter(performance.now() - this.#began)
      first = false
    })
    worker.on('error', () => {
      this.#failed = true
      this.#onWorking(false)
    })
    return worker
  }

  /** The thread's connection is closed when this resolves. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#failed = true
    this.#worker = null
    if (worker === null || worker.threadId === -1) return
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.ref()
    worker.postMessage(false)
    await exited
  }
}
