import type { Store } from '../store/store.ts'
import type { ListedRepo } from './list-repos.ts'

/**
 * Finds quiet repos that fell behind (rules A4, F12): a listing tells each repo's rev. A rev ahead of ours may
 * just be a commit still on its way to us, so a suspect is looked at twice: only when we are behind the *listed*
 * rev after `graceMs` it is due for a resync.
 */
export class Reconcile {
  readonly #store: Store
  readonly #graceMs: number
  readonly #onDue: () => void
  readonly #timers = new Set<NodeJS.Timeout>()
  found = 0

  constructor(store: Store, onDue: () => void, graceMs = 60_000) {
    this.#store = store
    this.#onDue = onDue
    this.#graceMs = graceMs
  }

  /** Compares one page. */
  async compare(repos: readonly ListedRepo[]): Promise<void> {
    const suspects: { did: string; rev: string }[] = []
    for (const { did, rev } of repos) {
      if (rev !== null && this.#store.repos.mayTrack(did) && (await this.#behind(did, rev)))
        suspects.push({ did, rev })
    }
    if (suspects.length === 0) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#judge(suspects)
    }, this.#graceMs)
    this.#timers.add(timer)
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  async #behind(did: string, rev: string): Promise<boolean> {
    const row = await this.#store.repos.get(did)
    return row !== null && row.state === 'active' && row.standing === 'active' && (row.rev ?? '') < rev
  }

  async #judge(suspects: readonly { did: string; rev: string }[]): Promise<void> {
    for (const { did, rev } of suspects) {
      if (!(await this.#behind(did, rev))) continue
      const row = await this.#store.repos.get(did)
      if (row === null) continue
      const patch = { state: 'desynchronized' as const, error: `behind the listed rev ${rev}`, retryAt: null }
      if (await this.#store.repos.patch(row.id, patch, { run: row.run, state: 'active' })) this.found++
    }
    this.#onDue()
  }
}
