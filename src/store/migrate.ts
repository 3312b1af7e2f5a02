import { UserError } from '../errors.ts'
import type { Database, Session, SqlWords } from './database.ts'
import { first } from './migrations/0001-first.ts'
import { excluded } from './migrations/0002-excluded.ts'
import { identityDue } from './migrations/0003-identity-due.ts'
import { kept } from './migrations/0004-kept.ts'
import { identifiedAt } from './migrations/0005-identified-at.ts'
import { owedDelete } from './migrations/0006-owed-delete.ts'

/**
 * Ours, forward only, applied when a store opens. The n-th brings the schema to version n. Each has a dump of the schema
 * it leaves in `test/released/`, from which the ones after it are tested.
 */
export const MIGRATIONS: readonly ((sql: SqlWords) => string[])[] = [
  first,
  excluded,
  identityDue,
  kept,
  identifiedAt,
  owedDelete,
]

export const SCHEMA_VERSION: number = MIGRATIONS.length

/** Brings our tables to the newest schema in one transaction. */
export async function migrate(db: Database): Promise<void> {
  if ((await versionOf(db)) === SCHEMA_VERSION) return
  await db.transaction(async (tx) => {
    if (db.dialect !== 'sqlite') await tx.all("select pg_advisory_xact_lock(hashtext('lextap migrate'))")
    await tx.run('create table if not exists lextap_meta (key text primary key, value text not null)')
    // Read again under the lock: another process may have been faster.
    const from = await versionIn(tx)
    refuseNewer(from)
    for (const migration of MIGRATIONS.slice(from)) {
      for (const statement of migration(db.sql)) await tx.run(statement)
    }
    await tx.run(
      `insert into lextap_meta (key, value) values ('schema', $1)
       on conflict (key) do update set value = excluded.value`,
      [String(SCHEMA_VERSION)],
    )
  })
}

/** For stores that are opened read-only or beside a running process: the schema must be there already. */
export async function requireSchema(db: Database): Promise<void> {
  const version = await versionOf(db)
  if (version === SCHEMA_VERSION) return
  throw new UserError(
    version === 0
      ? 'this database holds no lextap tables yet; start `lextap run` once'
      : `this database has schema ${version} and this lextap needs ${SCHEMA_VERSION}; start \`lextap run\` once to migrate it`,
    { code: 'schema' },
  )
}

async function versionOf(db: Database): Promise<number> {
  if (!(await hasMeta(db))) return 0
  const version = await versionIn(db.reader)
  refuseNewer(version)
  return version
}

async function versionIn(session: Session): Promise<number> {
  const rows = await session.all<{ value: string }>("select value from lextap_meta where key = 'schema'")
  return Number(rows[0]?.value ?? 0)
}

/** Whether there is a table for small facts yet. */
export async function hasMeta(db: Database): Promise<boolean> {
  const text =
    db.dialect === 'sqlite'
      ? "select 1 as one from sqlite_schema where type = 'table' and name = 'lextap_meta'"
      : "select 1 as one where to_regclass('lextap_meta') is not null"
  return (await db.reader.all(text)).length > 0
}

function refuseNewer(version: number): void {
  if (version <= SCHEMA_VERSION) return
  throw new UserError(
    `this database has schema ${version}, from a newer lextap; this one knows up to ${SCHEMA_VERSION}: update lextap`,
    { code: 'schema' },
  )
}
