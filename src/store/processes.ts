import type { Session } from './database.ts'
import type { DialectName } from './types.ts'

/** How the connections of lextap's processes are called on a Postgres server, unless the URL says otherwise. */
export const PREFIX = 'lextap/'

interface On {
  readonly dialect: DialectName
}

/** By which name the server knows this process; null where there is no server. */
export async function ownName(on: On, session: Session): Promise<string | null> {
  const name = await connectionName(on, session)
  // Behind the process stands the number of the store.
  return name?.startsWith(PREFIX) ? name.split('/').slice(0, 2).join('/') : name
}

async function connectionName({ dialect }: On, session: Session): Promise<string | null> {
  if (dialect !== 'postgres') return null
  const rows = await session.all<{ name: string }>("select current_setting('application_name') as name")
  return rows[0]?.name ?? null
}

/**
 * Whether the process of this name has no connection any more. False where that cannot be told: on an embedded
 * database, and where the URL gives all processes one name.
 */
export async function isGone(on: On, session: Session, name: string | null): Promise<boolean> {
  const own = await ownName(on, session)
  if (own === null || name === null || !name.startsWith(PREFIX) || name === own) return false
  return (await namesLike(session, name)).length === 0
}

/** Whether no other process of lextap's is connected, as far as one can tell. */
export async function isAlone(on: On, session: Session): Promise<boolean> {
  const own = await ownName(on, session)
  if (own === null) return true
  if (!own.startsWith(PREFIX)) return false
  return (await namesLike(session, PREFIX)).every((name) => name === own || name.startsWith(`${own}/`))
}

/** The same for one store: there may be others in this process. */
export async function isOnlyStore(on: On, session: Session): Promise<boolean> {
  const own = await connectionName(on, session)
  if (own === null) return true
  return own.startsWith(PREFIX) && (await namesLike(session, PREFIX)).every((name) => name === own)
}

async function namesLike(session: Session, beginning: string): Promise<string[]> {
  const rows = await session.all<{ name: string }>(
    `select distinct application_name as name from pg_stat_activity
     where datname = current_database() and substr(application_name, 1, $1) = $2`,
    [beginning.length, beginning],
  )
  return rows.map(({ name }) => name)
}
