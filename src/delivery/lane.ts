import type { OutboxRow } from '../store/outbox.ts'

/**
 * What waits of one repo, in the order of ids. Live events are barriers: one waits for all before it and runs
 * alone; historical ones may overlap each other.
 */
export class Lane {
  readonly did: string
  /** Emitted events have lanes of their own: not everybody takes them. */
  readonly emitted: boolean
  /** Sent and not settled: id → live. */
  readonly flying: Map<number, boolean> = new Map()
  /** The first id that is not in memory although it was read before; it and all after it are read again. */
  spilledFrom: number | null = null
  /** Whether the event at `spilledFrom` is known to be live: then it need not be read before it can be sent. */
  #spilledLive = false
  /** Events in flight that somebody failed on and will try again: nothing new is sent meanwhile. */
  readonly failing: Set<number> = new Set()
  /** Somebody failed on an event: one at a time until one succeeds. */
  suspect = false
  /** Stands in the line of lanes that can send. */
  queued = false
  /** Those taken are null: what was sent must not be kept. */
  #unsent: (OutboxRow | null)[] = []
  #head = 0

  constructor(did: string, emitted: boolean) {
    this.did = did
    this.emitted = emitted
  }

  get waiting(): number {
    return this.#unsent.length - this.#head
  }

  /** Nothing to remember. */
  get empty(): boolean {
    return this.waiting === 0 && this.flying.size === 0 && this.spilledFrom === null
  }

  /** Nothing in flight forbids a next event. */
  get open(): boolean {
    if (this.flying.size === 0) return true
    if (this.suspect || this.failing.size > 0) return false
    // A live event flies alone, so the first tells of all.
    return this.flying.values().next().value === false
  }

  /** The first waiting event may be sent now. */
  get sendable(): boolean {
    const first = this.#unsent[this.#head] ?? null
    return first !== null && this.open && (!first.live || this.flying.size === 0)
  }

  /** Worth reading on. */
  get thirsty(): boolean {
    if (this.spilledFrom === null || this.waiting > 0 || !this.open) return false
    return !this.#spilledLive || this.flying.size === 0
  }

  push(row: OutboxRow): void {
    this.#unsent.push(row)
  }

  /** Takes the first waiting event, which now flies. */
  take(): OutboxRow | undefined {
    const row = this.#unsent[this.#head] ?? null
    if (row === null) return undefined
    this.#unsent[this.#head++] = null
    if (this.#head === this.#unsent.length) this.#clear()
    else if (this.#head > 32 && this.#head * 2 > this.#unsent.length) {
      this.#unsent.splice(0, this.#head)
      this.#head = 0
    }
    this.flying.set(row.id, row.live)
    return row
  }

  /** Forgets what waits and returns it; it and `from` are to be read again. */
  spill(from?: { readonly id: number; readonly live: boolean }): OutboxRow[] {
    const rows = this.#unsent.slice(this.#head).filter((row) => row !== null)
    this.#clear()
    for (const first of [from, rows[0]]) {
      if (first === undefined || first.id >= (this.spilledFrom ?? Number.POSITIVE_INFINITY)) continue
      this.spilledFrom = first.id
      this.#spilledLive = first.live
    }
    return rows
  }

  /** What was spilled is read up to `next`, null for all of it. */
  refilled(next: number | null): void {
    this.spilledFrom = next
    this.#spilledLive = false
  }

  #clear(): void {
    this.#unsent = []
    this.#head = 0
  }
}
