import { join, parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MigrationResult, MigrationResultSet, Migrator } from 'kysely/migration'
import { LextapError, UserError } from '../errors.ts'
import type { Database } from './database.ts'
import { withValidIndexes } from './invalid-indexes.ts'
import { inTurn, type MigrationPiece, piecesOf, type UserMigration } from './migration-pieces.ts'
import {
  type MigrationState,
  migrationFiles,
  noteMigrations,
  requireOrder,
  surveyMigrations,
} from './migration-survey.ts'
import type { Store } from './store.ts'

/** `accept` takes the files of migrations that ran for what ran. */
export type MigrationStep = 'latest' | 'up' | 'down' | 'status' | 'accept'

export interface MigrationReport {
  /** What this call did, in order. */
  readonly done: readonly { readonly name: string; readonly direction: 'up' | 'down' }[]
  /** Every migration of the folder, and those that ran and are not in it. */
  readonly migrations: readonly MigrationState[]
}

/** Imports a module of the user's; throws a UserError that says what `what` is and where it is wrong. */
export type ImportModule = (file: string, what: string) => Promise<object>

/**
 * Runs the user's Kysely migrations of a folder. Those that are due share a transaction, so a failure leaves
 * nothing of any of them; one with `transaction = false` runs by itself outside of any, and parts those before from those behind it.
 * `importModule` loads them; Node's own `import` by default, which knows less TypeScript than users write.
 * @throws UserError for a migration that cannot be loaded or fails, TemporaryError for trouble of the database.
 */
export async function runUserMigrations(
  store: Store | Database,
  folder: string,
  step: MigrationStep,
  importModule: ImportModule = importPlainly,
  schema?: string,
): Promise<MigrationReport> {
  const db = 'db' in store ? store.db : store
  try {
    return await runStep(db, folder, step, importModule, schema)
  } catch (error) {
    // A lock, a lost connection, a full disk: nothing is wrong with the migrations.
    throw db.faultOf(error) === null ? error : db.explain(error)
  }
}

async function runStep(
  db: Database,
  folder: string,
  step: MigrationStep,
  importModule: ImportModule,
  schema: string | undefined,
): Promise<MigrationReport> {
  if (step === 'status' || step === 'accept') {
    if (step === 'accept') await noteMigrations(db, folder, { again: true })
    return { done: [], migrations: await surveyMigrations(db, folder) }
  }
  const migrations = await readMigrations(folder, importModule)
  const results = await inTurn(db, migrations, async () => {
    const states = await surveyMigrations(db, folder, schema)
    requireOrder(states, folder)
    const results: MigrationResult[] = []
    for (const piece of piecesOf(migrations, states, step))
      results.push(...(await runPiece(db, folder, step, piece, schema)))
    return results
  })
  if (results.length > 0) await db.introspect()
  // What is built apart is noted when it takes the place of what there is.
  if (schema === undefined) await noteMigrations(db, folder)
  return {
    done: results.map((r) => ({ name: r.migrationName, direction: r.direction === 'Down' ? 'down' : 'up' })),
    migrations: await surveyMigrations(db, folder, schema),
  }
}

async function runPiece(
  db: Database,
  folder: string,
  step: 'latest' | 'up' | 'down',
  { migrations, plain }: MigrationPiece,
  schema: string | undefined,
): Promise<MigrationResult[]> {
  const migrator = new (await migratorClass())({
    db: db.kysely,
    provider: { getMigrations: async () => (plain ? watched(db, migrations, schema) : migrations) },
    disableTransactions: plain,
    // Which ran is remembered beside the tables they made.
    ...(schema === undefined ? {} : { migrationTableSchema: schema }),
  })
  return withoutForeignKeys(db, async () => resultsOf(db, await run(migrator, step), folder, plain))
}

/** The last is the one that runs. */
function watched(
  { dialect }: Database,
  migrations: MigrationPiece['migrations'],
  schema: string | undefined,
): MigrationPiece['migrations'] {
  const name = Object.keys(migrations).sort().at(-1) ?? ''
  const last = migrations[name]
  if (last === undefined || dialect === 'sqlite') return migrations
  return { ...migrations, [name]: withValidIndexes(name, last, schema) }
}

/** Kysely's: 0.28 has it among everything else, 0.29 apart. */
async function migratorClass(): Promise<typeof Migrator> {
  const all: object = await import('kysely')
  return 'Migrator' in all ? (all.Migrator as typeof Migrator) : (await import('kysely/migration')).Migrator
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

function resultsOf(
  db: Database,
  { error, results = [] }: MigrationResultSet,
  folder: string,
  plain: boolean,
): MigrationResult[] {
  if (error !== undefined)
    throw failure(db, error, folder, results.find((r) => r.status === 'Error')?.migrationName, plain)
  const left = results.find((r) => r.status === 'NotExecuted')
  if (left !== undefined)
    throw new UserError(
      `migration ${left.migrationName} cannot be taken back: it has no function \`down\`; folder=${folder}`,
      { code: 'migration' },
    )
  return results.filter((r) => r.status === 'Success')
}

function failure(
  db: Database,
  error: unknown,
  folder: string,
  name: string | undefined,
  plain: boolean,
): unknown {
  if (error instanceof LextapError || db.faultOf(error) !== null) return error
  const what = name === undefined ? 'the migrations cannot be run' : `migration ${name} failed`
  const why = error instanceof Error ? error.message : String(error)
  return new UserError(`${what}: ${why}${adviceFor(why, plain)}; folder=${folder}`, {
    code: 'migration',
    cause: error,
  })
}

function adviceFor(why: string, plain: boolean): string {
  if (plain)
    return '; it runs outside of a transaction, so what it did before stays: write it so that it can be run again (for an index of PostgreSQL `drop index concurrently if exists …` first: `if not exists` takes one that failed half way for there), or take that back by hand'
  return /cannot (?:run|be executed) (?:inside|within) a transaction/i.test(why)
    ? '; give it a file of its own with `export const transaction = false`'
    : ''
}

async function readMigrations(
  folder: string,
  importModule: ImportModule,
): Promise<Record<string, UserMigration>> {
  const migrations: Record<string, UserMigration> = {}
  for (const file of migrationFiles(folder)) {
    const { name } = parse(file)
    const path = join(folder, file)
    if (name in migrations) throw new UserError(`two migrations have the name ${name}; folder=${folder}`)
    migrations[name] = migrationOf(await importModule(path, 'a migration'), path)
  }
  return migrations
}

async function importPlainly(file: string, what: string): Promise<object> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UserError(`${what} cannot be loaded: ${why}; file=${file}`, { code: 'migration', cause: error })
  }
}

function migrationOf(module: unknown, path: string): UserMigration {
  const exported = module as { up?: unknown; default?: { up?: unknown } }
  const migration = typeof exported.up === 'function' ? exported : exported.default
  if (typeof migration?.up !== 'function')
    throw new UserError(`a migration must export a function \`up\`; file=${path}`)
  return migration as UserMigration
}
