import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Database, SqlWords } from '../../src/store/database.ts'
import { MIGRATIONS } from '../../src/store/migrate.ts'

/** Dumps of every schema that was released: text, and never changed once it is. */
export type DumpKind = 'sqlite' | 'postgres'

export const kindOf = (dialect: string): DumpKind => (dialect === 'sqlite' ? 'sqlite' : 'postgres')

export const dumpFile = (version: number, kind: DumpKind): string =>
  resolve(import.meta.dirname, '../released', `${String(version).padStart(4, '0')}.${kind}.sql`)

/** The statements of a dump. */
export function readDump(version: number, kind: DumpKind): string[] {
  const text = readFileSync(dumpFile(version, kind), 'utf8').replace(/^--.*\n/gm, '')
  return text.split(/;\n+/).filter((statement) => statement.trim() !== '')
}

export async function loadDump(db: Database, version: number): Promise<void> {
  for (const statement of readDump(version, kindOf(db.dialect))) await db.all(statement)
}

/** The tables and indexes of lextap's own, in words that can be compared. */
export async function describeSchema({ dialect, reader }: Database): Promise<string[]> {
  const texts =
    dialect === 'sqlite'
      ? ["select sql as line from sqlite_schema where name like 'lextap\\_%' escape '\\' and sql is not null"]
      : [
          `select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
             || coalesce(column_default, '-') || ' ' || is_identity || ' ' || coalesce(collation_name, '-') as line
           from information_schema.columns where table_schema = current_schema() and table_name like 'lextap\\_%'`,
          "select indexdef as line from pg_indexes where schemaname = current_schema() and tablename like 'lextap\\_%'",
        ]
  const lines: string[] = []
  for (const text of texts) lines.push(...(await reader.all<{ line: string }>(text)).map(({ line }) => line))
  return lines.map((line) => line.replace(/\s+/g, ' ')).sort()
}

type Value = string | number | Uint8Array | null

/** A database's lextap tables as text: how they were made and every row. */
export async function writeDump(db: Database, version: number): Promise<string> {
  const made = MIGRATIONS.slice(0, version).flatMap((migration) => migration(db.sql as SqlWords))
  const meta = 'create table lextap_meta (key text primary key, value text not null)'
  const lines = [
    `-- Schema ${version} as it was released. Never changed: databases in the world are like this.`,
  ]
  for (const statement of [meta, ...made]) lines.push(`${statement.replace(/^ {4}/gm, '')};`)
  for (const name of tablesOf([meta, ...made])) lines.push(...(await rowsOf(db, name)))
  return `${lines.join('\n')}\n`
}

export const tablesOf = (statements: readonly string[]): string[] =>
  statements.flatMap((text) => /^create table (?:if not exists )?(lextap_\w+)/.exec(text)?.[1] ?? [])

async function rowsOf(db: Database, table: string): Promise<string[]> {
  const rows = await db.all<Record<string, Value>>(`select * from ${table} order by 1`)
  const inserts = rows.map((row) => {
    const values = Object.values(row).map((value) => literal(value, kindOf(db.dialect)))
    return `insert into ${table} (${Object.keys(row).join(', ')}) values (${values.join(', ')});`
  })
  const [first] = rows
  if (db.dialect === 'sqlite' || first === undefined || !('id' in first)) return inserts
  const sequence = `select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`
  return [...inserts, `${sequence};`]
}

function literal(value: Value, kind: DumpKind): string {
  if (value === null) return 'null'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`
  const hex = Buffer.from(value).toString('hex')
  return kind === 'sqlite' ? `x'${hex}'` : `'\\x${hex}'`
}
