import type { ListingProgress } from './backfill/listings.ts'
import { leftOf } from './backfill/notes.ts'
import { type Estimate, estimate, type SchedulerProgress } from './backfill/progress.ts'
import type { Scheduler } from './backfill/scheduler.ts'
import type { ReplayStatus } from './replay/replayer.ts'
import type { Serving } from './serving.ts'
import type { SourceStatus } from './source/source.ts'
import { bodiesSize } from './store/bodies.ts'
import type { RejectionCounts } from './store/rejections.ts'
import type { Store } from './store/store.ts'

export interface TapStatus {
  readonly relay: SourceStatus
  readonly repos: Awaited<ReturnType<Store['repos']['counts']>>
  /** What is being fetched, what came of it, and what is left. */
  readonly backfill: SchedulerProgress & { readonly left: Estimate }
  readonly listings: readonly ListingProgress[]
  /** What was refused, by rule or reason, since the database was made. */
  readonly rejections: RejectionCounts
  /** The replay under way; null when there is none. */
  readonly replay: ReplayStatus | null
  /** Stored record bodies, for replays: whether more are kept, and about how many bytes they take. */
  readonly bodies: { readonly kept: boolean; readonly bytes: number }
  /** Events owed to others; null when there is nobody to get them. */
  readonly outbox: Serving['outbox']
}

/** Where the parts of the status come from. */
interface Sources extends Pick<TapStatus, 'relay' | 'listings' | 'replay' | 'outbox'> {
  readonly store: Store
  readonly scheduler: Pick<Scheduler, 'progress' | 'stuckHosts'>
  readonly keepsBodies: boolean
}

/** All a running tap can tell of itself. */
export async function statusOf(sources: Sources): Promise<TapStatus> {
  const { store, scheduler, keepsBodies, relay, listings, replay, outbox } = sources
  const { progress } = scheduler
  const left = estimate(progress, await leftOf(store, scheduler.stuckHosts))
  return {
    relay,
    repos: await store.repos.counts(),
    backfill: { ...progress, left },
    listings,
    rejections: await store.rejections.counts(),
    replay,
    bodies: { kept: keepsBodies, bytes: await bodiesSize(store.db) },
    outbox,
  }
}
