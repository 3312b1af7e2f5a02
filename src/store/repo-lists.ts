import type { Database, Param, Session } from './database.ts'
import { type RawRepo, REPO_COLUMNS, toRepoRow } from './repo-columns.ts'
import type { RepoRow, RepoState } from './repo-row.ts'

export interface RepoCounts {
  readonly total: number
  readonly states: Readonly<Record<RepoState, number>>
  readonly standings: Readonly<Record<string, number>>
}

export interface ListOptions {
  readonly state?: RepoState
  readonly standing?: string
  readonly removal?: boolean
  readonly after?: number
  readonly limit: number
}

/** By id. `after` is the id of the last row seen. */
export async function listRepos(reader: Session, options: ListOptions): Promise<RepoRow[]> {
  const params: Param[] = [options.after ?? 0, options.limit]
  let where = 'id > $1'
  where += equals('state', options.state, params) + equals('standing', options.standing, params)
  if (options.removal === true) where += ' and removal is not null'
  const rows = await reader.all<RawRepo>(
    `select ${REPO_COLUMNS} from lextap_repo where ${where} order by id limit $2`,
    params,
  )
  return rows.map(toRepoRow)
}

export async function countRepos(reader: Session): Promise<RepoCounts> {
  // Nearly all repos are active in state and standing: those are counted as the rest, not one by one.
  const [all, others, away] = await Promise.all([
    reader.all<{ n: number }>('select count(*) as n from lextap_repo'),
    reader.all<{ state: RepoState; n: number }>(
      "select state, count(*) as n from lextap_repo where state <> 'active' group by state",
    ),
    reader.all<{ standing: string; n: number }>(
      "select standing, count(*) as n from lextap_repo where standing <> 'active' group by standing",
    ),
  ])
  const total = all[0]?.n ?? 0
  const sum = (rows: readonly { n: number }[]) => rows.reduce((n, row) => n + row.n, 0)
  const states = { pending: 0, resyncing: 0, active: total - sum(others), desynchronized: 0, error: 0 }
  for (const { state, n } of others) states[state] = n
  const standings: Record<string, number> = { active: total - sum(away) }
  for (const { standing, n } of away) standings[standing] = n
  return { total, states, standings }
}

/** Repos that wait for a fetch or are being fetched; those that failed and wait for their retry do not count. */
export async function countUnsettled(reader: Session): Promise<number> {
  // Not active, said once more: so the partial index serves.
  const rows = await reader.all<{ n: number }>(
    `select count(*) as n from lextap_repo where state in ('pending', 'resyncing', 'desynchronized')
     and state <> 'active' and standing = 'active' and removal is null`,
  )
  return rows[0]?.n ?? 0
}

/** Repos whose last fetch failed: they are tried again when their time comes. */
export async function countFailing(reader: Session): Promise<number> {
  const rows = await reader.all<{ n: number }>(
    `select count(*) as n from lextap_repo where state = 'error'
     and state <> 'active' and standing = 'active' and removal is null`,
  )
  return rows[0]?.n ?? 0
}

/** Of those `unsettled`, the ones that are not due yet, or whose host is one of these; none that is being fetched. */
export async function countPostponed(
  { reader, sql }: Database,
  now: number,
  hosts: readonly string[],
): Promise<number> {
  const rows = await reader.all<{ n: number }>(
    `select count(*) as n from lextap_repo where state in ('pending', 'desynchronized')
     and state <> 'active' and standing = 'active' and removal is null
     and (retry_at > $1 or ${sql.anyOf('pds', 2, 'text')})`,
    [now, hosts],
  )
  return rows[0]?.n ?? 0
}

/** A condition; what is not `active` is said so in the text, so that the partial indexes serve. */
function equals(column: 'state' | 'standing', value: string | undefined, params: Param[]): string {
  if (value === undefined) return ''
  return ` and ${column} = $${params.push(value)}${value === 'active' ? '' : ` and ${column} <> 'active'`}`
}
