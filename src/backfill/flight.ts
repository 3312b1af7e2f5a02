import type { RateLimit } from '../protocol/xrpc-error.ts'

/** What a fetch tells of itself while it runs. */
export interface Flight {
  /** The host answers; it may have told of our request budget. */
  limited(limit: RateLimit | null): void
  /** It waits for the host from here on. */
  waiting(): void
  /** Bytes came from the wire; it works on them. */
  received(bytes: number): void
  /** Records were proven. */
  proven(records: number): void
}

/** A fetch that has waited so long for its host gives its place to another, ms. */
export const IDLE_MS = 5_000

/** What is told of one fetch under way. */
export interface Place {
  /** It waits for its host from here on. */
  readonly waiting: () => void
  readonly working: () => void
  readonly end: () => void
}

interface Entry {
  readonly host: string | null
  readonly giveUp: (() => void) | null
  /** How long it may wait and keep its place, ms. */
  patienceMs: number
  /** Ms since the epoch; null while it works. */
  waitingSince: number | null
  idle: boolean
  givenUp: boolean
}

/**
 * The fetches under way, and how many of them take up a place: one that only waits for a silent host does not, so
 * that a host which died in the middle of an answer blocks no worker. It takes its place back with the next bytes.
 */
export class Flights {
  readonly #entries = new Set<Entry>()
  readonly #idleMs: number
  #idle = 0

  constructor(idleMs: number = IDLE_MS) {
    this.#idleMs = idleMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** Those that take up a place. */
  get busy(): number {
    return this.#entries.size - this.#idle
  }

  /** Whether some that hold a place are waited for less long than others. */
  get impatient(): boolean {
    for (const { idle, patienceMs } of this.#entries) if (!idle && patienceMs < this.#idleMs) return true
    return false
  }

  /** How many have waited for so long, ms. */
  waitingFor(ms: number, now: number): number {
    let count = 0
    for (const { waitingSince: since } of this.#entries) if (since !== null && now - since >= ms) count++
    return count
  }

  /** Looks who is waiting for too long; whether places became free. */
  look(now: number): boolean {
    const before = this.#idle
    for (const entry of this.#entries) {
      const { waitingSince: since } = entry
      if (!entry.idle && since !== null && now - since >= entry.patienceMs) this.#giveWay(entry)
    }
    return this.#idle > before
  }

  /** Hosts that let a fetch wait without a place. */
  silentHosts(): ReadonlySet<string> {
    const hosts = new Set<string>()
    for (const { idle, host } of this.#entries) if (idle && host !== null) hosts.add(host)
    return hosts
  }

  sizeAt(host: string): number {
    let size = 0
    for (const entry of this.#entries) if (entry.host === host) size++
    return size
  }

  /** Those at a host that take up no place. */
  idleAt(host: string): number {
    let idle = 0
    for (const entry of this.#entries) if (entry.idle && entry.host === host) idle++
    return idle
  }

  /** Ends the fetch that has waited longest, unless `most` of them are ending already. */
  giveUpLongest(most: number): void {
    let longest: Entry | null = null
    let ending = 0
    for (const entry of this.#entries) {
      if (entry.givenUp) ending++
      else if (entry.idle && (longest === null || (entry.waitingSince ?? 0) < (longest.waitingSince ?? 0)))
        longest = entry
    }
    if (longest === null || ending >= most) return
    longest.givenUp = true
    longest.giveUp?.()
  }

  /**
   * `giveUp` ends what is begun here, should others need its socket. Its first bytes are waited for as long as
   * `patienceMs`; with 0 it takes no place before they come.
   */
  begin(
    host: string | null = null,
    giveUp: (() => void) | null = null,
    patienceMs: number = this.#idleMs,
  ): Place {
    const entry: Entry = { host, giveUp, patienceMs, waitingSince: Date.now(), idle: false, givenUp: false }
    this.#entries.add(entry)
    if (patienceMs === 0) this.#giveWay(entry)
    const working = () => {
      entry.patienceMs = this.#idleMs
      entry.waitingSince = null
      if (!entry.idle) return
      entry.idle = false
      this.#idle--
    }
    return {
      waiting: () => {
        entry.waitingSince ??= Date.now()
      },
      working,
      end: () => {
        working()
        this.#entries.delete(entry)
      },
    }
  }

  #giveWay(entry: Entry): void {
    entry.idle = true
    this.#idle++
  }
}
