import type { Fault } from '../store/database.ts'

/** How a batch is applied. */
export interface How {
  /** Look after every piece for what would fail at commit only. */
  readonly careful: boolean
  /** Look for the event at fault instead of repeating the batch for what may pass. */
  readonly halving: boolean
}

/** Fewest times a batch fails with what may pass before an event is taken to be at fault. */
const FEWEST = 3

/** What became of a batch so far, and how it runs the next time. */
export class Repeats {
  failures = 0
  how: How = { careful: false, halving: false }
  readonly #limit: number
  #conflicts = 0
  #doubts = 0

  /** `attempts`: how often a handler that fails is called. */
  constructor(attempts: number) {
    this.#limit = Math.max(FEWEST, attempts)
  }

  /** Two batches that keep getting into each other's way would do so for ever, or cost each other events. */
  get alone(): boolean {
    return this.#conflicts > 1 || this.how.halving
  }

  /** The commit itself refused: a deferred constraint. */
  refused(): void {
    this.how = { ...this.how, careful: true }
  }

  /** The database failed; `doubted`: with what may be a statement's own. */
  failed(fault: Fault, doubted: boolean): void {
    this.failures++
    if (fault === 'conflict') this.#conflicts++
    if (doubted && ++this.#doubts >= this.#limit) this.how = { careful: true, halving: true }
  }
}
