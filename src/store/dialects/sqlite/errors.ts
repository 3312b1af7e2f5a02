import { LextapError, TemporaryError, UserError } from '../../../errors.ts'
import { sqliteCode } from './faults.ts'
import { lockHolders } from './lock-holders.ts'

function lockHolder(path: string): string {
  const holders = lockHolders(path)
  return holders.length === 0 ? 'another process' : holders.join(', ')
}

/** Turns what opening a file can throw into something a person can act on. */
export function explain(error: unknown, path: string): LextapError {
  if (error instanceof LextapError) return error
  const options = { code: 'database', cause: error }
  switch (sqliteCode(error)) {
    case 26:
      return new UserError(`this file is not an SQLite database; file=${path}`, options)
    case 8:
      return new UserError(
        `the database file cannot be written: check its rights and those of its folder; file=${path}`,
        options,
      )
    case 14:
      return new UserError(
        `the database file cannot be opened: check that the folder exists and may be written; file=${path}`,
        options,
      )
    case 11:
      return new UserError(
        `the database file is damaged; to see where: sqlite3 ${path} 'pragma integrity_check'; then restore a backup, or remove the file to index everything anew; file=${path}`,
        options,
      )
    case 13:
      return new TemporaryError(`the disk is full; file=${path}`, options)
    case 5:
    case 6:
      return new TemporaryError(`the database is locked by ${lockHolder(path)}; file=${path}`, options)
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new UserError(`no right to write the database's folder; file=${path}`, options)
  }
  if (code === 'ENOENT') {
    return new UserError(`the database's folder cannot be made there; file=${path}`, options)
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new UserError(`a file stands where the database's folder should be; file=${path}`, options)
  }
  if (code === 'ENOSPC') return new TemporaryError(`the disk is full; file=${path}`, options)
  return new TemporaryError(`the database cannot be used: ${message}; file=${path}`, options)
}
