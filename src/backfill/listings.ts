import type { Lanes } from '../async/lanes.ts'
import { sleep } from '../async/signal.ts'
import { LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { gapResumed } from '../observe/source-events.ts'
import type { XrpcClient } from '../protocol/xrpc.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { Crawl } from './crawl.ts'
import { type ListedRepo, listRepos, listReposByCollection, repoStatus } from './list-repos.ts'
import { Reconcile } from './reconcile.ts'
import { askUnlisted, SeenIds } from './unlisted.ts'

export interface ListingsOptions {
  readonly store: Store
  readonly observer: Observer
  readonly xrpc: XrpcClient
  readonly lanes: Lanes<string>
  /** Host asked for the lists. */
  readonly host: string
  /** Collections whose repos are ours. */
  readonly collections: readonly string[]
  /** Every repo is ours. */
  readonly full: boolean
  readonly relistMs: number
  readonly reconcileMs: number
  readonly graceMs: number
  /** First and longest wait after a page that could not be read, ms. */
  readonly retryMs: { readonly first: number; readonly longest: number }
  /** A repo is due for a fetch. */
  readonly onDue: () => void
  /** Takes over how the host says an account stands; whether that changed anything. */
  readonly standing: (row: RepoRow, said: { active: boolean; status: string | null }) => Promise<boolean>
}

export interface ListingProgress {
  readonly list: string
  /** Repos read so far, all rounds together. */
  readonly listed: number
  /** Times the list was read to its end. */
  readonly rounds: number
}

/** Every listing we read: those that find repos, and the one that tells which quiet ones fell behind. */
export class Listings {
  readonly #options: ListingsOptions
  readonly #find: readonly Crawl[]
  readonly #compare: Crawl
  readonly #reconcile: Reconcile
  readonly #abort = new AbortController()
  /** Gaps of this process. */
  #gaps = 0
  #closing: Promise<void> = Promise.resolve()

  constructor(options: ListingsOptions) {
    this.#options = options
    const { store, observer, xrpc, host, collections, full, relistMs, reconcileMs, retryMs } = options
    const { onDue, graceMs } = options
    const askStanding = (did: string) => this.#askStanding(did)
    this.#reconcile = new Reconcile({ store, observer, onDue, graceMs, askStanding })
    const shared = { store, observer, host, retryMs }
    const page = (cursor: string | null, signal: AbortSignal) => listRepos(xrpc, host, cursor, signal)
    const find = { ...shared, everyMs: relistMs, now: true, take: (repos: Listed) => this.#take(repos) }
    this.#find = [
      ...collections.map((nsid) => {
        const of = (cursor: string | null, signal: AbortSignal) =>
          listReposByCollection(xrpc, host, nsid, cursor, signal)
        return new Crawl({ ...find, list: `collection:${nsid}`, page: of })
      }),
      ...(full ? [new Crawl({ ...find, list: 'repos', page })] : []),
    ]
    const take = async (repos: Listed) => {
      await this.#reconcile.compare(repos)
      return 0
    }
    this.#compare = new Crawl({ ...shared, list: 'revs', everyMs: reconcileMs, now: false, page, take })
  }

  get progress(): readonly ListingProgress[] {
    return [...this.#find, this.#compare].map((crawl) => crawl.progress)
  }

  /** Whether every list that finds repos was read to its end once. */
  get complete(): boolean {
    return this.#find.every((crawl) => crawl.progress.rounds > 0)
  }

  /** Again is fine. */
  start(): void {
    for (const crawl of this.#find) crawl.start()
    this.#compare.start()
  }

  /** Goes on with a gap that was not closed before the last stop. */
  async resume(): Promise<void> {
    if ((await this.#options.store.meta.get(GAP)) === null || this.#gaps > 0) return
    gapResumed(this.#options.observer)
    await this.gap()
  }

  /**
   * Events were missed: the revs of all repos are compared now (rule A4). Resolves when that is remembered: until those that
   * differ were judged, every start compares anew.
   */
  async gap(): Promise<void> {
    const gap = ++this.#gaps
    const { store, observer } = this.#options
    await store.meta.set(GAP, String(Date.now()))
    const close = () => this.#compared(gap)
    this.#closing = this.#closing.then(close).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) observer.log.error({ err: error }, 'closing a gap failed')
    })
  }

  async #compared(gap: number): Promise<void> {
    // A later one begins when this is over, and finds what this would.
    if (gap !== this.#gaps) return
    const listed = new SeenIds()
    this.#reconcile.seen = listed
    await this.#compare.fresh()
    await sleep(this.#options.graceMs, this.#abort.signal)
    await this.#reconcile.judgeNow()
    await askUnlisted(listed, { ...this.#options, ask: (did) => this.#ask(did) }, this.#abort.signal)
    this.#options.onDue()
    this.#reconcile.seen = null
    if (gap === this.#gaps && !this.#abort.signal.aborted) await this.#options.store.meta.delete(GAP)
  }

  /** Reads everything anew and judges after `graceMs`; resolves with how many repos were new or behind. */
  async fresh(graceMs: number): Promise<number> {
    const before = this.#reconcile.found
    const [, ...added] = await Promise.all([
      this.#compare.fresh(),
      ...this.#find.map((crawl) => crawl.fresh()),
    ])
    await sleep(graceMs, this.#abort.signal)
    await this.#reconcile.judgeNow()
    return added.reduce((sum, n) => sum + n, this.#reconcile.found - before)
  }

  /** Page cursor of the first list that is under way. */
  async cursor(): Promise<string | null> {
    const { store, host } = this.#options
    for (const crawl of this.#find) {
      const cursor = await store.cursors.get(host, crawl.progress.list)
      if (cursor !== null) return cursor
    }
    return null
  }

  async stop(): Promise<void> {
    this.#abort.abort(new LextapError('stopping', { code: 'stopping' }))
    await this.#reconcile.stop()
    await Promise.all([...this.#find, this.#compare].map((crawl) => crawl.stop()))
    await this.#closing
  }

  async #take(repos: Listed): Promise<number> {
    const { store, onDue } = this.#options
    const dids = repos.filter((repo) => repo.active !== false).map((repo) => repo.did)
    const added = dids.length === 0 ? 0 : await store.repos.add(dids, { found: true })
    if (added > 0) onDue()
    return added
  }

  async #ask(did: string): Promise<void> {
    const { xrpc, host } = this.#options
    await this.#reconcile.told(did, await repoStatus(xrpc, host, did, this.#abort.signal))
  }

  /** A listing says another standing than we have: the host is asked, and right (rules E2, E10). */
  #askStanding(did: string): Promise<boolean> {
    const { lanes, store, xrpc, host, standing } = this.#options
    return lanes.run(did, async () => {
      const row = await store.repos.get(did)
      if (row === null || row.removal !== null) return false
      const said = await repoStatus(xrpc, host, did, this.#abort.signal)
      if (said === null || said.active === null) return false
      return standing(row, { active: said.active, status: said.status })
    })
  }
}

/** The fact that events were missed, in the database until what differs was judged. */
const GAP = 'gap'

type Listed = readonly ListedRepo[]
