import type { Lanes } from '../async/lanes.ts'
import { feedEvents, feedNonsense } from '../observe/feed-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { Feed, FeedRecord } from '../repo/feed.ts'
import { Held } from './held.ts'
import { type JetstreamEvent, readJetstreamEvent } from './jetstream-event.ts'
import { TextSocket } from './text-socket.ts'
import type { Watermark } from './watermark.ts'

export interface JetstreamSourceOptions {
  /** `wss://host` or `wss://host/subscribe`. */
  readonly url: string
  /** Collections to ask for, `ns.*` allowed; empty for all. */
  readonly collections: readonly string[]
  /** Accounts to ask for at first; empty for all. */
  readonly dids: readonly string[]
  /** Microseconds to go on from; null for now. */
  readonly cursor: number | null
  readonly watermark: Watermark
  readonly feed: Feed
  readonly lanes: Lanes<string>
  readonly observer: Observer
  /** Whether an event of this account may be ours. Cheap. */
  readonly select: (event: JetstreamEvent) => boolean
  /** Somebody's handle or key may have changed: look it up. */
  readonly refresh: (did: string) => Promise<void>
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
}

/** Jetstream's clock is not exact: what lies so far before the cursor is asked for again, µs. */
const OVERLAP = 5_000_000
/** More does not fit into a URL safely. */
const MAX_URL = 6000

/**
 * Consumes a Jetstream. Nothing in it is proven, and there is no history: what happened before the first start
 * is missing. The cursor is a low watermark of its `time_us`.
 */
export class JetstreamSource {
  readonly #options: JetstreamSourceOptions
  readonly #socket: TextSocket
  /** Latest time received; times never go back for us. */
  #received: number | null
  #dids: readonly string[]
  #failure: { error: unknown } | null = null
  readonly #abort = new AbortController()
  readonly #held = new Held(20_000)
  /** Commits of one account that wait, and follow each other in one revision. */
  readonly #queues = new Map<string, { event: JetstreamEvent; close: () => void }[]>()

  constructor(options: JetstreamSourceOptions) {
    this.#options = options
    this.#received = options.cursor
    this.#dids = options.dids
    this.#socket = new TextSocket({
      what: 'the Jetstream, which proves nothing',
      url: () => this.#url(),
      observer: options.observer,
      fatal: (status, body) =>
        status === 400 ? `the Jetstream refuses what we ask for: ${body.trim().slice(0, 300)}` : null,
      onOpen: () => this.#hello(),
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    })
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  /** Asks for these accounts from now on; empty for all. */
  ask(dids: readonly string[]): void {
    this.#dids = dids
    if (this.connected) this.#sendOptions()
  }

  /** Runs until the signal aborts, an event's work fails for good, or we are refused for good (throws). */
  async run(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#abort.signal])
    for await (const messages of this.#socket.batches(both)) {
      let skipped = 0
      for (const text of messages) {
        const event = readJetstreamEvent(text)
        if (event.kind === 'unreadable') {
          feedNonsense(this.#options.observer, { source: 'jetstream', reason: event.reason, text })
        } else if (await this.#take(event)) skipped++
      }
      feedEvents(this.#options.observer, 'jetstream', 'ignored', skipped)
      await this.#held.room(both)
      if (this.#failure !== null) break
    }
    if (this.#failure !== null) throw this.#failure.error
  }

  /** True when it is none of ours. */
  async #take(event: JetstreamEvent): Promise<boolean> {
    const { watermark, select, lanes } = this.#options
    // A time ahead of ours would be a cursor that nothing ever comes after.
    const time = Math.max(Math.min(event.timeUs, Date.now() * 1000), this.#received ?? 0)
    this.#received = time
    // What waits for the account may make it ours.
    if (!select(event) && !this.#queues.has(event.did)) {
      watermark.skip(time)
      return true
    }
    this.#held.add()
    const item = { event, close: watermark.begin(time) }
    const queue = this.#queues.get(event.did)
    if (queue !== undefined) queue.push(item)
    else {
      this.#queues.set(event.did, [item])
      await lanes.push(event.did, () => this.#drain(event.did)).catch((error) => this.#fail(error))
    }
    return false
  }

  async #drain(did: string): Promise<void> {
    const queue = this.#queues.get(did) ?? []
    try {
      while (queue.length > 0 && this.#failure === null) {
        const run = queue.splice(0, runLength(queue.map(({ event }) => event)))
        await this.#apply(run.map(({ event }) => event))
        for (const { close } of run) close()
        this.#held.done(run.length)
      }
      this.#queues.delete(did)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #apply(run: readonly JetstreamEvent[]): Promise<void> {
    const { feed, refresh } = this.#options
    const records: FeedRecord[] = run.flatMap((event) => (event.kind === 'commit' ? [event.record] : []))
    if (records.length > 0) await feed.records(records)
    const [event] = run
    if (event?.kind === 'identity') await refresh(event.did)
    if (event?.kind === 'account') await feed.account(event.did, event)
  }

  #url(): URL {
    const { url, collections } = this.#options
    const target = new URL(url)
    if (target.pathname === '/') target.pathname = '/subscribe'
    const cursor = this.#received
    if (cursor !== null) target.searchParams.set('cursor', String(Math.max(1, cursor - OVERLAP)))
    const asked = new URL(target)
    for (const collection of collections) asked.searchParams.append('wantedCollections', collection)
    for (const did of this.#dids) asked.searchParams.append('wantedDids', did)
    if (asked.href.length <= MAX_URL) return asked
    target.searchParams.set('requireHello', 'true')
    return target
  }

  /** What does not fit into the URL is said after it. */
  #hello(): void {
    if (this.#url().searchParams.has('requireHello')) this.#sendOptions()
  }

  #sendOptions(): void {
    const payload = {
      wantedCollections: this.#options.collections,
      wantedDids: this.#dids,
      maxMessageSizeBytes: 0,
    }
    this.#socket.send(JSON.stringify({ type: 'options_update', payload }))
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
  }
}

function runLength(events: readonly JetstreamEvent[]): number {
  const first = events[0]
  if (first?.kind !== 'commit') return 1
  const paths = new Set<string>()
  for (const event of events) {
    if (event.kind !== 'commit' || event.record.rev !== first.record.rev) break
    const path = `${event.record.collection}/${event.record.rkey}`
    if (paths.has(path)) break
    paths.add(path)
  }
  return paths.size
}
