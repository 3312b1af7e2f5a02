import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../errors.ts'
import { sqliteCode } from './dialects/sqlite/faults.ts'

/** Held for as long as a process runs on an embedded database. */
export interface Lock {
  release(): void
}

/**
 * One process at a time. The lock is SQLite's own exclusive file lock on a database beside ours, so the
 * operating system lets go of it when the process dies, however it dies. Its content cannot be read
 * while it is held: the pid stands in a file of its own.
 */
export function lock(path: string): Lock {
  const file = `${path}.lock`
  const pidFile = `${path}.pid`
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec('begin exclusive')
  } catch (error) {
    db.close()
    if (sqliteCode(error) !== 5) throw error
    throw new UserError(
      `another lextap process uses this database: stop it first; file=${path}; pid=${pidOf(pidFile)}`,
      { code: 'locked', cause: error },
    )
  }
  writeFileSync(pidFile, `${process.pid}\n`)
  return {
    release() {
      if (!db.isOpen) return
      // The files stay: removing them would let a third process lock a name that a second still waits on.
      db.exec('rollback')
      db.close()
    },
  }
}

function pidOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
