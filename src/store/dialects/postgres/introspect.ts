import type { Session } from '../../database.ts'
import { families, type TableInfo } from '../../tables.ts'

// Deletes may cascade to a table of another schema, which nobody has looked at.
const TABLES = `select c.oid::int as oid, c.relname as name, c.relrowsecurity as policed,
    exists (select 1 from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal) or c.relhasrules
      or exists (select 1 from pg_constraint f join pg_class r on r.oid = f.conrelid
        where f.contype = 'f' and f.confrelid = c.oid and r.relnamespace <> c.relnamespace) as triggered
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

// Whatever keeps two rows from being alike. "whole": plain columns, all rows, at once. Without a name: any column may count.
const UNIQUE = `select i.indrelid::int as oid, i.indexrelid::int as index,
    case when a.attgenerated = '' and i.indpred is null then a.attname end as name,
    not i.indimmediate as late, i.indisunique and i.indimmediate and i.indisvalid and i.indpred is null and i.indexprs is null as whole
  from pg_index i cross join lateral unnest(i.indkey::int2[]) with ordinality as k(attnum, place)
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
  where (i.indisunique or i.indisexclusion) and k.place <= i.indnkeyatts and i.indrelid::int = any($1::int[])
  order by i.indexrelid, k.place`

const REFERRED = `select f.confrelid::int as oid, a.attname as name from pg_constraint f cross join lateral unnest(f.confkey) as k(attnum)
    join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum
  where f.contype = 'f' and f.confrelid::int = any($1::int[])`

// Besides foreign keys: partitions and heirs hold the rows of another table, and who takes turns at a sequence keeps the turns.
const REFERENCES = `select conrelid::int as "from", confrelid::int as "to" from pg_constraint
  where contype = 'f' and conrelid::int = any($1::int[])
  union select inhrelid::int, inhparent::int from pg_inherits where inhrelid::int = any($1::int[])
  union select one.adrelid::int, other.adrelid::int from pg_attrdef one
    join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = one.oid and d.refclassid = 'pg_class'::regclass
    join pg_class s on s.oid = d.refobjid and s.relkind = 'S'
    join pg_depend e on e.refclassid = d.refclassid and e.refobjid = s.oid and e.classid = d.classid
    join pg_attrdef other on other.oid = e.objid
  where one.adrelid::int = any($1::int[]) and one.adrelid <> other.adrelid`

/**
 * Tables of which a default, a generated column, a check or an index calls a function that may read other tables. Functions
 * of the server itself do not (but for some), nor those in C; one that is declared immutable is taken at its word unless it
 * has a query.
 */
const READERS = `with recursive part(oid, classid, objid) as (
    select adrelid, 'pg_attrdef'::regclass::oid, oid from pg_attrdef where adrelid::int = any($1::int[])
    union select conrelid, 'pg_constraint'::regclass::oid, oid from pg_constraint where conrelid::int = any($1::int[])
    union select indrelid, 'pg_class'::regclass::oid, indexrelid from pg_index where indrelid::int = any($1::int[])
    union select attrelid, 'pg_type'::regclass::oid, atttypid from pg_attribute
      where attrelid::int = any($1::int[]) and attnum > 0 and not attisdropped
    union select part.oid, next.classid, next.objid from part cross join lateral (
      select refclassid, refobjid from pg_depend d where d.classid = part.classid and d.objid = part.objid
        and refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
      union all select 'pg_constraint'::regclass, c.oid from pg_constraint c
        where part.classid = 'pg_type'::regclass and c.contypid = part.objid
    ) as next(classid, objid)
  )
  select distinct part.oid::int as oid from part left join pg_attrdef a on part.classid = 'pg_attrdef'::regclass and a.oid = part.objid
    left join pg_proc f on part.classid = 'pg_proc'::regclass and f.oid = part.objid
    left join pg_language l on l.oid = f.prolang
  where (l.lanname not in ('c', 'internal')
      and (f.provolatile <> 'i' or coalesce(pg_get_function_sqlbody(f.oid), f.prosrc) ~* '\\m(from|execute)\\M'))
    or pg_get_expr(a.adbin, a.adrelid) ~ '\\m(lastval|\\w+_to_xml\\w*)\\('`

const DEFERRED = `select quote_ident(n.nspname) || '.' || quote_ident(c.conname) as name
  from pg_constraint c join pg_namespace n on n.oid = c.connamespace where c.condeferred order by 1`

/** Constraints that are checked when a transaction ends, as SQL names them. */
export async function deferredConstraints(session: Session): Promise<string[]> {
  return (await session.all<{ name: string }>(DEFERRED)).map(({ name }) => name)
}

interface UniqueColumn {
  oid: number
  index: number
  /** Null where an expression stands in the place of a column, the column is generated, or the index has some rows only. */
  name: string | null
  /** Checked when the statement ends, or later. */
  late: boolean
  whole: boolean
}

interface Named {
  oid: number
  name: string
}

/** The user's tables as they are now, in the schema new tables go to. */
export async function introspect(session: Session): Promise<TableInfo[]> {
  const tables = await session.all<Named & { triggered: boolean; policed: boolean }>(TABLES)
  const oids = [tables.map((table) => table.oid)]
  const columns = Map.groupBy(await session.all<Named & { type: string }>(COLUMNS, oids), (row) => row.oid)
  const keys = Map.groupBy(await session.all<Named>(KEYS, oids), (row) => row.oid)
  const unique = Map.groupBy(await session.all<UniqueColumn>(UNIQUE, oids), (row) => row.oid)
  const referred = Map.groupBy(await session.all<Named>(REFERRED, oids), (row) => row.oid)
  const nameOf = new Map(tables.map((table) => [table.oid, table.name]))
  const references = (await session.all<{ from: number; to: number }>(REFERENCES, oids)).map(
    (row) => [nameOf.get(row.from) ?? '', nameOf.get(row.to) ?? ''] as const,
  )
  const readers = new Set((await session.all<{ oid: number }>(READERS, oids)).map((row) => row.oid))
  const triggered = new Set(tables.filter((table) => table.triggered).map((table) => table.name))
  const itself = new Set(references.flatMap(([from, to]) => (from === to ? [from] : [])))
  const family = families([...nameOf.values()], references, triggered)
  return tables.map(({ oid, name, policed }) => ({
    name,
    columns: new Map((columns.get(oid) ?? []).map((column) => [column.name, column.type])),
    ...uniqueness(unique.get(oid) ?? [], columns.get(oid) ?? [], referred.get(oid) ?? []),
    key: (keys.get(oid) ?? []).map((column) => column.name),
    family: family.get(name) ?? 0,
    triggered: triggered.size > 0 || itself.has(name),
    reads: policed || readers.has(oid),
  }))
}

function uniqueness(
  rows: readonly UniqueColumn[],
  columns: readonly Named[],
  referred: readonly Named[],
): Pick<TableInfo, 'unique' | 'distinct' | 'late'> {
  const late = rows.filter((row) => row.late)
  const whole = Map.groupBy(
    rows.filter((row) => row.whole),
    (row) => row.index,
  )
  return {
    unique: [...whole.values()].map((of) => of.map(({ name }) => name ?? '')),
    distinct: new Set(namesOf(rows, columns)),
    late: new Set([...namesOf(late, columns), ...referred.map(({ name }) => name)]),
  }
}

/** Of parts of indexes the columns that count there: an expression may read any. */
function namesOf(rows: readonly UniqueColumn[], columns: readonly Named[]): string[] {
  const named = rows.flatMap(({ name }) => (name === null ? [] : [name]))
  return named.length < rows.length ? columns.map(({ name }) => name) : named
}
