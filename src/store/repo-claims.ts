import type { Database, Param, Session } from './database.ts'
import { type RawRepo, REPO_COLUMNS } from './repo-columns.ts'

const LEASE_MS = 60_000

export interface ClaimOptions {
  readonly limit: number
  /** ms. */
  readonly now: number
  /** Base URLs of hosts to leave alone for now. Repos whose host is not known yet are never left out. */
  readonly skipHosts?: readonly string[]
  /** Only repos whose host and key are known. */
  readonly knownOnly?: boolean
  /** How long the claim holds without being renewed, ms. Then anybody may take the repo over. Default 60000. */
  readonly leaseMs?: number
}

/**
 * Work is claimed in this order: who was level before, then who never was, then who failed, then whose claim ran out:
 * its process died, or could not write down how the fetch had ended.
 */
const CLAIM_ORDER = ['desynchronized', 'pending', 'error', 'resyncing'] as const

/** Takes repos that need a fetch: they become `resyncing`, and their `run` rises. */
export function claimRepos(db: Database, options: ClaimOptions): Promise<RawRepo[]> {
  return db.transaction(async (tx) => {
    const taken: RawRepo[] = []
    for (const state of CLAIM_ORDER) {
      if (taken.length >= options.limit) break
      taken.push(...(await claimIn(db, tx, state, options, options.limit - taken.length)))
    }
    return taken
  })
}

function claimIn(
  { sql }: Database,
  tx: Session,
  state: (typeof CLAIM_ORDER)[number],
  { now, leaseMs = LEASE_MS, skipHosts = [], knownOnly = false }: ClaimOptions,
  limit: number,
): Promise<RawRepo[]> {
  const params: Param[] = [state, now, limit, now + leaseMs]
  // The state is written out so that the partial index serves the query.
  let where = `state = $1 and state <> 'active' and standing = 'active' and removal is null
    and ${state === 'resyncing' ? 'lease <= $2' : '(retry_at is null or retry_at <= $2)'}`
  if (knownOnly) where += ' and pds is not null and signing_key is not null'
  if (skipHosts.length > 0)
    where += ` and (pds is null or not (${sql.anyOf('pds', params.push(skipHosts), 'text')}))`
  return tx.all<RawRepo>(
    `update lextap_repo set state = 'resyncing', run = run + 1, lease = $4 where id in (
       select id from lextap_repo where ${where} order by id limit $3 ${sql.forUpdateSkipLocked}
     ) returning ${REPO_COLUMNS}`,
    params,
  )
}

/** Holds claims until then. */
export async function renewClaims(db: Database, claims: readonly number[], until: number): Promise<void> {
  for (let i = 0; i < claims.length; i += 500) {
    await db.run(
      `update lextap_repo set lease = $1 where state = 'resyncing' and ${db.sql.anyOf('id', 2, 'int')}`,
      [until, claims.slice(i, i + 500)],
    )
  }
}

/** Who is being fetched starts over: all of them, or those whose claim ran out by `now`. Returns how many. */
export function takeBackClaims(db: Database, now: number | null): Promise<number> {
  const free = now === null ? '' : ' and (lease is null or lease <= $1)'
  return db.run(
    `update lextap_repo set state = 'desynchronized' where state = 'resyncing'${free}`,
    now === null ? [] : [now],
  )
}
