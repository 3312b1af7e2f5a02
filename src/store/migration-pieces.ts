import { type Kysely, sql } from 'kysely'
import { sleep } from '../async/signal.ts'
import type { Database } from './database.ts'
import type { MigrationState } from './migration-survey.ts'
import type { UserDatabase } from './types.ts'

/** A migration of Kysely's that may say `export const transaction = false`: PostgreSQL does some things outside of one only. */
export interface UserMigration {
  up(db: Kysely<never>): Promise<void>
  down?(db: Kysely<never>): Promise<void>
  readonly transaction?: boolean
}

type Migrations = Readonly<Record<string, UserMigration>>

/** Migrations that are run together. */
export interface MigrationPiece {
  /** What ran before and what is to run now. */
  readonly migrations: Migrations
  /** Outside of a transaction. */
  readonly plain: boolean
}

/** What is due, in order: those that share a transaction together, the others one by one. For `down` all that ran. */
export function piecesOf(
  migrations: Migrations,
  states: readonly MigrationState[],
  step: 'latest' | 'up' | 'down',
): MigrationPiece[] {
  const isPlain = (name = '') => migrations[name]?.transaction === false
  const ran = states.filter(({ executedAt }) => executedAt !== null).map(({ name }) => name)
  const pieceOf = (names: readonly string[], last: string | undefined): MigrationPiece => ({
    migrations: Object.fromEntries(
      names.flatMap((name) => (migrations[name] ? [[name, migrations[name]]] : [])),
    ),
    plain: isPlain(last),
  })
  if (step === 'down') return [pieceOf(ran, ran.at(-1))]
  const due = states.filter(({ executedAt }) => executedAt === null).map(({ name }) => name)
  if (step === 'up') return due.slice(0, 1).map((name) => pieceOf([...ran, name], name))
  return due.flatMap((name, i) => {
    const ends = i === due.length - 1 || isPlain(name) || isPlain(due[i + 1])
    return ends ? [pieceOf([...ran, ...due.slice(0, i + 1)], name)] : []
  })
}

/** Of all who migrate user tables with a migration outside of a transaction. */
const KEY = 0x1e57a9
const PACE_MS = 200

/**
 * Kysely's own lock ends with its transaction, so where one runs without, processes that migrate one Postgres take turns
 * here. They try and do not wait in a statement: that would be a transaction which `create index concurrently` waits for.
 */
export function inTurn<T>(db: Database, migrations: Migrations, fn: () => Promise<T>): Promise<T> {
  const plain = Object.values(migrations).some(({ transaction }) => transaction === false)
  if (db.dialect !== 'postgres' || !plain) return fn()
  return db.kysely.connection().execute(async (session) => {
    while (!(await isOurTurn(session))) await sleep(PACE_MS)
    try {
      return await fn()
    } finally {
      await sql`select pg_advisory_unlock(${KEY})`.execute(session)
    }
  })
}

async function isOurTurn(session: Kysely<UserDatabase>): Promise<boolean> {
  const { rows } = await sql<{ ours: boolean }>`select pg_try_advisory_lock(${KEY}) as ours`.execute(session)
  return rows[0]?.ours === true
}
