import type { VerifiedOp } from '../protocol/op.ts'
import type { RepoGuard, RepoPatch } from '../store/repo-row.ts'
import type { AccountEvent, EventSource, IdentityEvent } from './event.ts'

export type { VerifiedOp }

/**
 * One commit's ops, one chunk of a backfill, or a change of account: whatever must become true together.
 * The dispatcher applies it in one transaction, or tells `stale` when the guard no longer holds.
 */
export interface Unit {
  readonly repoId: number
  readonly did: string
  readonly source: EventSource
  /** Whether it just happened. Default: the source is `live`. */
  readonly live?: boolean
  readonly rev: string
  /**
   * What must still be true of the repo row for the unit to apply: live commits guard on `rev`
   * (`where rev is <old>`), backfill chunks on `run` and `state`.
   */
  readonly guard: RepoGuard
  readonly ops: readonly VerifiedOp[]
  /** Written into `record.run`. */
  readonly run: number
  /**
   * `diff`: ops come from a repo snapshot; unchanged CIDs are only marked with `run`, known paths become
   * updates, unknown ones creates. `trust`: actions are as given.
   */
  readonly mode: 'trust' | 'diff'
  /** True when the record index of this repo is known to be empty: a diff needs no look-ups. */
  readonly fresh?: boolean
  readonly patch?: RepoPatch
  readonly identity?: IdentityEvent
  readonly account?: AccountEvent
  /** Resync-buffer row that this unit settles (deleted in the same transaction). */
  readonly bufferId?: number
  /** The repo is on its way out: its deletes may overlap each other on their way to others. */
  readonly removing?: boolean
  /** The repo row and what hangs on it go with this unit (its records were deleted before). */
  readonly removeRepo?: boolean
  /** The user keeps the rows of the repo that goes: which ones is remembered. */
  readonly keepRows?: boolean
}

/** `applied` committed · `stale` the guard did not hold, nothing was written. */
export type Outcome = 'applied' | 'stale'

export const isLive = (unit: Unit): boolean => unit.live ?? unit.source === 'live'
