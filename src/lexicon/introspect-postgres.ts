import { UserError } from '../errors.ts'
import type { Database } from '../store/database.ts'
import { openPglite } from '../store/dialects/pglite/open.ts'
import { type ImportModule, runUserMigrations } from '../store/user-migrations.ts'
import { quote } from './names.ts'
import { byName, type ColumnModel, isUserTable, type TableModel } from './table-model.ts'

interface PostgresColumn {
  readonly table: string
  readonly view: boolean
  readonly name: string
  /** Base type, domains resolved; of the elements where it is an array. */
  readonly type: string
  readonly array: boolean
  /** Labels of an enum, in order. */
  readonly labels: readonly string[] | null
  readonly nullable: boolean
  readonly preset: boolean
  readonly computed: boolean
  readonly comment: string | null
  /** Place in the primary key, from 1. */
  readonly key: number | null
}

const COLUMNS = `
with recursive base as (
  select t.oid, t.oid as final, t.typbasetype, t.typnotnull as strict from pg_type t
  union all select b.oid, t.oid, t.typbasetype, b.strict or t.typnotnull
    from base b join pg_type t on t.oid = b.typbasetype where b.typbasetype <> 0
)
select c.relname as "table", c.relkind in ('v', 'm') as view, a.attname as name, coalesce(e.typname, t.typname) as type,
  t.typcategory = 'A' as array, not a.attnotnull and not base.strict as nullable,
  a.atthasdef or a.attidentity <> '' as preset, a.attgenerated <> '' or a.attidentity = 'a' as computed,
  (select to_json(array_agg(l.enumlabel order by l.enumsortorder)) from pg_enum l
    where l.enumtypid = coalesce(e.oid, t.oid)) as labels,
  col_description(c.oid, a.attnum) as comment,
  (select array_position(i.indkey::int2[], a.attnum) + 1 from pg_index i where i.indrelid = c.oid and i.indisprimary) as key
from pg_class c
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join base on base.oid = a.atttypid and base.typbasetype = 0
  join pg_type t on t.oid = base.final
  left join pg_type e on t.typcategory = 'A' and e.oid = t.typelem
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
order by c.relname, a.attnum`

/**
 * The user's tables on PostgreSQL: their migrations run on a PGlite in memory, which is a PostgreSQL without a
 * server and serves both `postgres:` and `pglite:` databases.
 */
export async function introspectPostgres(folder: string, importModule?: ImportModule): Promise<TableModel[]> {
  const db = await openPglite(':memory:').catch((cause: unknown) => {
    throw new UserError(
      'the types of a PostgreSQL database are read from its migrations, run on PGlite; npm install --save-dev @electric-sql/pglite',
      { code: 'database', cause },
    )
  })
  try {
    await runUserMigrations(db, folder, 'latest', importModule)
    return await tablesOf(db)
  } finally {
    await db.close()
  }
}

/** The user's tables in the schema new tables go to. */
export async function tablesOf(db: Database): Promise<TableModel[]> {
  const columns = await db.all<PostgresColumn>(COLUMNS)
  return [...Map.groupBy(columns, (column) => column.table)]
    .filter(([name]) => isUserTable(name))
    .map(([name, members]) => ({
      name,
      columns: members.map(columnOf),
      key: members[0]?.view === true ? null : keyOf(members),
    }))
    .sort(byName)
}

const keyOf = (columns: readonly PostgresColumn[]): string[] =>
  columns
    .filter((column) => column.key !== null)
    .sort((a, b) => Number(a.key) - Number(b.key))
    .map((column) => column.name)

function columnOf(column: PostgresColumn): ColumnModel {
  const { name, nullable, preset, computed, comment, array } = column
  const [read, write] =
    column.labels === null ? postgresType(column.type) : [column.labels.map(quote).join(' | ')]
  const list = (type: string) => (/^\w+$/.test(type) ? `${type}[]` : `(${type})[]`)
  return {
    name,
    type: array ? list(read) : read,
    write: write === undefined ? null : array ? list(write) : write,
    nullable,
    optional: preset,
    computed,
    comment,
  }
}

/** What `pg` and PGlite give for a type, and what one may write where that is more. Unknown types come as text. */
export function postgresType(name: string): [read: string, write?: string] {
  switch (name) {
    case 'int2':
    case 'int4':
    case 'oid':
    case 'float4':
    case 'float8':
      return ['number']
    case 'int8':
      return ['string', 'string | number | bigint']
    case 'numeric':
      return ['string', 'string | number']
    case 'bool':
      return ['boolean']
    case 'bytea':
      return ['Uint8Array']
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return ['Date', 'Date | string']
    case 'json':
    case 'jsonb':
      return ['l.JsonValue', 'NonNullable<unknown>']
    case 'interval':
    case 'point':
    case 'circle':
      // The two drivers disagree about what these are.
      return ['unknown', 'string']
    default:
      return ['string']
  }
}
