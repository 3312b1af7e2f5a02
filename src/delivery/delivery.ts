import { setImmediate as nextTurn } from 'node:timers/promises'
import { sleep } from '../async/signal.ts'
import { outboxFull, outboxLevel, outboxRoomAgain, outboxTrouble } from '../observe/delivery-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { Outbox, OutboxRow } from '../store/outbox.ts'
import type { Lane } from './lane.ts'
import { type Takes, Window, type WindowOptions } from './window.ts'

export interface DeliveryOptions {
  readonly outbox: Outbox
  readonly observer: Observer
  /** Waiting events before the source is slowed down. */
  readonly capacity: number
  readonly window?: WindowOptions
  /** How often the table is looked at for events that other processes wrote, ms. Default 1000. */
  readonly pollMs?: number
}

/** Somebody who sends events on. */
export interface Sink {
  /** What it takes now; null for nothing. */
  readonly takes: Takes | null
  /** There is something to take. */
  ready(): void
}

/** Rows of one read, where the window holds as many. */
const PAGE = 1000
const LANE_PAGE = 500
/** Settled rows are deleted so many at a time, and at the latest after so long. */
const DELETE_AT = 10_000
const DELETE_MS = 200
const RECOUNT_MS = 10_000

/**
 * The outbox as its sinks see it: rows are read into the window, leave it in the order their lanes allow, and
 * are deleted in batches once they were taken. A crash in between sends them again.
 */
