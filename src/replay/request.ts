import { randomUUID } from 'node:crypto'
import { matches } from '../dispatch/patterns.ts'
import { nameOf, type Registry } from '../dispatch/registry.ts'
import { UserError } from '../errors.ts'
import { isDid } from '../protocol/syntax.ts'
import type { Store } from '../store/store.ts'
import { joined, notBegun, type ReplayJob, sameVersions, sameWork } from './job.ts'
import { isFree, type OpenReplay, openReplay, ownedBy, writeJob, writeProgress } from './journal.ts'
import { type Kept, survey } from './survey.ts'

/** What somebody asks to be replayed; empty lists stand for everything. */
export interface ReplayRequest {
  /** NSIDs or `ns.*`. */
  readonly collections: readonly string[]
  readonly dids: readonly string[]
  /** Handlers by name. */
  readonly handlers: readonly string[]
  /** Rebuild the user's tables from empty, but for those to keep. */
  readonly fresh: { readonly keep: readonly string[] } | null
}

/** Makes a job of a request. Throws UserError for names that mean nothing, listing those that do. */
export function makeJob(request: ReplayRequest, registry: Registry): ReplayJob {
  const { dids, fresh } = request
  if (fresh !== null && request.collections.length + request.handlers.length + dids.length > 0) {
    throw new UserError(
      'fresh rebuilds all tables from empty: it cannot be narrowed by collections, dids or handlers',
      { code: 'replay-scope' },
    )
  }
  const wrong = dids.filter((did) => !isDid(did))
  if (wrong.length > 0) throw new UserError(`not a DID: ${wrong.join(', ')}`, { code: 'replay-scope' })
  const handled = registry.collections.filter((collection) => registry.handlersOf(collection).length > 0)
  const chosen = inPatterns(handled, request.collections)
  const collections = byHandlers(chosen, request.handlers, handled, registry)
  return {
    id: randomUUID(),
    collections,
    dids: dids.length === 0 ? null : [...dids],
    fresh,
    versions: versionsOf(Object.keys(collections), registry),
    reasons: [],
  }
}

function inPatterns(handled: readonly string[], patterns: readonly string[]): readonly string[] {
  if (patterns.length === 0) return handled
  const unknown = patterns.filter((pattern) => !handled.some((collection) => matches(pattern, collection)))
  if (unknown.length > 0) throw nothingNamed('no handler takes', unknown, 'handled collections', handled)
  return handled.filter((collection) => patterns.some((pattern) => matches(pattern, collection)))
}

function byHandlers(
  chosen: readonly string[],
  names: readonly string[],
  handled: readonly string[],
  registry: Registry,
): ReplayJob['collections'] {
  const known = [...new Set(handled.flatMap((collection) => registry.handlersOf(collection).map(nameOf)))]
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw nothingNamed('no such handler:', unknown, 'handlers', known)
  const entries = chosen.flatMap((collection) => {
    const named = namedOf(collection, names, registry)
    return named !== null && named.length === 0 ? [] : [[collection, named] as const]
  })
  if (entries.length === 0) {
    throw new UserError(`none of the handlers ${names.join(', ')} takes ${chosen.join(', ')}`, {
      code: 'replay-scope',
    })
  }
  return Object.fromEntries(entries)
}

/** Of the handlers of a collection those that are named; null when that is all of them. */
export function namedOf(
  collection: string,
  names: readonly string[],
  registry: Registry,
): readonly string[] | null {
  const all = registry.handlersOf(collection).map(nameOf)
  if (names.length === 0 || all.every((name) => names.includes(name))) return null
  return [...new Set(all.filter((name) => names.includes(name)))]
}

function nothingNamed(
  what: string,
  unknown: readonly string[],
  list: string,
  known: readonly string[],
): UserError {
  const there = known.length === 0 ? '(none)' : known.join(', ')
  return new UserError(`${what} ${unknown.join(', ')}; ${list}: ${there}`, { code: 'replay-scope' })
}

/** Versions of the handlers of these collections, by name; 0 where none is declared. */
export function versionsOf(collections: readonly string[], registry: Registry): Record<string, number> {
  const versions: Record<string, number> = {}
  for (const definition of collections.flatMap((collection) => registry.handlersOf(collection))) {
    const name = nameOf(definition)
    versions[name] = Math.max(versions[name] ?? 0, definition.handlers.version ?? 0)
  }
  return versions
}

/**
 * Whoever runs a job must have the handlers it was asked for: a process that was started before they changed
 * would replay with the old ones. Throws UserError saying which differ.
 */
