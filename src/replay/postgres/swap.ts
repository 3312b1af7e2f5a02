import { UserError } from '../../errors.ts'
import type { Session, Transaction } from '../../store/database.ts'
import { PREFIX } from '../../store/processes.ts'
import { quoted } from '../born.ts'
import { stopLog } from './changes-log.ts'

/** Where tables are built, and where the old ones go. */
export const FRESH = 'lextap_fresh'
export const OLD = 'lextap_old'

export interface Swap {
  /** Schema of the user's tables. */
  readonly target: string
  /** Leave the old ones in the schema `lextap_old`. */
  readonly keepOld: boolean
}

interface Thing {
  /** How `alter` calls it. */
  readonly kind: 'table' | 'view' | 'materialized view' | 'sequence' | 'type' | 'function'
  /** As SQL names it in its schema; a function with its arguments. */
  readonly name: string
}

/** What migrations made in a schema: everything but the migrator's own tables and what hangs on a table. */
const THINGS = `
  select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end
    as kind, quote_ident(c.relname) as name
  from pg_class c where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p', 'v', 'm', 'S')
    and c.relname not like 'kysely\\_%' and c.relname not like 'lextap\\_%' and not exists (
      select 1 from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i', 'e')
        and d.refclassid = 'pg_class'::regclass)
  union all
  select 'type', quote_ident(t.typname) from pg_type t
  where t.typnamespace = to_regnamespace($1) and t.typtype in ('e', 'd', 'r')
  union all
  select 'function', quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')' from pg_proc p
  where p.pronamespace = to_regnamespace($1) and p.prokind in ('f', 'p') and p.proname not like 'lextap\\_%'
    and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')`

const thingsIn = (session: Session, schema: string): Promise<Thing[]> => session.all<Thing>(THINGS, [schema])

/** Puts what was built in its place, and what was there away, in the transaction given. */
export async function swap(tx: Transaction, { target, keepOld }: Swap): Promise<void> {
  const [to, fresh, old] = [quoted(target), quoted(FRESH), quoted(OLD)]
  const built = await thingsIn(tx, FRESH)
  const there = new Set((await thingsIn(tx, target)).map(keyOf))
  await requireNobodyElse(tx, target, built)
  await tx.run(`create schema ${old}`)
  for (const thing of built) if (thing.kind === 'table') await copyGrants(tx, target, thing.name)
  for (const thing of built) {
    if (there.has(keyOf(thing))) await tx.run(`alter ${thing.kind} ${to}.${thing.name} set schema ${old}`)
    await tx.run(`alter ${thing.kind} ${fresh}.${thing.name} set schema ${to}`)
  }
  await tx.run(`drop schema ${fresh} cascade`)
  if (!keepOld) await tx.run(`drop schema ${old} cascade`)
  await stopLog(tx)
  if (built.some(({ kind }) => kind === 'type')) await renewConnections(tx)
}

/**
 * A prepared statement keeps the types its parameters had, and those are gone: whoever runs beside us has to prepare
 * anew. Their batches wait for ours to end, and begin again on new connections.
 */
async function renewConnections(tx: Transaction): Promise<void> {
  await tx.run(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
       and usename = current_user and pid <> pg_backend_pid()
       and (application_name like '${PREFIX}%' or application_name = current_setting('application_name'))`,
  )
}

const keyOf = ({ kind, name }: Thing): string => `${kind} ${name}`

/** Whoever may read or write the old table may do so with the new one. */
async function copyGrants(tx: Transaction, target: string, name: string): Promise<void> {
  const grants = await tx.all<{ who: string; what: string; further: boolean }>(
    `select case a.grantee when 0 then 'public' else a.grantee::regrole::text end as who, a.privilege_type as what,
       a.is_grantable as further
     from pg_class c cross join lateral aclexplode(c.relacl) a
     where c.oid = to_regclass($1) and a.grantee <> c.relowner`,
    [`${quoted(target)}.${name}`],
  )
  for (const { who, what, further } of grants) {
    const option = further ? ' with grant option' : ''
    await tx.run(`grant ${what} on ${quoted(FRESH)}.${name} to ${who}${option}`)
  }
}

/**
 * What others made on the old tables would stay on them when they go: views, references and triggers that no
 * migration makes. Throws UserError naming each.
 */
export async function requireNobodyElse(
  session: Session,
  target: string,
  built: readonly Thing[],
): Promise<void> {
  const names = built.flatMap(({ kind, name }) =>
    kind === 'function' || kind === 'type' ? [] : [name.replace(/^"(.*)"$/, '$1')],
  )
  const found = await session.all<{ what: string }>(
    `with moved as (select c.oid from pg_class c
       where c.relnamespace = to_regnamespace($1) and c.relname = any($2::text[]))
     select distinct 'view ' || v.oid::regclass::text as what from pg_depend d
       join pg_rewrite w on w.oid = d.objid and d.classid = 'pg_rewrite'::regclass
       join pg_class v on v.oid = w.ev_class
       where d.refclassid = 'pg_class'::regclass and d.refobjid in (select oid from moved)
         and v.oid not in (select oid from moved)
     union all
     select 'foreign key ' || f.conname || ' of ' || f.conrelid::regclass::text from pg_constraint f
       where f.contype = 'f' and f.confrelid in (select oid from moved) and f.conrelid not in (select oid from moved)
     union all
     select 'trigger ' || g.tgname || ' of ' || g.tgrelid::regclass::text from pg_trigger g
       where not g.tgisinternal and g.tgrelid in (select oid from moved) and not exists (
         select 1 from pg_trigger n join pg_class c on c.oid = n.tgrelid
         where c.relnamespace = to_regnamespace('${FRESH}') and n.tgname = g.tgname)`,
    [target, names],
  )
  if (found.length === 0) return
  throw new UserError(
    `these hang on tables that are to be replaced, and no migration makes them: ${found.map((f) => f.what).join(', ')}; make them in a migration, drop them first and make them again afterwards, or keep their table with --keep-table`,
    { code: 'replay-foreign' },
  )
}

export const builtThings = (session: Session): Promise<Thing[]> => thingsIn(session, FRESH)