export class Delivery {
  readonly #options: DeliveryOptions
  readonly #outbox: Outbox
  readonly #window: Window
  readonly #page: number
  readonly #lanePage: number
  readonly #sinks = new Set<Sink>()
  /** Released events that somebody may still ack. */
  readonly #released = new Map<number, OutboxRow>()
  /** Taken, and not deleted yet. */
  readonly #settled = new Set<number>()
  /** Rows up to this id were read once. */
  #scanned = 0
  #more = true
  #pending = 0
  #waiters: (() => void)[] = []
  #fullSince: number | null = null
  #filling: Promise<void> | null = null
  #deleting: Promise<void> | null = null
  #deleteTimer: NodeJS.Timeout | null = null
  #pollTimer: NodeJS.Timeout | null = null
  #countedAt = 0
  /** Reads and deletes that succeeded. */
  #done = 0
  #notifying = false
  readonly #abort = new AbortController()

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#outbox = options.outbox
    this.#window = new Window(options.window)
    const { maxEvents } = this.#window
    this.#page = Math.min(PAGE, maxEvents)
    this.#lanePage = Math.max(16, Math.min(LANE_PAGE, maxEvents >> 2))
  }

  async start(): Promise<void> {
    await this.#recount()
    this.#pollTimer = setInterval(() => void this.#poll(), this.#options.pollMs ?? 1000)
  }

  /** Deletes what was taken. Sinks stop before. */
  async stop(): Promise<void> {
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
    if (this.#pollTimer !== null) clearInterval(this.#pollTimer)
    if (this.#deleteTimer !== null) clearTimeout(this.#deleteTimer)
    for (const waiter of this.#waiters.splice(0)) waiter()
    await this.#filling
    await this.#deleting
    await this.#delete()
  }

  /** Events that nobody took yet. */
  get pending(): number {
    return this.#pending
  }

  get inFlight(): number {
    return this.#window.inFlight
  }

  /** Reads and deletes of the table, for health: those to be done, tries that fail included · those done. */
  get progress(): { open: number; done: number } {
    return { open: (this.#filling === null ? 0 : 1) + (this.#settled.size > 0 ? 1 : 0), done: this.#done }
  }

  /** Whether the source has to wait. */
  get full(): boolean {
    return this.#pending >= this.#options.capacity
  }

  /** Resolves when the outbox has room; at once, without a promise, when it has. */
  room(): Promise<void> | undefined {
    if (!this.full || this.#stopped) return undefined
    if (this.#fullSince === null) {
      this.#fullSince = Date.now()
      const clients = [...this.#sinks].filter((sink) => sink.takes !== null).length
      outboxFull(this.#options.observer, {
        waiting: this.#pending,
        capacity: this.#options.capacity,
        clients,
      })
    }
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** A transaction that wrote so many events is committed. */
  committed(events: number): void {
    if (events === 0) return
    this.#pending += events
    this.#more = true
    this.#kick()
  }

  addSink(sink: Sink): void {
    this.#sinks.add(sink)
    this.changed()
  }

  removeSink(sink: Sink): void {
    this.#sinks.delete(sink)
  }

  /** What a sink takes changed. */
  changed(): void {
    this.#kick()
    this.#notify()
  }

  has(takes: Takes): boolean {
    return !this.#stopped && this.#window.has(takes)
  }

  /** The next event; it is in flight until `ack`, `release` or `fail`. */
  take(takes: Takes): OutboxRow | null {
    if (this.#stopped) return null
    const row = this.#window.take(takes)
    if (row === null) return null
    if (this.#released.size > 0) this.#released.delete(row.id)
    if (this.#window.low) this.#kick()
    return row
  }

  /** Taken for good. False for an id nobody was sent. */
  ack(id: number): boolean {
    const late = this.#released.get(id)
    if (late !== undefined) {
      // Acked after we gave up waiting for it: it must not be sent again.
      this.#released.delete(id)
      this.#settled.add(id)
      this.#window.reread(late.did, late.kind === 'emit')
    } else if (this.#window.settle(id)) this.#settled.add(id)
    else return false
    this.#left()
    this.#deleteSoon()
    return true
  }

  /** Not taken: to be sent again in its place. */
  release(row: OutboxRow, options: { suspect?: boolean } = {}): void {
    if (!this.#window.release(row.id, options.suspect)) return
    this.#released.set(row.id, { ...row, body: '' })
    this.#kick()
  }

  /** Somebody failed on it and will try again: nothing new of its repo is sent until then. */
  failing(id: number): void {
    this.#window.failing(id)
  }

  /** The text of an event in flight; null when it is gone. */
  async body(row: OutboxRow): Promise<string | null> {
    const rows = await this.#outbox.lane(row.did, row.id, row.id, 1)
    return rows[0]?.body ?? null
  }

  /** Nobody takes it: it becomes a dead letter. */
  async fail(id: number, error: string, attempts: number): Promise<void> {
    await this.#outbox.fail(id, error, attempts)
    if (this.#window.settle(id, false)) this.#left()
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted
  }

  #left(): void {
    if (this.#pending > 0) this.#pending--
    if (this.#fullSince !== null && this.#pending <= this.#options.capacity * 0.9) this.#open()
    this.#kick()
    this.#notify()
  }

  #open(): void {
    if (this.#fullSince === null) return
    const forMs = Date.now() - this.#fullSince
    this.#fullSince = null
    outboxRoomAgain(this.#options.observer, { waiting: this.#pending, forMs })
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  #takes(): Takes | null {
    let takes: Takes | null = null
    for (const sink of this.#sinks) {
      if (sink.takes === null) continue
      takes = takes === null || takes === sink.takes ? sink.takes : 'both'
    }
    return takes
  }

  /** Reads on, if there may be something to read and somebody to read it for. */
  #kick(): void {
    if (this.#filling !== null || this.#stopped) return
    const takes = this.#takes()
    if (takes === null || !(this.#more || this.#window.thirsty(takes) !== null)) return
    if (!this.#window.low && this.#window.has(takes)) return
    this.#filling = this.#fill().finally(() => {
      this.#filling = null
      // What came while the last read was under way.
      this.#kick()
    })
  }

  async #fill(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#read())) {
        this.#notify()
        // Some databases answer without ever leaving this turn of the event loop.
        await nextTurn()
      }
    } catch (err) {
      if (this.#stopped) return
      this.#more = true
      outboxTrouble(this.#options.observer, { what: 'read', err })
      await sleep(1000, this.#abort.signal).catch(() => {})
    }
  }

  /** One read; false when there is nothing left to read for now. */
  async #read(): Promise<boolean> {
    const takes = this.#takes()
    if (takes === null) return false
    const lane = this.#window.thirsty(takes)
    if (lane !== null) return this.#readLane(lane)
    if (!this.#window.low && this.#window.has(takes)) return false
    if (this.#window.full) this.#window.shed(takes)
    if (this.#window.full || !this.#more) return false
    this.#more = false
    const rows = await this.#outbox.page(this.#scanned, this.#page)
    if (rows.length === this.#page) this.#more = true
    for (const row of rows) this.#window.add(row)
    this.#scanned = rows.at(-1)?.id ?? this.#scanned
    this.#done++
    return rows.length > 0
  }

  async #readLane(lane: Lane): Promise<boolean> {
    const from = lane.spilledFrom ?? 0
    const rows = await this.#outbox.lane(lane.did, from, this.#scanned, this.#lanePage)
    this.#done++
    // An event that was released meanwhile lies before what we asked for.
    if (lane.spilledFrom !== from) return true
    const last = rows.at(-1)
    const next = last === undefined || rows.length < this.#lanePage ? null : last.id + 1
    const own = rows.filter((row) => (row.kind === 'emit') === lane.emitted && !this.#settled.has(row.id))
    this.#window.refill(lane, own, next)
    return true
  }

  #notify(): void {
    if (this.#notifying || this.#stopped) return
    this.#notifying = true
    setImmediate(() => {
      this.#notifying = false
      for (const sink of this.#sinks) if (sink.takes !== null && this.has(sink.takes)) sink.ready()
    })
  }

  async #poll(): Promise<void> {
    this.#more = true
    this.#kick()
    outboxLevel(this.#options.observer, this.#pending)
    if (Date.now() - this.#countedAt < RECOUNT_MS) return
    await this.#recount().catch((err) => outboxTrouble(this.#options.observer, { what: 'count', err }))
  }

  /** Other processes write too: what we counted along may be off. */
  async #recount(): Promise<void> {
    this.#countedAt = Date.now()
    const rows = await this.#outbox.count()
    this.#pending = Math.max(0, rows - this.#settled.size)
    if (!this.full) this.#open()
  }

  #deleteSoon(): void {
    if (this.#deleting !== null) return
    if (this.#settled.size >= DELETE_AT) this.#deleteNow()
    else this.#deleteTimer ??= setTimeout(() => this.#deleteNow(), DELETE_MS)
  }

  #deleteNow(): void {
    if (this.#deleteTimer !== null) clearTimeout(this.#deleteTimer)
    this.#deleteTimer = null
    this.#deleting ??= this.#delete().finally(() => {
      this.#deleting = null
      if (this.#settled.size > 0 && !this.#stopped) this.#deleteSoon()
    })
  }

  async #delete(): Promise<void> {
    const ids = [...this.#settled]
    if (ids.length === 0) return
    try {
      await this.#outbox.delete(ids)
      for (const id of ids) this.#settled.delete(id)
      this.#done++
    } catch (err) {
      outboxTrouble(this.#options.observer, { what: 'delete', err })
      await sleep(1000, this.#abort.signal).catch(() => {})
    }
  }
}
