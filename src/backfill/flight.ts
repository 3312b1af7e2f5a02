import type { RateLimit } from '../protocol/xrpc-error.ts'

/** What a fetch tells of itself while it runs. */
export interface Flight {
  /** The host told of our request budget. */
  limited(limit: RateLimit | null): void
  /** It waits for the host from here on. */
  waiting(): void
  /** Bytes came from the wire; it works on them. */
  received(bytes: number): void
  /** Records were proven. */
  proven(records: number): void
}

/** A fetch that has waited so long for its host gives its place to another, ms. */
const IDLE_MS = 5_000

interface Entry {
  /** Ms since the epoch; null while it works. */
  waitingSince: number | null
  idle: boolean
}

/**
 * The fetches under way, and how many of them take up a place: one that only waits for a silent host does not, so
 * that a host which died in the middle of an answer blocks no worker. It takes its place back with the next bytes.
 */
export class Flights {
  readonly #entries = new Set<Entry>()
  #idle = 0

  get size(): number {
    return this.#entries.size
  }

  /** Those that take up a place. */
  get busy(): number {
    return this.#entries.size - this.#idle
  }

  /** Looks who is waiting for too long; whether places became free. */
  look(now: number): boolean {
    const before = this.#idle
    for (const entry of this.#entries) {
      const { waitingSince: since } = entry
      if (!entry.idle && since !== null && now - since >= IDLE_MS) {
        entry.idle = true
        this.#idle++
      }
    }
    return this.#idle > before
  }

  begin(): { readonly waiting: () => void; readonly working: () => void; readonly end: () => void } {
    const entry: Entry = { waitingSince: Date.now(), idle: false }
    this.#entries.add(entry)
    const working = () => {
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
}
