import type { Lanes } from './async/lanes.ts'
import { Accounts, type AccountsDeps } from './backfill/accounts.ts'
import { cutOver } from './backfill/cutover.ts'
import { fetchRepo } from './backfill/resync.ts'
import { Scheduler } from './backfill/scheduler.ts'
import type { ResolvedConfig } from './config/types.ts'
import type { Outcome, Unit } from './dispatch/unit.ts'
import type { Observer } from './observe/observer.ts'
import { walkThreadFailed } from './observe/sync-events.ts'
import type { IdentityResolver } from './protocol/identity.ts'
import { WalkThread } from './protocol/walk-thread.ts'
import { walkHere } from './protocol/walking.ts'
import type { XrpcClient } from './protocol/xrpc.ts'
import type { Processor } from './repo/process.ts'
import type { Store } from './store/store.ts'

export interface FetchingOptions {
  readonly config: ResolvedConfig
  readonly store: Store
  readonly observer: Observer
  readonly xrpc: XrpcClient
  readonly identity: IdentityResolver
  readonly lanes: Lanes<string>
  /** Waits for room in the outbox. */
  readonly submit: (unit: Unit) => Promise<Outcome>
  /** How accounts are told of; does not wait. */
  readonly accounts: Pick<AccountsDeps, 'submit' | 'checks' | 'onDeleted'>
  readonly wants: (collection: string) => boolean
  readonly verify: Processor['verify']
}

/** What fetches repos, and the thread their trees are walked in. */
export interface Fetching {
  readonly scheduler: Scheduler
  stop(): Promise<void>
}

/** Puts together how repos are fetched: who they are, from where, proven, applied and cut over in their lane. */
export function createFetching(options: FetchingOptions): Fetching {
  const { config, store, observer, xrpc, identity, lanes, submit, wants, verify } = options
  const { concurrency, perHost, maxBytes, stallMs, retryMs, resyncsPerMinute, leaseMs } = config.backfill
  const accounts = new Accounts({ store, identity, lanes, ...options.accounts })
  const thread = config.backfill.thread
    ? new WalkThread({ onTrouble: (error) => walkThreadFailed(observer, error) })
    : null
  const walk = thread?.walk ?? walkHere
  const resync = { xrpc, identity, submit, wants, walk, chunk: 1000, maxBytes, stallMs }
  const cutover = { store, submit, wants, observer, verify }
  const scheduler = new Scheduler({
    ...{ store, observer, concurrency, perHost, retryMs, resyncsPerMinute, leaseMs },
    oneHost: config.upstream.repos !== null,
    onBacklog: () => thread?.prepare(),
    restsUntil: () => identity.restsUntil,
    identify: (row, signal) => accounts.identify(row, signal),
    hostOf: ({ pds }) => config.upstream.repos ?? pds,
    fetch: (row, who, host, fresh, flight, signal) =>
      fetchRepo(row, who, { host, fresh }, resync, flight, signal),
    cutOver: (row, fetched, fresh) => lanes.run(row.did, () => cutOver(row, fetched, fresh, cutover)),
    onStanding: (row, standing, signal) => accounts.hostSays(row, standing, signal),
  })
  return {
    scheduler,
    stop: async () => {
      await scheduler.stop()
      await thread?.close()
    },
  }
}
