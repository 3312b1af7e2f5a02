import { matches } from '../dispatch/patterns.ts'
import type { Followed } from '../dispatch/registry.ts'
import type { Observer } from '../observe/observer.ts'
import { collectionsChanged } from '../observe/sync-events.ts'
import { forgetCollection, refetchAll } from '../store/refetch.ts'
import type { Store } from '../store/store.ts'

const KEY = 'collections'

/** What became of the collections since the last start. */
export interface CollectionChanges {
  /** Not indexed before. */
  readonly added: readonly string[]
  /** Indexed before, but nobody handled them. */
  readonly handled: readonly string[]
  /** Not indexed any more; what is indexed stays as it was. */
  readonly removed: readonly string[]
}

/** Compares by meaning: what a pattern covered before is not new when it is named. */
export function compareCollections(before: Followed, now: Followed): CollectionChanges {
  const covered = (list: readonly string[], collection: string) =>
    list.some((pattern) => matches(pattern, collection))
  return {
    added: now.indexed.filter((collection) => !covered(before.indexed, collection)),
    handled: now.handled.filter(
      (collection) => covered(before.indexed, collection) && !before.handled.includes(collection),
    ),
    removed: before.indexed.filter((collection) => !covered(now.indexed, collection)),
  }
}

/** Collections whose handler of before is not there: what it has rows of may go. */
function awayNow(before: Followed, now: Followed): string[] {
  const ever = new Set([...(before.away ?? []), ...before.handled])
  return [...ever].filter((collection) => !now.handled.includes(collection))
}

/** What was indexed when the project ran last; null when it never did. */
export async function readFollowed(store: Store): Promise<Followed | null> {
  const stored = await store.meta.get(KEY)
  return stored === null ? null : (JSON.parse(stored) as Followed)
}

/**
 * Holds what is to be indexed against what was when the project ran last. For what is new every repo is fetched
 * again: a fetch calls handlers for what the index does not hold yet, so nobody hears of the other collections.
 * Killed anywhere in here, the next start does it again.
 */
export async function followCollections(
  now: Followed,
  store: Store,
  observer: Observer,
): Promise<CollectionChanges> {
  const before = (await readFollowed(store)) ?? now
  const changes = compareCollections(before, now)
  const { added, handled, removed } = changes
  const away = awayNow(before, now)
  store.owedDeletes.away = away
  for (const collection of handled) await forgetCollection(store, collection)
  const fresh = [...added, ...handled]
  const repos = await store.transaction(async (tx) => {
    await store.meta.set(KEY, JSON.stringify({ ...now, away }), tx)
    return fresh.length === 0 ? 0 : refetchAll(tx, `to be fetched for ${fresh.join(', ')}`)
  })
  if (fresh.length + removed.length > 0) collectionsChanged(observer, { added, handled, removed, repos })
  return changes
}
