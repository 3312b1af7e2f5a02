import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { eventsRepeated, eventsSent, eventsTaken } from '../observe/delivery-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { Delivery, Sink } from './delivery.ts'
import type { Takes } from './window.ts'
import { wireEvent } from './wire-event.ts'

export interface ChannelOptions {
  readonly delivery: Delivery
  readonly observer: Observer
  /** False: an event counts as taken once it is written to the socket. */
  readonly acks: boolean
  /** Send again what was not acked for so long, ms. */
  readonly retryTimeoutMs: number
  /** A client that does not answer pings for so long is gone, ms. Default 60000. */
  readonly idleMs?: number
}

export interface ChannelPeer {
  /** The client may take more. */
  wish(): void
  gone(reason: string, unacked: number): void
}

interface Flight {
  /** Without its body: it is read again when it must be sent again. */
  readonly row: OutboxRow
  /** Place in the order of sending. */
  readonly place: number
  /** When the client may have begun with it, ms. */
  since: number
}

/** Events beyond the last acked one; bytes not yet written; all that is unacked. */
const AHEAD = 1000
const BUFFERED = 1 << 20
const UNACKED = 20_000

/** One connected client: what it was sent and did not ack, and when that must be sent again. */
export class ChannelClient implements Sink {
  readonly takes: Takes
  readonly #ws: WebSocket
  readonly #socket: Duplex
  readonly #name: string
  readonly #options: ChannelOptions
  readonly #peer: ChannelPeer
  readonly #flying = new Map<number, Flight>()
  readonly #timers: NodeJS.Timeout[] = []
  #sent = 0
  /** Highest place acked. */
  #reached = 0
  /** Lowest place acked since the last look at the clock: whatever came after it had to wait. */
  #lowest = Number.POSITIVE_INFINITY
  #alive = true
  #over = false
  #taken = 0

  constructor(
    ws: WebSocket,
    socket: Duplex,
    takes: Takes,
    name: string,
    options: ChannelOptions,
    peer: ChannelPeer,
  ) {
    this.takes = takes
    this.#ws = ws
    this.#socket = socket
    this.#name = name
    this.#options = options
    this.#peer = peer
    ws.on('message', (data) => this.#message(data))
    ws.on('pong', () => {
      this.#alive = true
    })
    ws.on('error', (error) => this.end(error.message))
    ws.on('close', (code) => this.end(`closed with ${code}`))
    socket.on('drain', () => this.#peer.wish())
    const { retryTimeoutMs, acks, idleMs = 60_000 } = options
    const look = Math.max(10, Math.min(retryTimeoutMs / 4, 5000))
    if (acks) this.#timers.push(setInterval(() => this.#look(), look))
    this.#timers.push(setInterval(() => this.#ping(), idleMs / 2))
  }

  ready(): void {
    this.#peer.wish()
  }

  /** Sends up to `count` events; false when it takes none now. */
  give(count: number): boolean {
    if (!this.#mayTake()) return false
    const { delivery } = this.#options
    let given = 0
    // One write for all of them.
    this.#socket.cork()
    while (given < count && this.#mayTake()) {
      const row = delivery.take(this.takes)
      if (row === null) break
      this.#send(row)
      given++
    }
    this.#socket.uncork()
    eventsSent(this.#options.observer, 'channel', given)
    return given > 0
  }

  /** What was not acked goes back into the outbox. Twice is fine. */
  end(reason: string): void {
    if (this.#over) return
    this.#over = true
    for (const timer of this.#timers) clearInterval(timer)
    // One that was told why still has to read it.
    if (this.#ws.readyState !== this.#ws.CLOSING) this.#ws.terminate()
    const unacked = this.#flying.size
    this.#peer.gone(reason, unacked)
    for (const { row } of this.#flying.values()) this.#options.delivery.release(row)
    this.#flying.clear()
    this.#count()
  }

  #mayTake(): boolean {
    if (this.#over || this.#ws.readyState !== this.#ws.OPEN || this.#ws.bufferedAmount >= BUFFERED)
      return false
    return !this.#options.acks || (this.#sent - this.#reached < AHEAD && this.#flying.size < UNACKED)
  }

  #send(row: OutboxRow): void {
    const flight = { row: { ...row, body: '' }, place: ++this.#sent, since: Date.now() }
    this.#flying.set(row.id, flight)
    const text = wireEvent(row.id, row.body)
    if (this.#options.acks) this.#ws.send(text)
    else this.#ws.send(text, (error) => error ?? this.#ack(row.id))
  }

  /** Text or bytes, as Tap. */
  #message(data: RawData): void {
    const id = readAck(data)
    // Tap hangs up on what it cannot read; we say why.
    if (id === undefined) this.#refuse('expected {"type":"ack","id":<number>}')
    else if (id !== null && this.#options.acks) this.#ack(id)
  }

  #ack(id: number): void {
    const flight = this.#flying.get(id)
    if (flight !== undefined) {
      this.#flying.delete(id)
      this.#reached = Math.max(this.#reached, flight.place)
      this.#lowest = Math.min(this.#lowest, flight.place)
    }
    // Also ids another connection was sent: a client keeps its acks over a reconnect.
    if (this.#options.delivery.ack(id)) this.#taken++
    if (this.#taken >= 1000) this.#count()
    this.#peer.wish()
  }

  /**
   * Sends again what was not acked in time. A client works through what it has one by one, so the time of an
   * event begins when the ones before it are acked, not when it was sent.
   */
  #look(): void {
    this.#count()
    const now = Date.now()
    const overdue: Flight[] = []
    for (const flight of this.#flying.values()) {
      if (flight.place > this.#lowest) flight.since = now
      else if (now - flight.since >= this.#options.retryTimeoutMs) overdue.push(flight)
    }
    this.#lowest = Number.POSITIVE_INFINITY
    const first = overdue[0]
    if (first === undefined) return
    eventsRepeated(this.#options.observer, {
      client: this.#name,
      events: overdue.length,
      first: first.row.id,
    })
    for (const { row, place } of overdue) {
      this.#flying.delete(row.id)
      // Given up: it must not count as far ahead of the last ack.
      this.#reached = Math.max(this.#reached, place)
      this.#options.delivery.release(row, { suspect: true })
    }
  }

  #ping(): void {
    if (this.#alive) this.#ws.ping()
    else this.end('it does not answer')
    this.#alive = false
  }

  #refuse(reason: string): void {
    this.#ws.close(1008, reason)
    this.end(reason)
  }

  #count(): void {
    eventsTaken(this.#options.observer, 'channel', this.#taken)
    this.#taken = 0
  }
}

/** The acked id · null for a message of another type, which Tap ignores · undefined for nonsense. */
function readAck(data: RawData): number | null | undefined {
  let message: unknown
  try {
    message = JSON.parse(String(data))
  } catch {
    return undefined
  }
  if (message === null) return null
  if (typeof message !== 'object' || Array.isArray(message)) return undefined
  const { type, id } = message as { type?: unknown; id?: unknown }
  // Go reads null and what is missing as zero, which nobody was sent.
  const number = id ?? 0
  if (!Number.isSafeInteger(number) || (number as number) < 0) return undefined
  return type === 'ack' ? (number as number) : null
}
