import { LextapError, TemporaryError, UserError } from '../../../errors.ts'
import { postgresFault, sqlState } from './faults.ts'

/** Turns what connecting can throw into something a person can act on. `url` without its password. */
export function explain(error: unknown, url: string): LextapError {
  if (error instanceof LextapError) return error
  const options = { code: 'database', cause: error }
  const message = error instanceof Error ? error.message : String(error)
  switch (sqlState(error)) {
    case '28P01':
    case '28000':
      return new UserError(`the database refused user or password: ${message}; url=${url}`, options)
    case '3D000':
      return new UserError(`there is no such database: create it first (createdb); url=${url}`, options)
    case '42501':
      return new UserError(`the database user lacks a right: ${message}; url=${url}`, options)
    case '25006':
      return new TemporaryError(`the database takes no writes: ${message}; url=${url}`, options)
    case '53100':
      return new TemporaryError(`the database's disk is full; url=${url}`, options)
    case '53300':
      return new TemporaryError(`the database accepts no more connections; url=${url}`, options)
    case 'XX001':
    case 'XX002':
      return new UserError(
        `the database is damaged: ${message}; to see what: pg_amcheck; an index is made anew by reindex, anything else wants a backup; url=${url}`,
        options,
      )
    case '57P03':
      return new TemporaryError(`the database is starting up or shutting down; url=${url}`, options)
  }
  if (/password must be a string|no password/i.test(message)) {
    return new UserError(`the database wants a password and the URL has none; url=${url}`, options)
  }
  if (/does not support SSL/i.test(message)) {
    return new UserError(`the database speaks no TLS: remove sslmode from the URL; url=${url}`, options)
  }
  const unsaid = sqlState(error) === null && (error as { code?: unknown }).code !== undefined
  if (postgresFault(error) === 'connection' || unsaid) {
    return new TemporaryError(`the database cannot be reached: ${reason(error)}; url=${url}`, options)
  }
  return new TemporaryError(`the database cannot be used: ${message}; url=${url}`, options)
}

/** Several addresses may have been tried: Node wraps their errors in one without a message. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join('; ')
  return error instanceof Error && error.message !== ''
    ? error.message
    : String((error as { code?: unknown }).code)
}
