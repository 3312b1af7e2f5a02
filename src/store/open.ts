import type { LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { migrationEdited } from '../observe/store-events.ts'
import type { Database } from './database.ts'
import { type Lock, lock } from './lock.ts'
import { migrate, requireSchema } from './migrate.ts'
import { advices } from './migration-survey.ts'
import { PatientDatabase } from './patient.ts'
import type { BufferLimits } from './resync-buffer.ts'
import { Store } from './store.ts'
import { type DatabaseUrl, maskPassword, parseDatabaseUrl } from './url.ts'
import { type ImportModule, runUserMigrations } from './user-migrations.ts'

export type { Store }

export interface OpenStoreOptions {
  readonly observer: Observer
  /** Folder of the user's Kysely migrations, brought to the latest; null or absent for none. */
  readonly migrations?: string | null
  /** Loads the migrations; Node's own `import` by default. */
  readonly importModule?: ImportModule
  /** Look, write nothing. The schema must be there. Default false. */
  readonly readOnly?: boolean
  /**
   * Be the one process that runs on this database. Default true; command line tools that read, add repos or
   * retry dead letters beside a running process open with `false`. Postgres has no such lock: the rev
   * guard keeps processes apart there.
   */
  readonly lock?: boolean
  /**
   * On Postgres: a schema ahead of those where lextap's own tables are. The user's migrations run in it and handlers
   * write to it.
   */
  readonly schema?: { readonly name: string; readonly searchPath: string }
  /** Most connections to open on Postgres. Default 8. */
  readonly connections?: number
  /** What one repo may have waiting in the resync buffer. Default 20,000 frames and 128 MiB. */
  readonly buffer?: BufferLimits
  /** What is stored turned out to be broken, after the store was opened. Called once. */
  readonly onDamage?: (error: LextapError) => void
}

/** A command line tool waits out a short lock or a reconnect, no more. */
const GUEST_RETRIES = 3

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
  const held = stack.adopt(lockFor(parsed, guest), (taken) => taken?.undo())
  const opened = stack.adopt(await openDatabase(parsed, options), (db) => db.close())
  const retries = guest ? GUEST_RETRIES : Number.POSITIVE_INFINITY
  const { observer, onDamage } = options
  const db = new PatientDatabase(opened, {
    ...{ observer, retries },
    ...(onDamage === undefined ? {} : { onDamage }),
  })
  const store = new Store(db, {
    guest,
    url: maskPassword(url),
    release: () => held?.release(),
    leave: (graceMs) => db.leave(graceMs),
    ...(options.buffer === undefined ? {} : { buffer: options.buffer }),
  })
  try {
    await prepare(opened, readOnly, options)
    await store.load()
  } catch (error) {
    throw opened.explain(error)
  }
  stack.move()
  return store
}

async function prepare(
  db: Database,
  readOnly: boolean,
  { migrations = null, importModule, schema, observer }: OpenStoreOptions,
): Promise<void> {
  if (readOnly) await requireSchema(db)
  else await migrate(db)
  if (migrations !== null && !readOnly) {
    const report = await runUserMigrations(db, migrations, 'latest', importModule, schema?.name)
    for (const advice of advices(report.migrations)) migrationEdited(observer, { advice })
  }
  await db.introspect()
}

/** PGlite cannot be shared at all: two processes in one folder destroy it. */
function lockFor(url: DatabaseUrl, guest: boolean): Lock | null {
  if (url.dialect === 'postgres' || url.path === ':memory:') return null
  return guest && url.dialect === 'sqlite' ? null : lock(url.path)
}

async function openDatabase(url: DatabaseUrl, options: OpenStoreOptions): Promise<Database> {
  const readOnly = options.readOnly ?? false
  switch (url.dialect) {
    case 'sqlite': {
      const { openSqlite } = await import('./dialects/sqlite/open.ts')
      return openSqlite(url.path, { readOnly })
    }
    case 'postgres': {
      const { openPostgres } = await import('./dialects/postgres/open.ts')
      return openPostgres(url.url, {
        readOnly,
        connections: options.connections ?? 8,
        searchPath: options.schema?.searchPath ?? null,
      })
    }
    case 'pglite': {
      const { openPglite } = await import('./dialects/pglite/open.ts')
      return openPglite(url.path)
    }
  }
}
