import type { Observer } from '../observe/observer.ts'
import type { Store } from '../store/store.ts'
import { CursorSaver } from './cursor.ts'
import { JetstreamSource, type JetstreamSourceOptions } from './jetstream-source.ts'
import { Roster } from './roster.ts'
import type { Source, SourceStatus } from './source.ts'
import { Watermark } from './watermark.ts'

export interface JetstreamStreamOptions
  extends Omit<JetstreamSourceOptions, 'cursor' | 'watermark' | 'dids'> {
  readonly store: Store
  readonly observer: Observer
  /** Ask for the tracked accounts alone instead of everybody. */
  readonly only: boolean
  readonly cursorIntervalMs: number
  /** Start now instead of at the saved cursor. */
  readonly noReplay: boolean
}

const NSID = 'jetstream'
/** What a Jetstream lets one ask for. */
const MAX_DIDS = 10_000

/** A Jetstream as our source: its events, and a cursor of ours in its time. */
export class JetstreamStream implements Source {
  readonly #options: JetstreamStreamOptions
  readonly #scope: string
  readonly #abort = new AbortController()
  readonly #roster: Roster
  #watermark: Watermark = new Watermark(null)
  #source: JetstreamSource | null = null
  #saver: CursorSaver | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(options: JetstreamStreamOptions) {
    this.#options = options
    this.#scope = new URL(options.url).host
    const { store, observer } = options
    // Nothing can be fetched: new repos are followed from now on.
    const follow = async () => this.#source?.ask(await this.#dids())
    this.#roster = new Roster({ store, observer, follow })
  }

  get status(): SourceStatus {
    const connected = this.#source?.connected ?? false
    return {
      url: this.#options.url,
      connected,
      cursor: this.#watermark.value,
      open: this.#watermark.open,
      lagMs: null,
    }
  }

  reached(seq: number | null): boolean {
    const done = this.#watermark.value
    return this.#watermark.open === 0 && (seq === null || (done !== null && done >= seq))
  }

  saved(): Promise<string | null> {
    return this.#options.store.cursors.get(this.#scope, NSID)
  }

  async start(onFailure: (error: unknown) => void): Promise<void> {
    const { store, observer, noReplay, cursorIntervalMs } = this.#options
    // Seqs and proofs of a firehose are worth nothing after this.
    await store.meta.set('relay', `jetstream:${this.#scope}`)
    const saved = noReplay ? null : await this.saved()
    const cursor = saved === null ? null : Math.min(Number(saved), Date.now() * 1000)
    this.#watermark = new Watermark(cursor)
    this.#saver = new CursorSaver({
      watermark: this.#watermark,
      source: this.#scope,
      save: (value) => store.cursors.set(this.#scope, NSID, String(value)),
      observer,
      everyMs: cursorIntervalMs,
    })
    const dids = await this.#dids()
    this.#source = new JetstreamSource({ ...this.#options, cursor, watermark: this.#watermark, dids })
    this.#saver.start()
    this.#running = this.#source.run(this.#abort.signal).catch(onFailure)
    this.#roster.start()
  }

  async end(): Promise<void> {
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
    await this.#running
    await this.#roster.stop()
  }

  async close(): Promise<void> {
    await this.#saver?.stop()
  }

  /** Empty for everybody. */
  async #dids(): Promise<string[]> {
    const { only, store } = this.#options
    if (!only) return []
    const dids: string[] = []
    for (let after = 0; dids.length <= MAX_DIDS; ) {
      const rows = await store.repos.list({ after, limit: 1000 })
      for (const row of rows) dids.push(row.did)
      after = rows.at(-1)?.id ?? after
      if (rows.length < 1000) break
    }
    return dids.length > MAX_DIDS ? [] : dids
  }
}
