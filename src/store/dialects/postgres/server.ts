import type pg from 'pg'
import { TemporaryError, UserError } from '../../../errors.ts'

const OLDEST_VERSION = 14

interface Server {
  readonly version: string
  readonly database: string
  readonly role: string
  readonly encoding: string
  readonly standby: boolean
  readonly readOnly: string
  /** Where `readOnly` comes from, in PostgreSQL's words: `database`, `user`, `configuration file` … */
  readonly source: string | null
}

/**
 * Refuses a server or database that lextap cannot work with: too old, not in UTF-8, and unless we only look one that
 * takes no writes. `url` without its password.
 * @throws UserError; TemporaryError for a standby, which may be promoted.
 */
export async function requireServer(
  pool: pg.Pool,
  options: { readonly readOnly: boolean },
  url: string,
): Promise<void> {
  const server = await serverOf(pool)
  const version = Math.floor(Number(server.version) / 10_000)
  if (version < OLDEST_VERSION)
    throw new UserError(
      `PostgreSQL ${version} is too old: lextap needs ${OLDEST_VERSION} or newer; url=${url}`,
    )
  const { database, encoding } = server
  if (encoding !== 'UTF8')
    throw new UserError(
      `the database ${JSON.stringify(database)} is encoded in ${encoding}, which has no place for most of what people write (emoji, scripts): lextap needs UTF8; make another: createdb --encoding=UTF8 --template=template0 ${database}_utf8; url=${url}`,
      { code: 'database' },
    )
  if (!options.readOnly) requireWritable(server, url)
}

async function serverOf(pool: pg.Pool): Promise<Server> {
  const { rows } = await pool.query<Server>(
    `select current_setting('server_version_num') as version, current_database()::text as database,
       current_user::text as role, pg_is_in_recovery() as standby,
       (select pg_encoding_to_char(encoding)::text from pg_database where datname = current_database()) as encoding,
       current_setting('default_transaction_read_only') as "readOnly",
       (select source from pg_settings where name = 'default_transaction_read_only') as source`,
  )
  return rows[0] as Server
}

function requireWritable({ standby, readOnly, source, database, role }: Server, url: string): void {
  if (standby)
    throw new TemporaryError(
      `the server is a standby, which takes no writes: name the primary in the URL, or come back when this one is promoted; url=${url}`,
      { code: 'database' },
    )
  if (readOnly !== 'on') return
  const where = `(database ${JSON.stringify(database)}, role ${JSON.stringify(role)})`
  throw new UserError(
    `the database is set read-only ${where}: default_transaction_read_only is on, ${mendingOf(source, database, role)}; url=${url}`,
    { code: 'database' },
  )
}

function mendingOf(source: string | null, database: string, role: string): string {
  const reset = 'reset default_transaction_read_only'
  switch (source) {
    case 'database':
      return `set for the database: alter database "${database}" ${reset}`
    case 'user':
      return `set for the role: alter role "${role}" ${reset}`
    case 'database user':
      return `set for the role in this database: alter role "${role}" in database "${database}" ${reset}`
    case 'client':
      return 'set by the URL or PGOPTIONS'
    default:
      return `set for the whole server (${source ?? 'unknown'}): ask who runs it`
  }
}
