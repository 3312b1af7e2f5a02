import type { Lanes } from './async/lanes.ts'
import type { ResolvedConfig } from './config/types.ts'
import { matches } from './dispatch/patterns.ts'
import type { Registry } from './dispatch/registry.ts'
import type { Outcome, Unit } from './dispatch/unit.ts'
import { LextapError } from './errors.ts'
import type { Observer } from './observe/observer.ts'
import { Feed, type FeedRecord } from './repo/feed.ts'
import type { JetstreamEvent } from './source/jetstream-event.ts'
import { JetstreamStream } from './source/jetstream-stream.ts'
import type { Source } from './source/source.ts'
import { TapAdmin } from './source/tap-admin.ts'
import { TapStream } from './source/tap-stream.ts'
import type { RepoRow } from './store/repo-row.ts'
import type { Store } from './store/store.ts'

export interface FeedingOptions {
  readonly config: ResolvedConfig
  readonly store: Store
  readonly lanes: Lanes<string>
  readonly observer: Observer
  readonly registry: Registry
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly onDeleted: (row: RepoRow) => void
  /** Looks up who an account is now. */
  readonly refresh: (row: RepoRow) => Promise<void>
}

/** The option `source` made real; null for a firehose. */
export function createFeed(options: FeedingOptions): { source: Source; admin: TapAdmin | null } | null {
  const { source } = options.config
  if (source.kind === 'tap') return createTapFeed(options, source)
  if (source.kind === 'jetstream') return { source: createJetstreamFeed(options, source.url), admin: null }
  return null
}

function createTapFeed(
  options: FeedingOptions,
  { url, password }: { url: string; password: string | null },
): { source: Source; admin: TapAdmin } {
  const { store, lanes, observer } = options
  const admin = new TapAdmin(url, password)
  // Whatever a Tap sends is ours: it was told whom to follow.
  const feed = feedOf(options, 'tap', () => true)
  return { source: new TapStream({ url, password, feed, lanes, observer, store, admin }), admin }
}

function createJetstreamFeed(options: FeedingOptions, url: string): Source {
  const { config, store, lanes, observer, registry, refresh } = options
  const { signal, full } = config.track
  const signals = (collection: string) => full || signal.some((pattern) => matches(pattern, collection))
  const ours = ({ collection }: FeedRecord) => signals(collection)
  const all = registry.open && config.collections === null
  const wanted = [...new Set([...(config.collections ?? registry.collections), ...signal])]
  const select = (event: JetstreamEvent) => {
    if (event.kind !== 'commit') return store.repos.mayTrack(event.did)
    const { collection } = event.record
    return (registry.wants(collection) && store.repos.mayTrack(event.did)) || signals(collection)
  }
  return new JetstreamStream({
    ...{ url, store, lanes, observer, select },
    // A Jetstream takes a hundred at most.
    collections: all || wanted.includes('*') || wanted.length > 100 ? [] : wanted,
    only: !full && signal.length === 0,
    feed: feedOf(options, 'jetstream', ours),
    cursorIntervalMs: config.stream.cursorIntervalMs,
    noReplay: config.stream.noReplay,
    refresh: async (did) => {
      const row = await store.repos.get(did)
      try {
        if (row !== null) await refresh(row)
      } catch (error) {
        // A hint that could not be followed (rule D1): the next one may be.
        if (!(error instanceof LextapError)) throw error
        observer.log.warn({ did, err: error }, 'an identity could not be resolved')
      }
    },
  })
}

function feedOf(
  options: FeedingOptions,
  source: 'tap' | 'jetstream',
  discover: (record: FeedRecord) => boolean,
): Feed {
  const { store, submit, observer, registry, onDeleted } = options
  const wants = (collection: string) => registry.wants(collection)
  return new Feed({ store, submit, observer, source, wants, discover, onDeleted })
}
