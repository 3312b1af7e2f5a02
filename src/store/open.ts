import { UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import type { Database } from './database.ts'
import { type Lock, lock } from './lock.ts'
import { migrate, requireSchema } from './migrate.ts'
import { Store } from './store.ts'
import { type DatabaseUrl, maskPassword, parseDatabaseUrl } from './url.ts'
import { runUserMigrations } from './user-migrations.ts'

export type { Store }

export interface OpenStoreOptions {
  readonly observer: Observer
  /** Folder of the user's Kysely migrations, brought to the latest; null or absent for none. */
  readonly migrations?: string | null
  /** Look, write nothing. The schema must be there. Default false. */
  readonly readOnly?: boolean
  /**
   * Be the one process that runs on this database. Default true; command line tools that read, add repos or
   * retry dead letters beside a running process open with `false`. Postgres has no such lock: the rev
   * guard keeps processes apart there.
   */
  readonly lock?: boolean
  /** Most connections to open on Postgres. Default 8. */
  readonly connections?: number
}

/**
 * Opens a store and brings its schema up to date.
 * `sqlite:./file.db` · `sqlite::memory:` · `postgres://…` · `pglite:./dir` · `pglite::memory:`
 * @throws UserError when the user must fix something, TemporaryError when trying later may help.
 */
export async function openStore(url: string, options: OpenStoreOptions): Promise<Store> {
  const parsed = parseDatabaseUrl(url)
  const readOnly = options.readOnly ?? false
  const guest = readOnly || options.lock === false
  await using stack = new AsyncDisposableStack()
  const db = stack.adopt(await openDatabase(parsed, readOnly), (opened) => opened.close())
  const held = guest ? null : stack.adopt(lockFor(parsed), (taken) => taken?.release())
  await prepare(db, readOnly, options.migrations ?? null)
  const store = new Store(db, { guest, url: maskPassword(url), release: () => held?.release() })
  await store.load()
  stack.move()
  return store
}

async function prepare(db: Database, readOnly: boolean, migrations: string | null): Promise<void> {
  if (readOnly) await requireSchema(db)
  else await migrate(db)
  if (migrations !== null && !readOnly) await runUserMigrations(db, migrations, 'latest')
  await db.introspect()
}

function lockFor(url: DatabaseUrl): Lock | null {
  return url.dialect === 'postgres' || url.path === ':memory:' ? null : lock(url.path)
}

async function openDatabase(url: DatabaseUrl, readOnly: boolean): Promise<Database> {
  switch (url.dialect) {
    case 'sqlite': {
      const { openSqlite } = await import('./dialects/sqlite/open.ts')
      return openSqlite(url.path, { readOnly })
    }
    default:
      throw new UserError(`this kind of database is not there yet: ${url.dialect}`)
  }
}
