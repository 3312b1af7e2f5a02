import type { DeadLetter } from '../store/dead-letters.ts'
import { isLive, type Outcome, type Unit } from './unit.ts'

/**
 * What became of a retry. `gone` somebody else dealt with the letter · `superseded` a newer record took its place ·
 * `unhandled` no handler takes the event any more · `skipped` the record is invalid and the policy skips it now.
 * The letter stays when it `failed`, was `unhandled` or `skipped`.
 */
export type RetryOutcome = 'applied' | 'failed' | 'superseded' | 'gone' | 'unhandled' | 'skipped'

interface Pending<R> {
  readonly repoId: number
  readonly did: string
  /** Ops in it, for the size of batches. */
  readonly size: number
  /** Live work goes before historical work of other repos. */
  readonly live: boolean
  /** One of several chunks of a fetch: they touch different paths, and their order does not matter (P3). */
  readonly apart: boolean
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

export interface UnitWork extends Pending<Outcome> {
  readonly kind: 'unit'
  readonly unit: Unit
}

export interface RetryWork extends Pending<RetryOutcome> {
  readonly kind: 'retry'
  readonly letter: DeadLetter
}

/** One thing that waits for a transaction. */
export type Work = UnitWork | RetryWork

/** Whether a unit is nothing but a chunk of a fetched repo. */
export const isApart = (unit: Unit): boolean =>
  unit.mode === 'diff' &&
  !isLive(unit) &&
  unit.patch === undefined &&
  unit.bufferId === undefined &&
  unit.identity === undefined &&
  unit.account === undefined &&
  unit.removeRepo !== true
