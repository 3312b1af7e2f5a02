import type { Lanes } from '../async/lanes.ts'
import type { InvalidError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { headGapSeen } from '../observe/source-events.ts'
import type { FrameHead } from '../protocol/frame.ts'
import type { Store } from '../store/store.ts'
import { CursorSaver } from './cursor.ts'
import { Follower } from './follow.ts'
import { Relay } from './relay.ts'
import type { Source, SourceStatus } from './source.ts'
import { Watermark } from './watermark.ts'

const NSID = 'com.atproto.sync.subscribeRepos'

export interface StreamOptions {
  readonly store: Store
  readonly lanes: Lanes<string>
  readonly observer: Observer
  /** Base URL of the relay, `ws://` or `wss://`. */
  readonly url: string
  readonly cursorIntervalMs: number
  readonly reconnectMs: { readonly first: number; readonly longest: number }
  /** Start at the head instead of the saved cursor. */
  readonly noReplay: boolean
  /** Forget the saved cursor first. */
  readonly resetCursor: boolean
  readonly select: (head: FrameHead, frame: Uint8Array) => boolean
  readonly handle: (frame: Uint8Array, head: FrameHead) => Promise<InvalidError | null>
  /** Nothing that happens from now on is missed: the stream is open, or replays from a cursor. */
  readonly onOpen: () => void
  /** Events were missed (rule A4). Resolves when that is remembered. */
  readonly onGap: () => Promise<void>
}

/** One firehose with its cursor: relay, follower, watermark and saver wired together. */
export class Stream implements Source {
  readonly #options: StreamOptions
  readonly #source: string
  readonly #abort = new AbortController()
  #watermark: Watermark = new Watermark(null)
  #relay: Relay | null = null
  #follower: Follower | null = null
  #saver: CursorSaver | null = null
  #following: Promise<void> = Promise.resolve()

  constructor(options: StreamOptions) {
    this.#options = options
    this.#source = new URL(options.url).host
  }

  get status(): SourceStatus {
    return {
      url: this.#options.url,
      connected: this.#relay?.connected ?? false,
      cursor: this.#watermark.value,
      open: this.#watermark.open,
      lagMs: this.#follower?.lagMs ?? null,
    }
  }

  reached(seq: number | null): boolean {
    const target = seq ?? this.#follower?.received ?? null
    const done = this.#watermark.value
    return this.#watermark.open === 0 && (target === null || (done !== null && done >= target))
  }

  saved(): Promise<string | null> {
    return this.#options.store.cursors.get(this.#source, NSID)
  }

  async start(onFailure: (error: unknown) => void): Promise<void> {
    const { store, lanes, observer, url, cursorIntervalMs, reconnectMs, onGap, onOpen } = this.#options
    const cursor = await this.#begin()
    if (cursor === null) await this.#missed()
    this.#watermark = new Watermark(cursor)
    this.#saver = new CursorSaver({
      watermark: this.#watermark,
      source: this.#source,
      save: (value) => store.cursors.set(this.#source, NSID, String(value)),
      observer,
      everyMs: cursorIntervalMs,
    })
    let connections = 0
    this.#relay = new Relay({
      url,
      cursor: () => {
        // Without a cursor a second connection starts at a later head: what lay between is a gap.
        const received = this.#follower?.received ?? cursor
        if (received === null && connections++ > 0) void this.#missed().catch(onFailure)
        return received
      },
      observer,
      onOpen,
      backoffMs: reconnectMs,
    })
    this.#follower = new Follower({
      relay: this.#relay,
      url,
      cursor,
      watermark: this.#watermark,
      lanes,
      observer,
      select: this.#options.select,
      handle: this.#options.handle,
      onGap,
      // At once: a crash in the first second must not start at a later head.
      onFirst: async () => this.#saver?.save(),
    })
    this.#saver.start()
    this.#following = this.#follower.run(this.#abort.signal).catch(onFailure)
    // With a cursor the stream replays what we miss meanwhile; without one, nothing may be fetched before the
    // stream is open, or the commits in between would be lost.
    if (cursor !== null) onOpen()
  }

  async end(): Promise<void> {
    this.#abort.abort()
    await this.#following
  }

  async close(): Promise<void> {
    await this.#saver?.stop()
  }

  /**
   * Followed from the head: whatever repos from before did in between went past us. So it is as well where a process stopped
   * before the first event of the stream, which brings the first cursor. Those never fetched missed nothing.
   */
  async #missed(): Promise<void> {
    const { store, observer, url, onGap } = this.#options
    const { total, states } = await store.repos.counts()
    const repos = total - states.pending
    if (repos === 0) return
    headGapSeen(observer, { url, repos })
    await onGap()
  }

  /** Where to resume. Seqs remembered from another stream, or from before a reset, mean nothing here. */
  async #begin(): Promise<number | null> {
    const { store, noReplay, resetCursor } = this.#options
    if (resetCursor) await store.cursors.clear(this.#source, NSID)
    if (resetCursor || (await store.meta.get('relay')) !== this.#source) {
      await store.repos.forgetSeqs()
      await store.repos.distrust()
      await store.meta.set('relay', this.#source)
    }
    const saved = noReplay ? null : await this.saved()
    return saved === null ? null : Number(saved)
  }
}
