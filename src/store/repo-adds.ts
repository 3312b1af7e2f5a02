import type { Database, Session } from './database.ts'
import type { RepoState } from './repo-row.ts'

/** Writes rows for those that have none; with `found`, not for the excluded. Returns how many. */
export function insertRepos(
  { sql }: Database,
  session: Session,
  dids: readonly string[],
  { state = 'pending', found = false }: { readonly state?: RepoState; readonly found?: boolean },
): Promise<number> {
  // Known ones are left out before the insert: on Postgres a conflict would use up an id each time. Asked one by
  // one and not by `not exists`, which Postgres may answer by reading the whole table.
  const open = found ? 'and (select did from lextap_excluded where did = value) is null' : ''
  return session.run(
    `insert into lextap_repo (did, state, standing, run, retry_count)
     select distinct value, $1, 'active', 0, 0 from ${sql.listOf(2, 'text')}
     where (select id from lextap_repo where did = value) is null ${open}
     on conflict (did) do nothing`,
    [state, dids],
  )
}

/** Who is named is not on the way out any more, nor excluded. */
export async function bringBack({ sql }: Database, session: Session, dids: readonly string[]): Promise<void> {
  await session.run(`delete from lextap_excluded where ${sql.anyOf('did', 1, 'text')}`, [dids])
  const leaving = await session.all('select 1 as one from lextap_repo where removal is not null limit 1')
  if (leaving.length === 0) return
  await session.run(
    `update lextap_repo set removal = null, state = 'desynchronized', retry_at = null
     where removal is not null and ${sql.anyOf('did', 1, 'text')}`,
    [dids],
  )
}
