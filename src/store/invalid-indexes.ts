import { type Kysely, sql } from 'kysely'
import { UserError } from '../errors.ts'
import type { UserMigration } from './migration-pieces.ts'

/** An index that PostgreSQL keeps up to date and does not use: `create index concurrently` began it and failed. */
interface InvalidIndex {
  readonly name: string
  readonly table: string
}

/**
 * A migration outside of a transaction whose `up` counts as done only when no index is left invalid: `if not exists` takes
 * one for there, and its uniqueness is enforced for nobody. One that `up` itself names it may drop; any other is refused
 * before it does anything. For PostgreSQL. `schema` is where it runs, the search path by default.
 */
export function withValidIndexes(
  name: string,
  { up, ...rest }: UserMigration,
  schema?: string,
): UserMigration {
  return {
    ...rest,
    async up(db) {
      const strange = (await invalidIndexes(db, schema)).filter((index) => !String(up).includes(index.name))
      refuse(`migration ${name} does not run`, strange)
      await up(db)
      refuse(`migration ${name} ran and does not count as done`, await invalidIndexes(db, schema))
    },
  }
}

function refuse(what: string, [index]: readonly InvalidIndex[]): void {
  if (index === undefined) return
  throw new UserError(
    `${what}: the index "${index.name}" is invalid, left by a \`create index concurrently\` that failed, and \`if not exists\` takes it for there: first \`drop index concurrently "${index.name}"\`, by hand or in the migration before it makes it; then run the migrations again; table=${index.table}`,
    { code: 'migration' },
  )
}

/**
 * Not those that somebody builds or drops at this moment: who builds one is listed and holds its table, who drops one holds
 * the index. An index of a partitioned table (`I`) is invalid by intention until each partition has its own.
 */
async function invalidIndexes(db: Kysely<never>, schema?: string): Promise<readonly InvalidIndex[]> {
  const schemas = schema === undefined ? sql`current_schemas(false)` : sql`array[${schema}]::text[]`
  const { rows } = await sql<InvalidIndex>`
    select c.relname as name, t.relname as "table"
    from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
    where not i.indisvalid and c.relkind = 'i' and n.nspname::text = any(${schemas}::text[])
      and not exists (
        select 1 from pg_locks l
        where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
          and l.database = (select oid from pg_database where datname = current_database())
          and (l.relation = i.indexrelid and l.mode in ('ShareUpdateExclusiveLock', 'AccessExclusiveLock')
            or l.relation = i.indrelid and l.pid in (select pid from pg_stat_progress_create_index)))
    order by c.relname`.execute(db)
  return rows
}
