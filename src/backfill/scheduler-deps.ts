import type { Observer } from '../observe/observer.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import type { Resolved } from './claims.ts'
import type { Flight } from './flight.ts'
import type { FetchedRepo } from './resync.ts'

/** What the scheduler has others do, and how far it may go. */
export interface SchedulerDeps {
  readonly store: Store
  readonly observer: Observer
  /** Resolves who and where the account is and brings the row level with it. Null: it is gone (tombstone). */
  readonly identify: (row: RepoRow, signal: AbortSignal) => Promise<Resolved | null>
  /** Until when the directory of accounts is left alone, ms since the epoch: only who is known is fetched. */
  readonly restsUntil: () => number
  /** Where to fetch it from. */
  readonly hostOf: (identity: Resolved) => string
  readonly fetch: (
    row: RepoRow,
    identity: Resolved,
    host: string,
    fresh: boolean,
    flight: Flight,
    signal: AbortSignal,
  ) => Promise<FetchedRepo>
  /** Runs in the repo's lane. Returns how many records were deleted. */
  readonly cutOver: (row: RepoRow, fetched: FetchedRepo, fresh: boolean) => Promise<number>
  /** The host says the account is gone, suspended, … (rule F7). */
  readonly onStanding: (row: RepoRow, standing: string, signal: AbortSignal) => Promise<unknown>
  /** Repos fetched at once, in all and from one host. */
  readonly concurrency: number
  readonly perHost: number
  /** First and longest wait before a failed repo is tried again, ms (rule F13). Hosts rest for a fraction of it. */
  readonly retryMs: { readonly first: number; readonly longest: number }
  /** Resyncs of one DID at once, and then a minute, evenly spaced (rule F9). */
  readonly resyncsPerMinute: number
  /** How long a claim holds when the process dies, ms; renewed while it lives. */
  readonly leaseMs: number
  /** All repos come from one host: then there is nothing to share fairly. */
  readonly oneHost: boolean
  /** More repos are due than can be fetched at once. */
  readonly onBacklog?: () => void
  /** A fetch that hears nothing for so long gives its place to another, ms. Default 5000. */
  readonly idleMs?: number
}
