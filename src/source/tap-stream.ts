import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { Roster } from './roster.ts'
import type { Source, SourceStatus } from './source.ts'
import type { TapAdmin } from './tap-admin.ts'
import { TapSource, type TapSourceOptions } from './tap-source.ts'

export interface TapStreamOptions extends TapSourceOptions {
  readonly store: Store
  readonly admin: TapAdmin
}

/** A Tap as our source: its channel, and the list of repos it is to follow. It keeps the cursor itself. */
export class TapStream implements Source {
  readonly #options: TapStreamOptions
  readonly #source: TapSource
  readonly #roster: Roster
  readonly #abort = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: TapStreamOptions) {
    this.#options = options
    this.#source = new TapSource(options)
    const { store, observer } = options
    this.#roster = new Roster({ store, observer, follow: (...args) => this.#follow(...args) })
  }

  get status(): SourceStatus {
    return {
      url: this.#options.url,
      connected: this.#source.connected,
      lagMs: null,
      cursor: null,
      open: this.#source.open,
    }
  }

  reached(): boolean {
    return this.#source.open === 0
  }

  async saved(): Promise<string | null> {
    return null
  }

  async start(onFailure: (error: unknown) => void): Promise<void> {
    // Seqs and proofs of a firehose are worth nothing after this.
    await this.#options.store.meta.set('relay', `tap:${this.#options.url}`)
    this.#running = this.#source.run(this.#abort.signal).catch(onFailure)
    this.#roster.start()
  }

  async end(): Promise<void> {
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
    await this.#running
    await this.#roster.stop()
  }

  async close(): Promise<void> {}

  async #follow(fresh: readonly RepoRow[], again: readonly RepoRow[], signal: AbortSignal): Promise<void> {
    const { admin } = this.#options
    const didsOf = (rows: readonly RepoRow[]) => rows.map((row) => row.did)
    // A Tap sends a repo from the start when it is removed and added.
    if (again.length > 0) await admin.remove(didsOf(again), signal)
    await admin.add(didsOf([...fresh, ...again]), signal)
  }
}
