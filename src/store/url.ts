import { resolve } from 'node:path'
import { UserError } from '../errors.ts'

export type DatabaseUrl =
  | { readonly dialect: 'sqlite'; readonly path: string }
  | { readonly dialect: 'pglite'; readonly path: string }
  | { readonly dialect: 'postgres'; readonly url: string }

/** `:memory:` or an absolute path. */
export function parseDatabaseUrl(url: string, cwd: string = process.cwd()): DatabaseUrl {
  const scheme = /^(sqlite|pglite|postgres|postgresql):/.exec(url)?.[1]
  if (scheme === 'postgres' || scheme === 'postgresql') {
    if (!/^[a-z]+:\/\//.test(url) || !URL.canParse(url))
      throw new UserError(`not a postgres URL: ${maskPassword(url)}`)
    return { dialect: 'postgres', url }
  }
  if (scheme !== 'sqlite' && scheme !== 'pglite') {
    throw new UserError(
      `unknown kind of database: ${maskPassword(url)}; use sqlite:./file.db, postgres://user@host/database or pglite:./folder`,
    )
  }
  const rest = url.slice(scheme.length + 1).replace(/^\/\/(?=\/|\.|~|:memory:)/, '')
  if (rest === '') throw new UserError(`this database URL names no file: ${url}`)
  return { dialect: scheme, path: rest === ':memory:' ? rest : resolve(cwd, rest) }
}

/** The URL as it may be shown. */
export function maskPassword(url: string): string {
  return url.replace(/(\/\/[^:/@\s]*):[^@\s]*@/, '$1:***@')
}
