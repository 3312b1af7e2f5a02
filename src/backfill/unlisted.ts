import type { Observer } from '../observe/observer.ts'
import { unlistedLeft } from '../observe/source-events.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'
import type { Store } from '../store/store.ts'

/** Row ids that were seen, a bit each: five megabytes for forty million. */
export class SeenIds {
  #bits = new Uint8Array(1024)

  add(id: number): void {
    const at = id >> 3
    if (at >= this.#bits.length) {
      const more = new Uint8Array(Math.max(at + 1, this.#bits.length * 2))
      more.set(this.#bits)
      this.#bits = more
    }
    this.#bits[at] = (this.#bits[at] ?? 0) | (1 << (id & 7))
  }

  has(id: number): boolean {
    return ((this.#bits[id >> 3] ?? 0) & (1 << (id & 7))) !== 0
  }
}

export interface UnlistedDeps {
  readonly store: Store
  readonly observer: Observer
  /** Asks the host after one account, and does what its answer means. */
  readonly ask: (did: string) => Promise<void>
  /** Most accounts asked after. Default 10000. */
  readonly most?: number
}

const PAGE = 1000

/**
 * Asks after the repos that we hold for level and that a listing left out: a PDS lists nobody who is gone, and some hosts have
 * no lists. One at a time. A host that is out of reach throws; one that cannot be asked such things is left alone.
 */
export async function askUnlisted(listed: SeenIds, deps: UnlistedDeps, signal: AbortSignal): Promise<void> {
  const { store, observer, ask, most = 10_000 } = deps
  let asked = 0
  for (let after = 0; ; ) {
    const rows = await store.repos.list({ state: 'active', standing: 'active', after, limit: PAGE })
    for (const { did } of rows.filter(({ id }) => !listed.has(id))) {
      signal.throwIfAborted()
      if (asked++ === most) return unlistedLeft(observer, { asked: most })
      try {
        await ask(did)
      } catch (error) {
        if (error instanceof XrpcError && !error.retry) return
        throw error
      }
    }
    after = rows.at(-1)?.id ?? after
    if (rows.length < PAGE) return
  }
}
