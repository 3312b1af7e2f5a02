import type { RepoRow } from '../store/repo-row.ts'
import { type RemoveDeps, removeRepo } from './remove.ts'

export interface RemoveOptions {
  /** Leave the user's rows. */
  readonly keepRows: boolean
  /** Discovery is to leave the account alone until it is added by name. */
  readonly exclude: boolean
}

/** The repos on their way out: deleted accounts, and those nobody wants to follow any more. */
export class Removals {
  readonly #deps: RemoveDeps
  readonly #abort = new AbortController()
  readonly #running = new Map<number, Promise<void>>()

  constructor(deps: RemoveDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#running.size
  }

  /** Takes the repo out in the background; `keepRows` leaves the user's rows. Again for the same repo is fine. */
  begin(row: RepoRow, keepRows: boolean): void {
    if (this.#running.has(row.id) || this.#abort.signal.aborted) return
    const { observer } = this.#deps
    const work = removeRepo(row, keepRows, this.#deps, this.#abort.signal)
      .catch((error) =>
        observer.log.error({ err: error, did: row.did }, 'removing a repo failed; it goes on later'),
      )
      .finally(() => this.#running.delete(row.id))
    this.#running.set(row.id, work)
  }

  /**
   * Marks the repo, so that a restart goes on, and begins; with `exclude` discovery leaves it alone from now on. False
   * when it is not tracked.
   */
  async request(did: string, options: RemoveOptions): Promise<boolean> {
    const { repos, excluded } = this.#deps.store
    const { keepRows, exclude } = options
    const row = await repos.get(did)
    if (row === null) return false
    if (exclude) await excluded.add([did])
    await repos.patch(row.id, { removal: keepRows ? 'keep' : 'delete' })
    this.begin(row, keepRows)
    return true
  }

  /** Goes on with what another process asked for, or an earlier one did not finish. */
  async resume(): Promise<void> {
    const { repos } = this.#deps.store
    for (const row of await repos.list({ standing: 'deleted', limit: 1000 })) this.begin(row, false)
    for (const row of await repos.list({ removal: true, limit: 1000 }))
      this.begin(row, row.removal === 'keep')
  }

  /** Stops after the page under way; the next start goes on. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all(this.#running.values())
  }
}