export function checkJob(job: ReplayJob, registry: Registry): void {
  const here = versionsOf(Object.keys(job.collections), registry)
  for (const [name, version] of Object.entries(job.versions)) {
    const ours = here[name]
    if (ours === version) continue
    const has = ours === undefined ? 'has no such handler' : `has version ${ours}`
    throw new UserError(
      `the replay is for handler ${name} of version ${version}, and the process that runs ${has}: restart it with the present code`,
      { code: 'replay-stale' },
    )
  }
}

/** What of the job's collections is in the index, with and without bodies. */
export async function surveyOf(
  store: Store,
  job: Pick<ReplayJob, 'collections' | 'dids'>,
): Promise<Record<string, Kept>> {
  const ids = Object.keys(job.collections).flatMap((name) => store.collections.idOf(name) ?? [])
  const rows = job.dids === null ? null : await Promise.all(job.dids.map((did) => store.repos.get(did)))
  const missing = job.dids?.filter((_, i) => rows?.[i] === null) ?? []
  if (missing.length > 0) {
    throw new UserError(`not followed: ${missing.join(', ')}; see: lextap repos list`, {
      code: 'not-tracked',
    })
  }
  return survey(store, {
    collections: ids,
    repos: rows === null ? null : rows.flatMap((row) => row?.id ?? []),
  })
}

/** Without bodies there is nothing to replay from. */
export function requireBodies(found: Readonly<Record<string, Kept>>): void {
  const lacking = Object.entries(found).filter(([, kept]) => kept.missing > 0)
  if (lacking.length === 0) return
  const list = lacking.map(([name, { records, missing }]) => `${name} (${missing} of ${records})`).join(', ')
  throw new UserError(
    `records without a stored body cannot be replayed: ${list}; set records: 'keep' in the config and have them fetched from the network with: lextap replay --fetch; or leave them out with: --allow-missing`,
    { code: 'no-bodies' },
  )
}

export interface SubmitOptions {
  /** Works on it at once; null: whoever runs on the database will. */
  readonly owner: string | null
  /** Give up an unfinished replay of something else. */
  readonly restart: boolean
}

/**
 * Puts the job into the database. The same work, begun and not finished, goes on instead; it starts over when the
 * handlers have other versions now.
 * @throws UserError when something else is unfinished and `restart` is not set.
 */
export async function submitJob(store: Store, job: ReplayJob, options: SubmitOptions): Promise<OpenReplay> {
  const { owner, restart } = options
  // Who only watches does not wait for whoever writes.
  const there = owner === null && !restart ? await openReplay(store) : null
  if (there !== null && sameWork(there.job, job) && sameVersions(there.job, job)) return there
  return store.transaction(async (tx) => {
    const open = await openReplay(store, tx)
    const same = open !== null && sameWork(open.job, job)
    if (same && sameVersions(open.job, job) && !restart) {
      // Somebody is at it: it is watched, not taken.
      const theirs = store.dialect === 'postgres' && !(await isFree(store, tx, open.progress))
      if (owner === null || theirs) return open
      const progress = await ownedBy(store, tx, open.progress, owner)
      await writeProgress(store, tx, progress)
      return { job: open.job, progress }
    }
    if (open !== null) refuseToReplace(store, open, job, restart || same)
    await writeJob(store, tx, job)
    const unowned = notBegun(job.id)
    const progress = owner === null ? unowned : await ownedBy(store, tx, unowned, owner)
    await writeProgress(store, tx, progress)
    return { job, progress }
  })
}

function refuseToReplace(
  store: Store,
  { job: open, progress }: OpenReplay,
  job: ReplayJob,
  restart: boolean,
): void {
  const apart = open.fresh !== null && store.dialect === 'postgres'
  if (open.fresh !== null && job.fresh === null && !apart) {
    throw new UserError(
      'a rebuild from empty is unfinished, so tables are incomplete; finish it first: lextap replay --fresh',
      { code: 'replay-open' },
    )
  }
  if (restart) return
  const names = Object.keys(open.collections).join(', ')
  const keep = (open.fresh?.keep ?? []).map((name) => ` --keep-table ${name}`).join('')
  const ender = apart ? `to go on with it: lextap replay --fresh${keep}` : 'lextap run finishes it'
  throw new UserError(
    `another replay is unfinished (${names}; ${progress.done} of ${progress.total ?? 'unknown'} records); ${ender}; to give it up: --restart`,
    { code: 'replay-open' },
  )
}

/** Adds work that became due by itself to what is unfinished. A joined job starts over. */
export async function addJob(
  store: Store,
  session: Parameters<typeof writeJob>[1],
  job: ReplayJob,
): Promise<ReplayJob> {
  const open = await openReplay(store, session)
  const next = open === null ? job : joined(open.job, job)
  await writeJob(store, session, next)
  return next
}
