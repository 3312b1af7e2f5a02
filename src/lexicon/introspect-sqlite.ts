import { openSqlite } from '../store/dialects/sqlite/open.ts'
import { type ImportModule, runUserMigrations } from '../store/user-migrations.ts'
import { byName, type ColumnModel, isUserTable, sqliteType, type TableModel } from './table-model.ts'

interface SqliteColumn {
  readonly table: string
  readonly view: number
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly preset: number
  readonly pk: number
  /** 2 and 3: computed from others. */
  readonly hidden: number
}

// `table_xinfo` also has computed columns, which Kysely's own introspection (and kysely-codegen's, which is that
// one for SQLite) does not see.
const COLUMNS = `select t.name as "table", t.type = 'view' as "view", c.name, c.type, c."notnull",
  c.dflt_value is not null as preset, c.pk, c.hidden
  from pragma_table_list t join pragma_table_xinfo(t.name) c
  where t.schema = 'main' and t.type in ('table', 'virtual', 'view') order by t.name, c.cid`

/** The user's tables: their migrations run on a throw-away database in memory, which is then asked. */
export async function introspectSqlite(folder: string, importModule?: ImportModule): Promise<TableModel[]> {
  const db = await openSqlite(':memory:', { readOnly: false })
  try {
    await runUserMigrations(db, folder, 'latest', importModule)
    const columns = await db.all<SqliteColumn>(COLUMNS)
    const tables = Map.groupBy(columns, (column) => column.table)
    return [...tables]
      .filter(([name]) => isUserTable(name))
      .map(([name, members]) => tableOf(name, members))
      .sort(byName)
  } finally {
    await db.close()
  }
}

function tableOf(name: string, columns: readonly SqliteColumn[]): TableModel {
  const key = columns
    .filter((column) => column.pk > 0)
    .sort((a, b) => a.pk - b.pk)
    .map((column) => column.name)
  return {
    name,
    key: columns[0]?.view === 1 ? null : key,
    columns: columns.map((column) => columnOf(column, key)),
  }
}

function columnOf(column: SqliteColumn, key: readonly string[]): ColumnModel {
  // A lone `integer primary key` is SQLite's row number and fills itself in.
  const isRowNumber = column.type.toLowerCase() === 'integer' && key.length === 1 && column.pk === 1
  return {
    name: column.name,
    type: sqliteType(column.type),
    write: null,
    // SQLite lets primary keys other than integers be null; nobody means that.
    nullable: column.notnull === 0 && column.pk === 0,
    optional: column.preset === 1 || isRowNumber,
    computed: column.hidden >= 2,
    comment: null,
  }
}
