import { sleep } from '../async/signal.ts'
import { LextapError } from '../errors.ts'
import { upstreamRefused } from '../observe/feed-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'

export interface RosterOptions {
  readonly store: Store
  readonly observer: Observer
  /** Tells the source of repos to follow: new ones, and those to be sent from the start again. */
  readonly follow: (
    fresh: readonly RepoRow[],
    again: readonly RepoRow[],
    signal: AbortSignal,
  ) => Promise<void>
  /** How often the table is looked at, ms. Default 1000. */
  readonly everyMs?: number
}

const PAGE = 500

/**
 * A feed has no backfill of ours: what would be fetched from a PDS (`pending`, `desynchronized`) is announced to
 * the source instead, and counts as followed from then on. Whoever added the repo, in whatever process.
 */
export class Roster {
  readonly #options: RosterOptions
  readonly #abort = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: RosterOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
    await this.#loop
  }

  async #run(): Promise<void> {
    const { observer, everyMs = 1000 } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      let waitMs = everyMs
      try {
        if (await this.#announce(signal)) waitMs = 0
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof LextapError)) throw error
        waitMs = 10_000
        upstreamRefused(observer, { what: 'follow', dids: 0, error: error.message, waitMs })
      }
      await sleep(waitMs, signal).catch(() => {})
    }
  }

  /** True when there may be more. */
  async #announce(signal: AbortSignal): Promise<boolean> {
    const { repos } = this.#options.store
    const lists = await Promise.all(
      (['pending', 'desynchronized', 'error'] as const).map((state) => repos.list({ state, limit: PAGE })),
    )
    const [fresh = [], ...others] = lists.map((rows) =>
      rows.filter((row) => row.removal === null && row.standing !== 'deleted'),
    )
    const again = others.flat()
    if (fresh.length + again.length === 0) return false
    await this.#options.follow(fresh, again, signal)
    for (const row of [...fresh, ...again]) {
      await repos.patch(
        row.id,
        { state: 'active', error: null, retryAt: null },
        { run: row.run, state: row.state },
      )
    }
    return lists.some((rows) => rows.length === PAGE)
  }
}
