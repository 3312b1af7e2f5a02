import { sqlState } from './faults.ts'
import type { MergeShape } from './shapes.ts'

/**
 * So many rows of one upsert at once come from a fetch, and are new as a rule: inserted without looking for a
 * conflict first they cost the server two thirds.
 */
const MANY = 20
/** Statements that go as upserts after one has met a row that was there; four times as many each time it happens. */
const WAIT = { least: 64, most: 4096 } as const
const UNIQUE_VIOLATION = '23505'

/**
 * Which upserts may go as plain inserts. One that meets a row that was there fails its attempt, which is repeated, and
 * its like go as upserts for a while. Shared by all transactions.
 */
export class FreshRows {
  readonly #waits = new WeakMap<MergeShape, { left: number; next: number }>()

  /** Whether these rows are taken for new; asked once for each statement. */
  take(shape: MergeShape, rows: number): boolean {
    if (shape.fresh === null || rows < MANY) return false
    const wait = this.#waits.get(shape)
    if (wait === undefined || wait.left === 0) return true
    wait.left--
    return false
  }

  /** A plain insert failed. */
  failed(shape: MergeShape, error: unknown): void {
    if (sqlState(error) !== UNIQUE_VIOLATION) return
    const left = this.#waits.get(shape)?.next ?? WAIT.least
    this.#waits.set(shape, { left, next: Math.min(left * 4, WAIT.most) })
  }
}
