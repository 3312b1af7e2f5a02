import { readdirSync } from 'node:fs'
import { join, parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  type Migration,
  type MigrationInfo,
  type MigrationResult,
  type MigrationResultSet,
  Migrator,
} from 'kysely'
import { UserError } from '../errors.ts'
import type { Database } from './database.ts'
import type { Store } from './store.ts'

export type MigrationStep = 'latest' | 'up' | 'down' | 'status'

export interface MigrationReport {
  /** What this call did, in order. */
  readonly done: readonly { readonly name: string; readonly direction: 'up' | 'down' }[]
  /** Every migration of the folder; `executedAt` null when it is still due. */
  readonly migrations: readonly { readonly name: string; readonly executedAt: Date | null }[]
}

/** Runs the user's Kysely migrations of a folder; each in a transaction of its own, so a failure leaves nothing. */
export async function runUserMigrations(
  store: Store | Database,
  folder: string,
  step: MigrationStep,
): Promise<MigrationReport> {
  const db = 'db' in store ? store.db : store
  const migrator = new Migrator({ db: db.kysely, provider: { getMigrations: () => readMigrations(folder) } })
  const results =
    step === 'status'
      ? []
      : await withoutForeignKeys(db, async () => resultsOf(await run(migrator, step), folder))
  if (results.length > 0) await db.introspect()
  return {
    done: results.map((r) => ({ name: r.migrationName, direction: r.direction === 'Down' ? 'down' : 'up' })),
    migrations: (await list(migrator, folder)).map(({ name, executedAt }) => ({
      name,
      executedAt: executedAt ?? null,
    })),
  }
}

/**
 * SQLite rebuilds a table to change it, and dropping the old one would take along every row that refers to
 * it: foreign keys are looked after when all is done, as SQLite's own manual has it.
 */
async function withoutForeignKeys<T>(db: Database, migrate: () => Promise<T>): Promise<T> {
  if (db.dialect !== 'sqlite') return migrate()
  const broken = () =>
    db.all<{ table: string; parent: string }>('select "table", parent from pragma_foreign_key_check')
  const before = (await broken()).length
  await db.run('pragma foreign_keys = off')
  try {
    const result = await migrate()
    const after = await broken()
    const worst = after.at(-1)
    if (after.length <= before || worst === undefined) return result
    throw new UserError(
      `the migrations left rows that refer to nothing; rows=${after.length - before}; table=${worst.table}; parent=${worst.parent}`,
      { code: 'migration' },
    )
  } finally {
    await db.run('pragma foreign_keys = on')
  }
}

function run(migrator: Migrator, step: 'latest' | 'up' | 'down'): Promise<MigrationResultSet> {
  if (step === 'up') return migrator.migrateUp()
  return step === 'down' ? migrator.migrateDown() : migrator.migrateToLatest()
}

async function list(migrator: Migrator, folder: string): Promise<readonly MigrationInfo[]> {
  try {
    return await migrator.getMigrations()
  } catch (error) {
    throw failure(error, folder, undefined)
  }
}

function resultsOf({ error, results = [] }: MigrationResultSet, folder: string): MigrationResult[] {
  if (error !== undefined)
    throw failure(error, folder, results.find((r) => r.status === 'Error')?.migrationName)
  return results.filter((r) => r.status === 'Success')
}

function failure(error: unknown, folder: string, name: string | undefined): UserError {
  if (error instanceof UserError) return error
  const what = name === undefined ? 'the migrations cannot be run' : `migration ${name} failed`
  const why = error instanceof Error ? error.message : String(error)
  return new UserError(`${what}: ${why}; folder=${folder}`, { code: 'migration', cause: error })
}

const MIGRATION = /^(?!.*\.d\.[cm]?ts$).*\.[cm]?[jt]s$/

async function readMigrations(folder: string): Promise<Record<string, Migration>> {
  const migrations: Record<string, Migration> = {}
  for (const file of filesOf(folder)) {
    const { name } = parse(file)
    const path = join(folder, file)
    if (name in migrations) throw new UserError(`two migrations have the name ${name}; folder=${folder}`)
    const module: unknown = await import(pathToFileURL(path).href).catch((error: unknown) => {
      throw new UserError(
        `a migration cannot be loaded: ${error instanceof Error ? error.message : String(error)}; file=${path}`,
        {
          code: 'migration',
          cause: error,
        },
      )
    })
    migrations[name] = migrationOf(module, path)
  }
  return migrations
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => MIGRATION.test(file) && !/\.test\.[cm]?[jt]s$/.test(file))
      .sort()
  } catch (error) {
    throw new UserError(`the folder of migrations cannot be read; folder=${folder}`, {
      code: 'migration',
      cause: error,
    })
  }
}

function migrationOf(module: unknown, path: string): Migration {
  const exported = module as { up?: unknown; default?: { up?: unknown } }
  const migration = typeof exported.up === 'function' ? exported : exported.default
  if (typeof migration?.up !== 'function')
    throw new UserError(`a migration must export a function \`up\`; file=${path}`)
  return migration as Migration
}
