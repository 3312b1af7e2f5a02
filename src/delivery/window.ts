import type { OutboxRow } from '../store/outbox.ts'
import { Lane } from './lane.ts'

export interface WindowOptions {
  /** Waiting events held in memory. Default 8192. */
  readonly maxEvents?: number
  /** Their text held in memory, UTF-16 units. Default 16 Mi. */
  readonly maxChars?: number
}

/** Which events somebody takes. */
export type Takes = 'tap' | 'emitted' | 'both'

/**
 * The part of the outbox that is in memory, and the order in which it may leave (the lanes). Pure: it reads
 * nothing and sends nothing. What does not fit is left out and asked for again: see `thirsty` and `shed`.
 */
export class Window {
  readonly maxEvents: number
  readonly #maxChars: number
  readonly #lanes = new Map<string, Lane>()
  readonly #flying = new Map<number, Lane>()
  readonly #ready: Record<'tap' | 'emitted', Lane[]> = { tap: [], emitted: [] }
  readonly #thirsty = new Set<Lane>()
  #waiting = 0
  #chars = 0
  /** `both` takes turns. */
  #turn = false

  constructor(options: WindowOptions = {}) {
    this.maxEvents = options.maxEvents ?? 8192
    this.#maxChars = options.maxChars ?? 16 << 20
  }

  /** Waiting events in memory. */
  get waiting(): number {
    return this.#waiting
  }

  /** Sent and not settled. */
  get inFlight(): number {
    return this.#flying.size
  }

  get full(): boolean {
    return this.#waiting >= this.maxEvents || this.#chars >= this.#maxChars
  }

  /** Less than half of what may be held: time to read on. */
  get low(): boolean {
    return this.#waiting * 2 <= this.maxEvents && this.#chars * 2 <= this.#maxChars
  }

  isFlying(id: number): boolean {
    return this.#flying.has(id)
  }

  /** A row just read, in the order of ids. A lane that was spilled stays out until it is read on. */
  add(row: OutboxRow): void {
    const lane = this.#lane(row.did, row.kind === 'emit')
    if (lane.spilledFrom === null) this.#hold(lane, row)
  }

  /** A lane somebody takes from that can send and waits to be read on, from `spilledFrom`. */
  thirsty(takes: Takes): Lane | null {
    for (const lane of this.#thirsty) if (isTaken(lane, takes)) return lane
    return null
  }

  /** Rows of a spilled lane, read from `spilledFrom`; `next` is where the rest starts, null for none. */
  refill(lane: Lane, rows: readonly OutboxRow[], next: number | null): void {
    lane.refilled(next)
    for (const row of rows) if (!this.#flying.has(row.id)) this.#hold(lane, row)
    this.#check(lane)
  }

  /** Makes room when nothing held can be sent to anybody: those lanes are read again later. */
  shed(takes: Takes): void {
    for (const lane of this.#lanes.values()) {
      if (lane.waiting === 0 || (lane.sendable && isTaken(lane, takes))) continue
      for (const row of lane.spill()) this.#drop(row)
      this.#check(lane)
    }
  }

  /** Whether `take` has something. */
  has(takes: Takes): boolean {
    return (
      (takes !== 'emitted' && this.#first('tap') !== null) ||
      (takes !== 'tap' && this.#first('emitted') !== null)
    )
  }

  /** The next event that may be sent. It flies until `settle` or `release`. Lanes take turns. */
  take(takes: Takes): OutboxRow | null {
    if (takes !== 'both') return this.#takeFrom(takes)
    this.#turn = !this.#turn
    const [first, second] = this.#turn ? (['tap', 'emitted'] as const) : (['emitted', 'tap'] as const)
    return this.#takeFrom(first) ?? this.#takeFrom(second)
  }

  /** Done with: taken, or given up (the repo stays suspect then). False when the event was not in flight. */
  settle(id: number, taken = true): boolean {
    const lane = this.#land(id)
    if (lane === null) return false
    lane.suspect = !taken
    this.#check(lane)
    return true
  }

  /**
   * To be sent again, in its place. False when the event was not in flight. With `suspect` somebody failed on
   * it: its repo goes on one event at a time until one succeeds.
   */
  release(id: number, suspect = false): boolean {
    const live = this.#flying.get(id)?.flying.get(id) ?? false
    const lane = this.#land(id)
    if (lane === null) return false
    if (suspect) lane.suspect = true
    for (const row of lane.spill({ id, live })) this.#drop(row)
    this.#check(lane)
    return true
  }

  /** Reads a repo's waiting events again: one of them is settled although it was not in flight. */
  reread(did: string, emitted: boolean): void {
    const lane = this.#lanes.get(keyOf(did, emitted))
    if (lane === undefined) return
    for (const row of lane.spill()) this.#drop(row)
    this.#check(lane)
  }

  /** Somebody failed on this event and will try again: nothing new of its repo is sent until it lands. */
  failing(id: number): void {
    this.#flying.get(id)?.failing.add(id)
  }

  #hold(lane: Lane, row: OutboxRow): void {
    lane.push(row)
    this.#waiting++
    this.#chars += row.body.length
    this.#check(lane)
  }

  #drop(row: OutboxRow): void {
    this.#waiting--
    this.#chars -= row.body.length
  }

  #takeFrom(line: 'tap' | 'emitted'): OutboxRow | null {
    const lane = this.#first(line)
    const row = lane?.take()
    if (lane === null || row === undefined) return null
    this.#ready[line].shift()
    lane.queued = false
    this.#flying.set(row.id, lane)
    this.#drop(row)
    this.#check(lane)
    return row
  }

  /** Lanes that can no longer send leave the line here. */
  #first(line: 'tap' | 'emitted'): Lane | null {
    const ready = this.#ready[line]
    for (;;) {
      const lane = ready[0]
      if (lane === undefined) return null
      if (lane.sendable) return lane
      ready.shift()
      lane.queued = false
    }
  }

  #land(id: number): Lane | null {
    const lane = this.#flying.get(id)
    if (lane === undefined) return null
    this.#flying.delete(id)
    lane.flying.delete(id)
    lane.failing.delete(id)
    return lane
  }

  #lane(did: string, emitted: boolean): Lane {
    const key = keyOf(did, emitted)
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new Lane(did, emitted)
      this.#lanes.set(key, lane)
    }
    return lane
  }

  /** After each change of a lane: puts it where it belongs now. */
  #check(lane: Lane): void {
    if (lane.sendable && !lane.queued) {
      lane.queued = true
      this.#ready[lane.emitted ? 'emitted' : 'tap'].push(lane)
    }
    if (lane.thirsty) this.#thirsty.add(lane)
    else this.#thirsty.delete(lane)
    if (lane.empty) this.#lanes.delete(keyOf(lane.did, lane.emitted))
  }
}

const keyOf = (did: string, emitted: boolean) => (emitted ? `${did} emitted` : did)
const isTaken = (lane: Lane, takes: Takes) => takes === 'both' || (takes === 'emitted') === lane.emitted
