import type { Session } from '../../database.ts'
import { families, type TableInfo } from '../../tables.ts'

const TABLES = `select c.oid::int as oid, c.relname as name,
    exists (select 1 from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) or c.relhasrules as triggered
  from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
    and c.relname not like 'lextap\\_%' and c.relname not like 'kysely\\_%' order by c.relname`

// Types that one array parameter can carry: no arrays, no composites, no domains.
const COLUMNS = `select a.attrelid::int as oid, a.attname as name,
    case when t.typtype in ('b', 'e') and t.typcategory <> 'A' then format_type(a.atttypid, -1) else '' end as type
  from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid::int = any($1::int[]) and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity <> 'a' order by a.attrelid, a.attnum`

const KEYS = `select i.indrelid::int as oid, a.attname as name
  from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
  where i.indisprimary and i.indrelid::int = any($1::int[]) order by i.indrelid, k.place`

const REFERENCES = `select conrelid::int as "from", confrelid::int as "to" from pg_constraint
  where contype = 'f' and conrelid::int = any($1::int[])`

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
    key: (keys.get(oid) ?? []).map((column) => column.name),
    family: family.get(name) ?? 0,
    triggered: triggered.size > 0 || itself.has(name),
  }))
}
