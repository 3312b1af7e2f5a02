import type { DatabaseSync } from 'node:sqlite'
import { sleep } from '../../../async/signal.ts'
import { sqliteFault } from './faults.ts'
import { lockHolders } from './lock-holders.ts'

/** Another process (a command line tool, a backup) may hold the file for so long before we give up, ms. */
export const BUSY_MS = 5000
/** SQLite itself waits so long, and holds up the event loop meanwhile: long enough for another's small commit, ms. */
export const BLOCKING_MS = 5
const LONGEST_WAIT_MS = 50

/**
 * Runs what needs the file's lock until it is free, at most `BUSY_MS`; the event loop goes on meanwhile. `run` must
 * do nothing, or one statement. Throws what it throws; after the time that the file is busy, and whose doing that is.
 */
export async function whenFree<T>(db: DatabaseSync, run: () => T): Promise<T> {
  const until = performance.now() + BUSY_MS
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return run()
    } catch (error) {
      if (sqliteFault(error) !== 'busy') throw error
      if (performance.now() >= until) throw naming(error, db)
    }
    await sleep(waitMs)
  }
}

/** SQLite says no more than `database is locked`, and this is what logs show of it. */
function naming(error: unknown, db: DatabaseSync): unknown {
  const file = db.location()
  const holders = file === null ? [] : lockHolders(file)
  if (error instanceof Error && holders.length > 0)
    error.message = `${error.message} by ${holders.join(', ')}; file=${file}`
  return error
}
