import type { Lanes } from '../async/lanes.ts'
import { feedNonsense } from '../observe/feed-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { Feed } from '../repo/feed.ts'
import { Held } from './held.ts'
import { readTapEvent, type TapEvent } from './tap-event.ts'
import { TextSocket } from './text-socket.ts'

export interface TapSourceOptions {
  /** `http(s)://host:port` of a Tap (or another lextap). */
  readonly url: string
  readonly password: string | null
  readonly feed: Feed
  readonly lanes: Lanes<string>
  readonly observer: Observer
  /** Events in work before the socket is not read. Default 20000. */
  readonly maxHeld?: number
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
}

/** Events of one account that share a transaction. */
const MAX_RUN = 500

/** An event and the connection it came over. */
type Received = TapEvent & { readonly connection: number }

/**
 * Consumes a Tap: events are acked once their effects are committed, and whatever was not acked when the
 * connection or the process ended comes again. An ack goes over the connection its event came over or not at all:
 * a Tap that was restarted with an empty outbox counts its ids from one, so a late ack would be another event's.
 */
export class TapSource {
  readonly #options: TapSourceOptions
  readonly #socket: TextSocket
  /** Events that wait or run, by account, in the order they came. */
  readonly #queues = new Map<string, Received[]>()
  readonly #held: Held
  #failure: { error: unknown } | null = null
  readonly #abort = new AbortController()
  /** Events whose effects are committed, for `status`. */
  done = 0

  constructor(options: TapSourceOptions) {
    this.#options = options
    this.#held = new Held(options.maxHeld ?? 20_000)
    const { url, password, observer, backoff } = options
    const channel = new URL('/channel', url.replace(/^http/, 'ws'))
    const auth = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`
    this.#socket = new TextSocket({
      what: 'the Tap',
      url: () => channel,
      headers: password === null ? {} : { authorization: auth },
      observer,
      fatal: refusal,
      ...(backoff === undefined ? {} : { backoff }),
    })
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  /** Events received and not committed. */
  get open(): number {
    return this.#held.size
  }

  /** Runs until the signal aborts, an event's work fails for good, or the Tap refuses for good (throws). */
  async run(signal: AbortSignal): Promise<void> {
    const both = AbortSignal.any([signal, this.#abort.signal])
    for await (const messages of this.#socket.batches(both)) {
      const { connection } = this.#socket
      for (const text of messages) await this.#take(text, connection)
      await this.#held.room(both)
      if (this.#failure !== null) break
    }
    if (this.#failure !== null) throw this.#failure.error
  }

  async #take(text: string, connection: number): Promise<void> {
    const event = { ...readTapEvent(text), connection }
    if (event.type === 'unreadable') {
      feedNonsense(this.#options.observer, { source: 'tap', reason: event.reason, text })
      // It would come again and again, and hold up its repo.
      if (event.id !== null) this.#ack(event.id, connection)
      return
    }
    this.#held.add()
    const queue = this.#queues.get(event.did)
    if (queue !== undefined) {
      queue.push(event)
      return
    }
    this.#queues.set(event.did, [event])
    await this.#options.lanes
      .push(event.did, () => this.#drain(event.did))
      .catch((error) => this.#fail(error))
  }

  /** Everything that came for one account meanwhile. */
  async #drain(did: string): Promise<void> {
    const queue = this.#queues.get(did) ?? []
    try {
      while (queue.length > 0 && this.#failure === null) {
        const run = queue.splice(0, runLength(queue))
        await this.#apply(run)
        for (const { id, connection } of run) this.#ack(id, connection)
        this.done += run.length
        this.#held.done(run.length)
      }
      this.#queues.delete(did)
    } catch (error) {
      this.#fail(error)
    }
  }

  async #apply(run: readonly TapEvent[]): Promise<void> {
    const { feed } = this.#options
    const records = run.filter((event) => event.type === 'record')
    if (records.length > 0) await feed.records(records)
    for (const event of run) if (event.type === 'identity') await feed.account(event.did, event)
  }

  #ack(id: number, connection: number): void {
    if (connection === this.#socket.connection) this.#socket.send(`{"type":"ack","id":${id}}`)
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
  }
}

/** Events at the head of the queue that may share a transaction: one commit's, or one snapshot's. */
function runLength(queue: readonly TapEvent[]): number {
  const first = queue[0]
  if (first?.type !== 'record') return 1
  const paths = new Set<string>()
  let length = 0
  for (const event of queue) {
    if (length >= MAX_RUN || event.type !== 'record') break
    if (event.rev !== first.rev || event.live !== first.live) break
    const path = `${event.collection}/${event.rkey}`
    // The same path again is an event sent twice.
    if (paths.has(path)) break
    paths.add(path)
    length++
  }
  return length
}

function refusal(status: number, body: string): string | null {
  if (status === 401) return 'the Tap we follow wants another password; check the option source'
  if (status === 400) return `the Tap we follow has no channel for us: ${body.trim().slice(0, 300)}`
  if (status === 404) return 'what we follow is no Tap: it has no /channel; check the option source'
  return null
}
