import type { Observer } from '../observe/observer.ts'
import { wildcardSignal } from '../observe/sync-events.ts'

/** The known record collections that a pattern names. */
type Expand = (patterns: readonly string[]) => string[]

/**
 * A listing is asked for one collection at a time, and `com.atproto.sync.listReposByCollection` takes exact NSIDs alone:
 * wildcards stand for the collections whose lexicons we have.
 */
export function listable(signal: readonly string[], expand: Expand): string[] {
  return [...new Set([...signal.filter((pattern) => !isWildcard(pattern)), ...expand(signal)])]
}

/** Says of each wildcard what it finds by listing: a repo that holds nothing of that is found when it commits. */
export function tellWildcards(signal: readonly string[], expand: Expand, observer: Observer): void {
  for (const pattern of signal) if (isWildcard(pattern)) wildcardSignal(observer, pattern, expand([pattern]))
}

const isWildcard = (pattern: string) => pattern.endsWith('*')
