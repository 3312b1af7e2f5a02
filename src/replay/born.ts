import { UserError } from '../errors.ts'
import { createObserver } from '../observe/observer.ts'
import type { Param, Transaction } from '../store/database.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import type { ImportModule } from '../store/user-migrations.ts'

export interface FreshOptions {
  /** Folder of the user's migrations: they say which tables are to be rebuilt. */
  readonly migrations: string | null
  readonly importModule: ImportModule
}

/** A table as migrations leave it. */
export interface Born {
  readonly name: string
  readonly rows: readonly Readonly<Record<string, Param>>[]
  /** On SQLite, for an index of texts that keeps none of its own: where those are, if anywhere. */
  readonly index: 'external' | 'contentless' | null
  /** Sequences of its columns, and the number each gave last. Empty on SQLite. */
  readonly sequences: readonly { readonly name: string; readonly at: number }[]
}

/** What the migrations make of a database that is thrown away. */
export async function bornTables(store: Store, { migrations, importModule }: FreshOptions): Promise<Born[]> {
  if (migrations === null) throw noMigrations()
  const observer = createObserver({ level: 'silent', format: 'json' })
  await using scratch = await openStore(`${store.dialect}::memory:`, { observer, migrations, importModule })
  const born: Born[] = []
  for (const { name } of await scratch.db.introspect()) {
    born.push(await (store.dialect === 'sqlite' ? ofSqlite(scratch, name) : ofPglite(scratch, name)))
  }
  return born
}

async function ofSqlite({ db }: Store, name: string): Promise<Born> {
  const [made] = await db.all<{ sql: string }>(
    "select sql from sqlite_schema where name = $1 and type = 'table'",
    [name],
  )
  const index = indexOf(made?.sql ?? '')
  const found = await db.all<{ name: string }>(
    'select name from pragma_table_xinfo($1) where hidden = 0 order by cid',
    [name],
  )
  const columns = found.map((column) => quoted(column.name)).join(', ')
  const rows =
    index === null ? await db.all<Born['rows'][number]>(`select ${columns} from ${quoted(name)}`) : []
  return { name, rows, index, sequences: [] }
}

function indexOf(sql: string): Born['index'] {
  if (!/^create\s+virtual\s+table\b[\s\S]*\busing\s+fts5\b/i.test(sql)) return null
  const content = /\bcontent\s*=\s*(''|""|\S)/i.exec(sql)?.[1]
  if (content === undefined) return null
  return content === "''" || content === '""' ? 'contentless' : 'external'
}

/** As text, which every type reads as it wrote it. */
async function ofPglite({ db }: Store, name: string): Promise<Born> {
  const found = await db.all<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
       and attgenerated = '' order by attnum`,
    [quoted(name)],
  )
  const columns = found.map((c) => `${quoted(c.name)}::text as ${quoted(c.name)}`).join(', ')
  const sequences = await db.all<{ name: string; at: number }>(
    `select q.sequencename as name, q.last_value as at from pg_sequences q
     join pg_depend d on d.objid = to_regclass(quote_ident(q.sequencename)) and d.classid = 'pg_class'::regclass
       and d.refobjid = to_regclass($1) and d.deptype in ('a', 'i')
     where q.schemaname = current_schema() and q.last_value is not null`,
    [quoted(name)],
  )
  return { name, rows: await db.all(`select ${columns} from ${quoted(name)}`), index: null, sequences }
}

/** Empties tables and puts back what migrations inserted. Triggers are away meanwhile: they would do their part again. */
export async function emptySqlite(tx: Transaction, doomed: readonly Born[]): Promise<void> {
  await tx.run('pragma defer_foreign_keys = on')
  const triggers = await tx.all<{ name: string; sql: string }>(
    "select name, sql from sqlite_schema where type = 'trigger'",
  )
  for (const { name } of triggers) await tx.run(`drop trigger ${quoted(name)}`)
  for (const { name, index } of doomed) {
    const all = `insert into ${quoted(name)} (${quoted(name)}) values ('delete-all')`
    await tx.run(index === null ? `delete from ${quoted(name)}` : all)
  }
  for (const { name, rows } of doomed) for (const row of rows) await insert(tx, name, row, '')
  for (const { name, index } of doomed) {
    if (index === 'external') await tx.run(`insert into ${quoted(name)} (${quoted(name)}) values ('rebuild')`)
  }
  for (const { sql } of triggers) await tx.run(sql)
}

/** The same, where triggers and the order of foreign keys can be left aside for a transaction. */
export async function emptyPglite(tx: Transaction, doomed: readonly Born[]): Promise<void> {
  if (doomed.length === 0) return
  await tx.run('set local session_replication_role = replica')
  await tx.run(`truncate table ${doomed.map(({ name }) => quoted(name)).join(', ')} restart identity`)
  for (const { name, rows, sequences } of doomed) {
    for (const row of rows) await insert(tx, name, row, 'overriding system value')
    for (const { name: sequence, at } of sequences) {
      await tx.run('select setval($1::regclass, $2)', [quoted(sequence), at])
    }
  }
}

async function insert(tx: Transaction, name: string, row: Born['rows'][number], how: string): Promise<void> {
  const columns = Object.keys(row)
  const places = columns.map((_, i) => `$${i + 1}`).join(', ')
  const text = `insert into ${quoted(name)} (${columns.map(quoted).join(', ')}) ${how} values (${places})`
  await tx.run(text, Object.values(row))
}

export const noMigrations = (): UserError =>
  new UserError('a fresh replay rebuilds the tables your migrations make, and there are no migrations', {
    code: 'migration',
  })

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
