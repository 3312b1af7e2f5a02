import { UserError } from '../errors.ts'
import type { Transaction } from '../store/database.ts'
import type { Store } from '../store/store.ts'
import { bornTables, emptyPglite, emptySqlite, type FreshOptions } from './born.ts'
import type { ReplayProgress } from './job.ts'
import { requireOurs, writeProgress } from './journal.ts'

/**
 * Empties tables on an embedded database, in place and in the transaction that says so: killed before it commits,
 * the old rows are there; killed after it, the replay goes on. Building beside them and swapping, as on Postgres, is
 * not to be had: the SQL in handlers names tables of this one file. Rows that migrations insert are put back, and
 * tables that no migration makes are left alone.
 */
export function tableEmptier(store: Store, options: FreshOptions) {
  return async (keep: readonly string[], begun: ReplayProgress): Promise<void> => {
    const born = await bornTables(store, options)
    const there = new Set((await store.db.introspect()).map((table) => table.name))
    const doomed = chosen(born, keep).filter(({ name }) => there.has(name))
    await store.transaction(async (tx) => {
      await requireOurs(store, tx, begun)
      await requireFree(tx, store, new Set(doomed.map(({ name }) => name)))
      await (store.dialect === 'sqlite' ? emptySqlite(tx, doomed) : emptyPglite(tx, doomed))
      // What could not be deleted is gone.
      await tx.run("delete from lextap_dead_letter where action = 'delete'")
      await writeProgress(store, tx, begun)
    })
  }
}

/** Of the tables migrations make those that are rebuilt. Throws UserError for a name that is none of them. */
export function chosen<T extends { readonly name: string }>(
  tables: readonly T[],
  keep: readonly string[],
): T[] {
  const names = tables.map(({ name }) => name)
  const unknown = keep.filter((name) => !names.includes(name))
  if (unknown.length > 0) {
    throw new UserError(`no migration makes a table ${unknown.join(', ')}; tables: ${names.join(', ')}`, {
      code: 'replay-scope',
    })
  }
  return tables.filter(({ name }) => !keep.includes(name))
}

/** Rows that stay must not hang on rows that go: they would go with them. */
async function requireFree(tx: Transaction, store: Store, doomed: ReadonlySet<string>): Promise<void> {
  const references =
    store.dialect === 'sqlite'
      ? `select m.name as "from", f."table" as "to" from sqlite_schema m, pragma_foreign_key_list(m.name) f
         where m.type = 'table'`
      : `select f.relname as "from", t.relname as "to" from pg_constraint c
         join pg_class f on f.oid = c.conrelid join pg_class t on t.oid = c.confrelid where c.contype = 'f'`
  const rows = await tx.all<{ from: string; to: string }>(references)
  const wrong = rows.find(({ from, to }) => doomed.has(to) && !doomed.has(from))
  if (wrong === undefined) return
  throw new UserError(
    `table ${wrong.from} stays and refers to ${wrong.to}, which is rebuilt from empty; keep both: --keep-table ${wrong.to}`,
    { code: 'replay-scope' },
  )
}
