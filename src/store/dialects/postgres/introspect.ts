import type { Session } from '../../database.ts'
import { families, type TableInfo } from '../../tables.ts'

const TABLES = `select c.oid::int as oid, c.relname as name,
    exists (select 1 from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) or c.relhasrules as triggered
  from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    and c.relname not like 'lextap\\_%' and c.relname not like 'kysely\\_%' order by c.relname`

// Types that one array parameter can carry: no arrays, no composites, no domains; and no text that equals another spelling.
const COLUMNS = `select a.attrelid::int as oid, a.attname as name,
    case when t.typtype in ('b', 'e') and t.typcategory <> 'A' and coalesce(c.collisdeterministic, true) then format_type(a.atttypid, -1) else '' end as type
  from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_collation c on c.oid = a.attcollation
  where a.attrelid::int = any($1::int[]) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity <> 'a' order by a.attrelid, a.attnum`

const KEYS = `select i.indrelid::int as oid, a.attname as name
  from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indisprimary and i.indrelid::int = any($1::int[]) order by i.indrelid, k.place`

// Whatever keeps two rows from being alike. "whole": plain columns, all rows, at once.
const UNIQUE = `select i.indrelid::int as oid, i.indexrelid::int as index, a.attname as name,
    i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null as whole
  from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
  where (i.indisunique or i.indisexclusion) and k.place <= i.indnkeyatts and i.indrelid::int = any($1::int[])
  order by i.indexrelid, k.place`

const REFERENCES = `select conrelid::int as "from", confrelid::int as "to" from pg_constraint
  where contype = 'f' and conrelid::int = any($1::int[])`

interface UniqueColumn {
  oid: number
  index: number
  /** Null where an expression stands in the place of a column. */
  name: string | null
  whole: boolean
}

interface Named {
  oid: number
  name: string
}

/** The user's tables as they are now, in the schema new tables go to. */
export async function introspect(session: Session): Promise<TableInfo[]> {
  const tables = await session.all<Named & { triggered: boolean }>(TABLES)
  const oids = [tables.map((table) => table.oid)]
  const columns = Map.groupBy(await session.all<Named & { type: string }>(COLUMNS, oids), (row) => row.oid)
  const keys = Map.groupBy(await session.all<Named>(KEYS, oids), (row) => row.oid)
  const unique = Map.groupBy(await session.all<UniqueColumn>(UNIQUE, oids), (row) => row.oid)
  const nameOf = new Map(tables.map((table) => [table.oid, table.name]))
  const references = (await session.all<{ from: number; to: number }>(REFERENCES, oids)).map(
    (row) => [nameOf.get(row.from) ?? '', nameOf.get(row.to) ?? ''] as const,
  )
  const triggered = new Set(tables.filter((table) => table.triggered).map((table) => table.name))
  const itself = new Set(references.flatMap(([from, to]) => (from === to ? [from] : [])))
  const family = families([...nameOf.values()], references, triggered)
  return tables.map(({ oid, name }) => ({
    name,
    columns: new Map((columns.get(oid) ?? []).map((column) => [column.name, column.type])),
    ...uniqueness(unique.get(oid) ?? [], columns.get(oid) ?? []),
    key: (keys.get(oid) ?? []).map((column) => column.name),
    family: family.get(name) ?? 0,
    triggered: triggered.size > 0 || itself.has(name),
  }))
}

function uniqueness(
  rows: readonly UniqueColumn[],
  columns: readonly Named[],
): Pick<TableInfo, 'unique' | 'distinct'> {
  const named = rows.flatMap(({ name }) => (name === null ? [] : [name]))
  // An expression may read any column.
  const distinct = named.length < rows.length ? columns.map(({ name }) => name) : named
  const whole = Map.groupBy(
    rows.filter((row) => row.whole),
    (row) => row.index,
  )
  return {
    unique: [...whole.values()].map((of) => of.map(({ name }) => name ?? '')),
    distinct: new Set(distinct),
  }
}
