import type { Fault, Transaction } from '../store/database.ts'
import { type AttemptOptions, attempt, isTimeout } from './attempt.ts'
import { type Effects, mergeEffects, noEffects } from './context.ts'
import type { Job } from './job.ts'

/** The event at whose handler the database failed, or the first of several where it cannot be told. */
export interface Place {
  readonly did: string
  readonly collection: string
  readonly rkey: string
  /** How many it may be. */
  readonly among: number
}

/** The transaction is lost, and the whole batch runs again: trouble of the database itself, or what may pass. */
export class DatabaseFault extends Error {
  readonly fault: Fault
  /** A handler's statement met it and may meet it for ever. */
  readonly doubted: boolean
  readonly place: Place | null
  constructor(fault: Fault, cause: unknown, where: { doubted: boolean; place: Place | null }) {
    super('the database failed', { cause })
    this.fault = fault
    this.doubted = where.doubted
    this.place = where.place
  }
}

export interface HalvingOptions extends AttemptOptions {
  /** Failures before a job is given up. */
  readonly attempts: number
  /** Take for an event's own what may pass: the batch has been repeated often enough. */
  readonly halving: boolean
}

/**
 * Applies `jobs` in order. When anything fails, rolls back to the savepoint and goes on in smaller pieces,
 * one after another, until the culprit is alone: it is tried up to `attempts` times and then has its
 * `failure` set, with nothing written but the withdrawal of the version before; all the others are applied. One savepoint in the good case.
 * @throws DatabaseFault (when `halving`, only for trouble of the whole database); the signal's reason when the dispatcher stops.
 */
export async function applyJobs(
  tx: Transaction,
  jobs: readonly Job[],
  options: HalvingOptions,
): Promise<Effects> {
  const effects = noEffects()
  // Pieces still to do, the next one last.
  const todo: (readonly Job[])[] = [jobs]
  for (let piece = todo.pop(); piece !== undefined; piece = todo.pop()) {
    if (piece.length > 0) await applyPiece(tx, piece, options, effects, todo)
  }
  return effects
}

async function applyPiece(
  tx: Transaction,
  jobs: readonly Job[],
  options: HalvingOptions,
  effects: Effects,
  todo: (readonly Job[])[],
): Promise<void> {
  await tx.savepoint()
  let result = await attempt(tx, jobs, options)
  if (result.ok) {
    try {
      await tx.releaseSavepoint()
      mergeEffects(effects, result.effects)
      return
    } catch (error) {
      // A statement failed and the handler hid it: Postgres refuses everything after it.
      result = { ok: false, error, culprit: jobs.length === 1 ? 0 : null }
    }
  }
  const fault = tx.fault ?? (options.halving ? null : tx.doubt)
  if (fault !== null) {
    const where = { doubted: tx.fault === null, place: placeOf(jobs, result.culprit) }
    throw new DatabaseFault(fault, result.error, where)
  }
  await tx.rollbackToSavepoint()
  // What failed because we are stopping has not failed: it comes again after the restart.
  options.signal.throwIfAborted()
  todo.push(...smaller(jobs, result.error, result.culprit, options.attempts))
}

function placeOf(jobs: readonly Job[], culprit: number | null): Place | null {
  const job = jobs[culprit ?? 0]
  if (job === undefined) return null
  const { origin, collection, rkey } = job
  return { did: origin.did, collection, rkey, among: culprit === null ? jobs.length : 1 }
}

/** The pieces to go on with, last first. */
function smaller(
  jobs: readonly Job[],
  error: unknown,
  culprit: number | null,
  attempts: number,
): (readonly Job[])[] {
  if (culprit === null) {
    const middle = jobs.length >> 1
    return [jobs.slice(middle), jobs.slice(0, middle)]
  }
  const before = jobs.slice(0, culprit)
  const after = jobs.slice(culprit + 1)
  const job = jobs[culprit] as Job
  const again = job.failed(isTimeout(error) ? 'timeout' : 'handler', error, attempts)
  return again ? [after, [job], before] : [after, before]
}
