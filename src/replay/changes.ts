import { randomUUID } from 'node:crypto'
import { nameOf, type Registry } from '../dispatch/registry.ts'
import type { Observer } from '../observe/observer.ts'
import { replayDue } from '../observe/replay-events.ts'
import type { Session } from '../store/database.ts'
import type { Store } from '../store/store.ts'
import { joined, type ReplayJob } from './job.ts'
import { addJob, namedOf, versionsOf } from './request.ts'

const KEY = 'replay.known'

/** What handlers and lexicons were when the project ran last: meaning alone, no text. */
export interface Known {
  /** Handler and what it is for (`status xyz.statusphere.status`) → its declared version, 0 for none. */
  readonly handlers: Readonly<Record<string, number>>
  /** Handled collection → fingerprint of its lexicon. */
  readonly lexicons: Readonly<Record<string, string>>
}

/** One thing that is not as it was. */
export type Change =
  | {
      readonly kind: 'version'
      readonly handler: string
      readonly collections: readonly string[]
      readonly from: number
      readonly to: number
    }
  | { readonly kind: 'lexicon'; readonly collections: readonly string[] }
  /** A handler beside others that were there: it has seen nothing of what is stored. */
  | { readonly kind: 'new-handler'; readonly handler: string; readonly collections: readonly string[] }

export function knownNow(registry: Registry, fingerprints: Readonly<Record<string, string>>): Known {
  const handlers: Record<string, number> = {}
  const lexicons: Record<string, string> = {}
  for (const collection of registry.collections) {
    const definitions = registry.handlersOf(collection)
    for (const definition of definitions) {
      const key = `${nameOf(definition)} ${definition.pattern}`
      handlers[key] = Math.max(handlers[key] ?? 0, definition.handlers.version ?? 0)
    }
    const fingerprint = fingerprints[collection]
    if (definitions.length > 0 && fingerprint !== undefined) lexicons[collection] = fingerprint
  }
  return { handlers, lexicons }
}

/** What differs. Collections nobody handled before are not in it: they are fetched anew. */
export function compareKnown(before: Known, now: Known, registry: Registry): Change[] {
  const changes: Change[] = []
  for (const [key, to] of Object.entries(now.handlers)) {
    const [handler = ''] = key.split(' ')
    const collections = collectionsOf(key, registry)
    const from = before.handlers[key]
    if (from !== undefined && to > from) changes.push({ kind: 'version', handler, collections, from, to })
    if (from !== undefined) continue
    // Where it is alone, or its companions are new too, all of it is fetched.
    const joins = collections.filter((collection) =>
      registry.handlersOf(collection).some((d) => `${nameOf(d)} ${d.pattern}` in before.handlers),
    )
    if (joins.length > 0) changes.push({ kind: 'new-handler', handler, collections: joins })
  }
  const other = Object.keys(now.lexicons).filter(
    (collection) =>
      before.lexicons[collection] !== undefined && before.lexicons[collection] !== now.lexicons[collection],
  )
  if (other.length > 0) changes.push({ kind: 'lexicon', collections: other })
  return changes
}

/** Whether it is replayed by itself. A new handler may be an old one by another name: only its owner knows. */
export const isAutomatic = (change: Change): boolean => change.kind !== 'new-handler'

/** Why, in words; `records` are those in the index. */
export function reasonOf(change: Change, records?: number): string {
  const where = change.collections.join(', ')
  const count = records === undefined ? '' : `${new Intl.NumberFormat('en').format(records)} `
  switch (change.kind) {
    case 'version':
      return `${where}: handler \`${change.handler}\` version ${change.from} -> ${change.to}: ${count}records will be replayed`
    case 'lexicon':
      return `${where}: the lexicon means something else than before: ${count}records will be validated again and replayed`
    case 'new-handler':
      return `${where}: handler \`${change.handler}\` is new and has seen none of the ${count}records: lextap replay --handler ${change.handler} hands them to it`
  }
}

/** The job that brings the tables level with a change. */
export function jobFor(change: Change, registry: Registry): ReplayJob {
  const names = change.kind === 'lexicon' ? [] : [change.handler]
  return {
    id: randomUUID(),
    collections: Object.fromEntries(
      change.collections.map((collection) => [collection, namedOf(collection, names, registry)]),
    ),
    dids: null,
    fresh: null,
    versions: versionsOf(change.collections, registry),
    reasons: [reasonOf(change)],
  }
}

export async function readKnown(store: Store): Promise<Known | null> {
  const value = await store.meta.get(KEY)
  return value === null ? null : (JSON.parse(value) as Known)
}

export async function writeKnown(store: Store, known: Known, session: Session = store.db): Promise<void> {
  await store.meta.set(KEY, JSON.stringify(known), session)
}

/**
 * Holds handlers and lexicons against what they were when the project ran last, and asks for the replays that
 * are due. Killed anywhere in here, the next start does it again.
 */
export async function followChanges(
  store: Store,
  registry: Registry,
  now: Known,
  observer: Observer,
): Promise<void> {
  const before = await readKnown(store)
  const changes = before === null ? [] : compareKnown(before, now, registry)
  for (const change of changes)
    replayDue(observer, { reason: reasonOf(change), automatic: isAutomatic(change) })
  const jobs = changes.filter(isAutomatic).map((change) => jobFor(change, registry))
  if (before !== null && jobs.length === 0 && sameKnown(before, now)) return
  await store.transaction(async (tx) => {
    // What was known of a handler that is away for now stays known.
    await writeKnown(store, merged(before, now), tx)
    if (jobs.length > 0) await addJob(store, tx, jobs.reduce(joined))
  })
}

/**
 * What is known once a job is done: of the handlers it called for all their collections, and of the lexicons of
 * collections all of whose handlers it called, what is true now; of the others what was. Null when that is nothing new.
 */
export function replayedOf(
  { collections, dids }: ReplayJob,
  before: Known | null,
  now: Known,
  registry: Registry,
): Known | null {
  if (dids !== null) return null
  const isCalled = (collection: string, handler: string) => {
    const names = collections[collection]
    return names !== undefined && (names === null || names.includes(handler))
  }
  const handlers = Object.entries(now.handlers).filter(([key]) => {
    const [handler = ''] = key.split(' ')
    return collectionsOf(key, registry).every((collection) => isCalled(collection, handler))
  })
  const lexicons = Object.entries(now.lexicons).filter(([collection]) => collections[collection] === null)
  // Where nothing is known, the next start takes everything for known: half of it would be worse.
  const all = handlers.length === Object.keys(now.handlers).length
  if (before === null && !(all && lexicons.length === Object.keys(now.lexicons).length)) return null
  return {
    handlers: { ...before?.handlers, ...Object.fromEntries(handlers) },
    lexicons: { ...before?.lexicons, ...Object.fromEntries(lexicons) },
  }
}

/** Collections of a handler, named as {@link Known} names it. */
function collectionsOf(key: string, registry: Registry): string[] {
  const [handler, pattern] = key.split(' ')
  return registry.collections.filter((collection) =>
    registry.handlersOf(collection).some((d) => nameOf(d) === handler && d.pattern === pattern),
  )
}

const merged = (before: Known | null, now: Known): Known => ({
  handlers: now.handlers,
  lexicons: { ...before?.lexicons, ...now.lexicons },
})

const sameKnown = (a: Known, b: Known): boolean =>
  JSON.stringify(sorted(merged(a, b))) === JSON.stringify(sorted(a))

const sorted = ({ handlers, lexicons }: Known) => [
  Object.entries(handlers).sort(),
  Object.entries(lexicons).sort(),
]
