import type { Database, Param, Session } from './database.ts'
import { type RawRepo, REPO_COLUMNS } from './repo-columns.ts'

const LEASE_MS = 60_000

export interface ClaimOptions {
  readonly limit: number
  /** ms. */
  readonly now: number
  /** Base URLs of hosts to leave alone for now. Repos whose host is not known yet are never left out. */
  readonly skipHosts?: readonly string[]
  /** Repos whose host or key is not known, and who of them is left alone for now. */
  readonly skipUnknown?: SkipUnknown
  /** How long the claim holds without being renewed, ms. Then anybody may take the repo over. Default 60000. */
  readonly leaseMs?: number
}

/** Accounts not to be looked up now. */
export interface SkipUnknown {
  /** Those that a directory knows: all but did:web. */
  readonly shared: boolean
  /** Those of did:web: all of them, or those at hosts of these domains (lower case, without a port). */
  readonly web: 'all' | readonly string[]
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
  { now, leaseMs = LEASE_MS, skipHosts = [], skipUnknown }: ClaimOptions,
  limit: number,
): Promise<RawRepo[]> {
  const params: Param[] = [state, now, limit, now + leaseMs]
  // The state is written out so that the partial index serves the query.
  let where = `state = $1 and state <> 'active' and standing = 'active' and removal is null
    and ${state === 'resyncing' ? 'lease <= $2' : '(retry_at is null or retry_at <= $2)'}`
  const unknown = skipUnknown === undefined ? null : unknownThatMay(skipUnknown, params)
  if (unknown !== null) where += ` and (pds is not null and signing_key is not null or ${unknown})`
  if (skipHosts.length > 0)
    where += ` and (pds is null or not (${sql.anyOf('pds', params.push(skipHosts), 'text')}))`
  return tx.all<RawRepo>(
    `update lextap_repo set state = 'resyncing', run = run + 1, lease = $4 where id in (
       select id from lextap_repo where ${where} order by id limit $3 ${sql.forUpdateSkipLocked}
     ) returning ${REPO_COLUMNS}`,
    params,
  )
}

/** Which accounts may be looked up, in SQL; null for all. */
function unknownThatMay({ shared, web }: SkipUnknown, params: Param[]): string | null {
  const noWeb = "did not like 'did:web:%'"
  if (web === 'all') return shared ? '1 = 0' : noWeb
  if (!shared && web.length === 0) return null
  const crowded = web
    .flatMap(patternsOf)
    .map((pattern) => `lower(did) like $${params.push(pattern)} escape '!'`)
  const others = crowded.length === 0 ? '1 = 1' : `not (${crowded.join(' or ')})`
  return shared ? `(did like 'did:web:%' and ${others})` : `(${noWeb} or ${others})`
}

/** All did:webs of a domain and what is below it, with a port and without. */
const patternsOf = (domain: string): string[] => {
  const name = domain.replace(/[!%_]/g, '!$&')
  return ['did:web:', 'did:web:%.'].flatMap((start) => [`${start}${name}`, `${start}${name}!%3a%`])
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
