import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { UserError } from '../errors.ts'
import { explain } from './dialects/sqlite/errors.ts'
import { sqliteCode } from './dialects/sqlite/faults.ts'
import { makeFolder } from './folder.ts'

/** Held for as long as a process runs on an embedded database. */
export interface Lock {
  release(): void
  /** Lets go of a path that turned out to hold no database of ours: files that were not there before are removed. */
  undo(): void
}

/**
 * One process at a time. The lock is SQLite's own exclusive file lock on a database beside ours, so the
 * operating system lets go of it when the process dies, however it dies. Its content cannot be read
 * while it is held: the pid stands in a file of its own.
 * @throws UserError naming the file and the process that holds it.
 */
export function lock(path: string): Lock {
  const file = `${path}.lock`
  let db: DatabaseSync | null = null
  try {
    makeFolder(dirname(path))
    for (;;) {
      const before = inodeOf(file)
      db = new DatabaseSync(file, { timeout: 0 })
      const opened = inodeOf(file)
      db.exec('begin exclusive')
      // Whoever had it may have undone it in between: a lock on a file that has no name keeps nobody out.
      if (opened !== null && inodeOf(file) === opened) return held(db, path, before === null)
      db.close()
    }
  } catch (error) {
    if (db?.isOpen) db.close()
    throw sqliteCode(error) === 5 ? heldBy(path, error) : explain(error, path)
  }
}

const inodeOf = (file: string): number | null => statSync(file, { throwIfNoEntry: false })?.ino ?? null

function held(db: DatabaseSync, path: string, fresh: boolean): Lock {
  writeFileSync(`${path}.pid`, `${process.pid}\n`)
  return {
    release() {
      // The files stay: removing them would let a third process lock a name that a second still waits on.
      if (db.isOpen) db.close()
    },
    undo() {
      if (!db.isOpen) return
      if (fresh) for (const suffix of ['pid', 'lock']) rmSync(`${path}.${suffix}`, { force: true })
      db.close()
    },
  }
}

/** Whether a process runs on this database. Throws what {@link lock} throws when that cannot be told. */
export function isLocked(path: string): boolean {
  try {
    lock(path).release()
    return false
  } catch (error) {
    if (error instanceof UserError && error.code === 'locked') return true
    throw error
  }
}

function heldBy(path: string, cause: unknown): UserError {
  const pid = pidOf(`${path}.pid`)
  return new UserError(`another lextap process uses this database: stop it first; file=${path}; pid=${pid}`, {
    code: 'locked',
    cause,
  })
}

function pidOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
