import { families, type TableInfo } from '../../tables.ts'
import type { SqliteHandle } from './connection.ts'

// Not the tables that a virtual one keeps its data in: nobody else may write them.
const TABLES = `select name from pragma_table_list where schema = 'main' and type in ('table', 'virtual')
  and name not like 'sqlite~_%' escape '~' and name not like 'lextap~_%' escape '~' and name not like 'kysely~_%' escape '~'
  order by name`

/** The user's tables as they are now. */
export function introspect(handle: SqliteHandle): TableInfo[] {
  const names = handle.all<{ name: string }>(TABLES, []).map((row) => row.name)
  const references = names.flatMap((name) =>
    handle
      .all<{ to: string }>('select distinct "table" as "to" from pragma_foreign_key_list($1)', [name])
      .map((row) => [name, row.to] as const),
  )
  const triggered = handle.all<{ name: string }>(
    "select tbl_name as name from sqlite_schema where type = 'trigger'",
    [],
  )
  const family = families(names, references, new Set(triggered.map((row) => row.name)))
  return names.map((name) => {
    const columns = handle.all<{ name: string; type: string; pk: number; hidden: number }>(
      'select name, type, pk, hidden from pragma_table_xinfo($1) order by cid',
      [name],
    )
    return {
      name,
      // Generated columns (hidden 2 and 3) cannot be written.
      columns: new Map(columns.filter((c) => c.hidden === 0).map((c) => [c.name, c.type.toLowerCase()])),
      key: columns
        .filter((c) => c.pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((c) => c.name),
      unique: [],
      distinct: new Set(),
      late: new Set(),
      family: family.get(name) ?? 0,
      triggered: triggered.length > 0,
      reads: false,
    }
  })
}
