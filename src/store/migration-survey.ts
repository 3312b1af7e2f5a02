import { readdirSync, readFileSync } from 'node:fs'
import { join, parse } from 'node:path'
import { UserError } from '../errors.ts'
import type { Database, Session } from './database.ts'
import { Meta } from './meta.ts'
import { hasMeta } from './migrate.ts'
import { fingerprintOf } from './migration-text.ts'

/**
 * What is wrong with a migration. `edited` its file says something else than when it ran · `missing` it ran and has no
 * file any more · `late` it is due and comes before one that ran.
 */
export type MigrationProblem = 'edited' | 'missing' | 'late'

/** One of the user's migrations: of the folder, or one that ran. */
export interface MigrationState {
  readonly name: string
  /** Null when it is still due. */
  readonly executedAt: Date | null
  readonly problem: MigrationProblem | null
}

const KEY = 'migration.'
const MIGRATION = /^(?!.*\.d\.[cm]?ts$).*\.[cm]?[jt]s$/

/** The files of a folder that are migrations, in order. Throws UserError when it cannot be read. */
export function migrationFiles(folder: string): string[] {
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

/** What ran and what is due, by name, without running or loading anything. `schema` is where they ran, if not the usual. */
export async function surveyMigrations(
  db: Database,
  folder: string,
  schema?: string,
): Promise<MigrationState[]> {
  const files = new Map(migrationFiles(folder).map((file) => [parse(file).name, file]))
  const ran = await executed(db, schema)
  const noted = schema === undefined ? await notedOf(db) : new Map<string, string>()
  const last = [...ran.keys()].sort().at(-1) ?? ''
  return [...new Set([...files.keys(), ...ran.keys()])].sort().map((name) => {
    const [file, executedAt = null] = [files.get(name), ran.get(name)]
    if (file === undefined) return { name, executedAt, problem: 'missing' }
    if (executedAt === null) return { name, executedAt, problem: name < last ? 'late' : null }
    return { name, executedAt, problem: isEdited(folder, file, noted.get(name)) ? 'edited' : null }
  })
}

/** Compiled and not, a migration is two texts: only one kind of file can be compared. */
function isEdited(folder: string, file: string, noted: string | undefined): boolean {
  if (noted === undefined) return false
  const now = fingerprintOf(file, readFileSync(join(folder, file), 'utf8'))
  return now.split(' ')[0] === noted.split(' ')[0] && now !== noted
}

/** What to do about it, in words; null where nothing is wrong. */
function adviceOf({ name, problem }: MigrationState, all: readonly MigrationState[]): string | null {
  const last = all.findLast(({ executedAt }) => executedAt !== null)?.name ?? ''
  switch (problem) {
    case 'edited':
      return `migration ${name} was edited after it ran, and the tables are as it was: put the change into a migration of its own (lextap migrate make); or take this one back and run it again (lextap migrate down, up); if it does the same as before: lextap migrate accept`
    case 'missing':
      return `migration ${name} ran on this database and its file is not there: put it back; if its tables are wanted no more, drop them in a new migration; a code older than the database has no file for what is newer`
    case 'late':
      return `migration ${name} is due and comes before ${last}, which ran already: rename its file so that it comes last`
    case null:
      return null
  }
}

/** What to do about each that has something wrong with it. */
export const advices = (all: readonly MigrationState[]): string[] =>
  all.flatMap((one) => adviceOf(one, all) ?? [])

/** Throws UserError for what keeps migrations from running. */
export function requireOrder(all: readonly MigrationState[], folder: string): void {
  const wrong = all.find(({ problem }) => problem === 'missing' || problem === 'late')
  if (wrong !== undefined) {
    throw new UserError(`${adviceOf(wrong, all)}; folder=${folder}`, { code: 'migration' })
  }
}

/** Remembers what those that ran say now, where nothing is remembered yet; of all when `again`; forgets what did not run. */
export async function noteMigrations(
  db: Database,
  folder: string,
  options: { readonly again?: boolean } = {},
): Promise<void> {
  if (!(await hasMeta(db))) return
  const [meta, noted, ran] = [new Meta(db), await notedOf(db), await executed(db)]
  for (const file of migrationFiles(folder)) {
    const { name } = parse(file)
    if (!ran.has(name) || (noted.has(name) && options.again !== true)) continue
    await meta.set(`${KEY}${name}`, fingerprintOf(file, readFileSync(join(folder, file), 'utf8')))
  }
  for (const name of noted.keys()) if (!ran.has(name)) await meta.delete(`${KEY}${name}`)
}

const notedOf = async (db: Database): Promise<Map<string, string>> =>
  (await hasMeta(db)) ? new Meta(db).list(KEY) : new Map()

async function executed(db: Database, schema?: string): Promise<Map<string, Date>> {
  const table = schema === undefined ? 'kysely_migration' : `"${schema}".kysely_migration`
  if (!(await isThere(db, table))) return new Map()
  const rows = await db.reader.all<{ name: string; timestamp: string }>(
    `select name, timestamp from ${table} order by timestamp, name`,
  )
  return new Map(rows.map(({ name, timestamp }) => [name, new Date(timestamp)]))
}

async function isThere({ dialect, reader }: { dialect: string; reader: Session }, table: string) {
  const text =
    dialect === 'sqlite'
      ? "select 1 as one from sqlite_schema where type = 'table' and name = $1"
      : 'select 1 as one where to_regclass($1) is not null'
  return (await reader.all(text, [table])).length > 0
}
