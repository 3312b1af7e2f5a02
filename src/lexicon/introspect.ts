import { openSqlite } from '../store/dialects/sqlite/open.ts'
import { runUserMigrations } from '../store/user-migrations.ts'
import { sqliteType, type TableModel } from './table-model.ts'

/**
 * The user's tables: their migrations run on a throw-away database in memory, which is then asked. Kysely's own
 * introspection serves SQLite; what `kysely-codegen` adds (PostgreSQL's enums, arrays and domains) is used for
 * the PostgreSQL dialects, in `introspect-postgres.ts`.
 */
export async function introspectSqlite(folder: string): Promise<TableModel[]> {
  const db = await openSqlite(':memory:', { readOnly: false })
  try {
    await runUserMigrations(db, folder, 'latest')
    const keys = new Map((await db.introspect()).map((table) => [table.name, table]))
    const tables = await db.kysely.introspection.getTables()
    return tables
      .filter((table) => !/^(?:lextap|sqlite|kysely)_/.test(table.name))
      .map((table): TableModel => {
        const info = keys.get(table.name)
        const key = table.isView ? null : (info?.key ?? [])
        return {
          name: table.name,
          key,
          columns: table.columns.map((column) => ({
            name: column.name,
            type: sqliteType(column.dataType),
            // SQLite lets primary keys other than integers be null; nobody means that.
            nullable: column.isNullable && key?.includes(column.name) !== true,
            optional:
              column.hasDefaultValue ||
              column.isAutoIncrementing ||
              isRowId(column.dataType, column.name, key),
            computed: info !== undefined && !info.columns.has(column.name),
            comment: null,
          })),
        }
      })
      .sort(byName)
  } finally {
    await db.close()
  }
}

/** A lone `integer primary key` is SQLite's row number and fills itself in. */
const isRowId = (type: string, name: string, key: readonly string[] | null): boolean =>
  type.toLowerCase() === 'integer' && key?.length === 1 && key[0] === name

export const byName = (a: TableModel, b: TableModel): number => (a.name < b.name ? -1 : 1)
