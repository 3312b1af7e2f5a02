import { statSync } from 'node:fs'
import { LextapError, TemporaryError, UserError } from '../../../errors.ts'

/** Turns what opening PGlite can throw into something a person can act on. */
export function explain(error: unknown, path: string): LextapError {
  if (error instanceof LextapError) return error
  const options = { code: 'database', cause: error }
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ERR_MODULE_NOT_FOUND':
      return new UserError(
        'pglite: databases need a package that is not installed: npm install @electric-sql/pglite',
        options,
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new UserError(
        `the database's folder cannot be written: check its rights; folder=${path}`,
        options,
      )
    case 'ENOENT':
      return new UserError(`the database's folder cannot be made there; folder=${path}`, options)
    case 'ENOTDIR':
    case 'EEXIST':
      return new UserError(`a file stands where the database's folder should be; folder=${path}`, options)
    case 'XX001':
    case 'XX002':
      return new UserError(
        `the database is damaged: ${message}; restore a backup, or remove the folder to index everything anew; folder=${path}`,
        options,
      )
    case 'ENOSPC':
      return new TemporaryError(`the disk is full; folder=${path}`, options)
  }
  // What PGlite throws for one has neither code nor message.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return explain({ code: 'ENOTDIR' }, path)
  return new UserError(
    `the folder holds no database PGlite can open: ${message ?? String(error)}; folder=${path}`,
    options,
  )
}
