import type { WebSocket } from 'ws'
import { errorFrame, frameOf, infoFrame, type NetworkEvent } from './event.ts'

/** What faults make of a frame on its way to one subscriber: nothing, or frames, texts, or a hang-up. */
export type SentFrame = Uint8Array | string | { readonly close: number }
export type FrameFilter = (frame: Uint8Array, context: FrameContext) => readonly SentFrame[]

export interface FrameContext {
  /** Name of the host that sends, e.g. `relay`. */
  readonly host: string
  readonly seq: number
  readonly event: NetworkEvent
  /** The same object for every frame of one connection. */
  readonly subscriber: object
}

export interface StreamOptions {
  /** Events kept for those who come back; older ones are forgotten. Default 100 000. */
  readonly retain?: number
  /** Bytes a subscriber may have waiting in our memory before we stop handing it more. Default 1 MiB. */
  readonly highWater?: number
  /** First sequence number. Default 1. */
  readonly firstSeq?: number
}

interface Entry {
  readonly seq: number
  readonly event: NetworkEvent
  frame: Uint8Array | null
}

/**
 * `subscribeRepos` of one host: a log with a bounded window and its subscribers. Each subscriber reads the
 * log at its own pace; one that falls out of the window is told ConsumerTooSlow.
 */
export class EventStream {
  readonly host: string
  readonly highWater: number
  readonly filter: FrameFilter
  readonly #subscribers = new Set<Subscriber>()
  readonly #waiting = new Set<() => void>()
  retain: number
  #log: Entry[] = []
  #forgotten = 0
  #seq: number

  constructor(host: string, filter: FrameFilter, options: StreamOptions = {}) {
    this.host = host
    this.filter = filter
    this.retain = options.retain ?? 100_000
    this.highWater = options.highWater ?? 1 << 20
    this.#seq = (options.firstSeq ?? 1) - 1
  }

  /** Sequence number of the newest event. */
  get seq(): number {
    return this.#seq
  }

  /** Sequence number of the oldest event that can still be had. */
  get oldest(): number {
    return this.#log[this.#forgotten]?.seq ?? this.#seq + 1
  }

  get subscribers(): number {
    return this.#subscribers.size
  }

  emit(event: NetworkEvent): void {
    this.#log.push({ seq: ++this.#seq, event, frame: null })
    if (this.#log.length - this.#forgotten > this.retain) this.#forget(this.#log.length - this.retain)
    for (const subscriber of this.#subscribers) subscriber.pump()
  }

  #forget(index: number): void {
    this.#forgotten = index
    if (this.#forgotten < 1024 || this.#forgotten < this.#log.length / 2) return
    this.#log = this.#log.slice(this.#forgotten)
    this.#forgotten = 0
  }

  /** Forgets the whole window: whoever was behind has a gap. */
  forget(): void {
    this.#forget(this.#log.length)
  }

  /** Hangs up on everybody, forgets everything and counts from `firstSeq`. */
  restart(firstSeq: number): void {
    this.disconnect()
    this.#log = []
    this.#forgotten = 0
    this.#seq = firstSeq - 1
  }

  /** Hangs up on everybody. */
  disconnect(code = 1001): void {
    for (const subscriber of this.#subscribers) subscriber.socket.close(code)
  }

  /** The events that can still be had, oldest first. */
  *events(): Generator<NetworkEvent> {
    for (let i = this.#forgotten; i < this.#log.length; i++) {
      const entry = this.#log[i]
      if (entry !== undefined) yield entry.event
    }
  }

  /** The first event after `seq`, or `null` when there is none yet. */
  after(seq: number): { seq: number; event: NetworkEvent; frame: Uint8Array } | null {
    const first = this.#log[this.#forgotten]
    if (first === undefined) return null
    const entry = this.#log[this.#forgotten + Math.max(0, seq + 1 - first.seq)]
    if (entry === undefined) return null
    entry.frame ??= frameOf(entry.event, entry.seq)
    return { seq: entry.seq, event: entry.event, frame: entry.frame }
  }

  /** Serves a subscriber: without a cursor from now on, with one from the event after it. */
  subscribe(socket: WebSocket, cursor: number | null): void {
    if (cursor !== null && cursor > this.#seq) {
      socket.send(errorFrame('FutureCursor', 'Cursor in the future.'))
      socket.close(1008)
      return
    }
    const subscriber = new Subscriber(this, socket, cursor ?? this.#seq)
    if (cursor !== null && cursor + 1 < this.oldest) {
      socket.send(infoFrame('OutdatedCursor', 'Requested cursor exceeded limit. Possibly missing events'))
      subscriber.seq = this.oldest - 1
    }
    this.#subscribers.add(subscriber)
    socket.on('close', () => {
      this.#subscribers.delete(subscriber)
      this.changed()
    })
    socket.on('error', () => socket.terminate())
    subscriber.pump()
    this.changed()
  }

  /** Resolves when exactly `n` subscribers are connected; 0: when all are gone. */
  waitForSubscribers(n: number): Promise<void> {
    return this.#until(() => this.#subscribers.size === n)
  }

  /** Resolves when every subscriber's socket has taken every event so far. */
  idle(): Promise<void> {
    return this.#until(() => [...this.#subscribers].every((s) => s.idle))
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  /** Lets those who wait look again. */
  changed(): void {
    for (const look of this.#waiting) look()
  }
}

class Subscriber {
  readonly socket: WebSocket
  /** The last event handed over. */
  seq: number
  readonly #stream: EventStream
  #inFlight = 0
  #pumping = false

  constructor(stream: EventStream, socket: WebSocket, seq: number) {
    this.#stream = stream
    this.socket = socket
    this.seq = seq
  }

  get idle(): boolean {
    return this.seq >= this.#stream.seq && this.#inFlight === 0
  }

  pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.socket.readyState === 1 && this.socket.bufferedAmount < this.#stream.highWater) {
        if (this.seq < this.#stream.seq && this.seq + 1 < this.#stream.oldest) {
          this.socket.send(errorFrame('ConsumerTooSlow', 'Stream consumer too slow'))
          this.socket.close(1008)
          return
        }
        const entry = this.#stream.after(this.seq)
        if (entry === null) return
        this.seq = entry.seq
        for (const frame of this.#stream.filter(entry.frame, this.#context(entry))) {
          if (typeof frame === 'object' && 'close' in frame) this.socket.close(frame.close)
          else this.#send(frame)
        }
      }
    } finally {
      this.#pumping = false
      if (this.idle) this.#stream.changed()
    }
  }

  #context({ seq, event }: { seq: number; event: NetworkEvent }): FrameContext {
    return { host: this.#stream.host, seq, event, subscriber: this.socket }
  }

  #send(frame: Uint8Array | string): void {
    this.#inFlight++
    this.socket.send(frame, () => {
      this.#inFlight--
      if (this.#inFlight > 0 && this.socket.bufferedAmount > this.#stream.highWater / 2) return
      this.pump()
    })
  }
}
