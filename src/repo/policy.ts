import { LRUCache } from 'lru-cache'

/** What to do with commits that lack the proofs of Sync 1.1 (rule B18). */
export type LegacyPolicy = 'proven' | 'resync' | 'reject'

/**
 * `limit` turns per key at once, then one every `windowMs / limit` (rule F9: 5 resyncs, then one every 12 s; B18: one
 * legacy resync an hour). What was not used comes back at the same pace. Keys that rest cost nothing after a while.
 */
export class Pacer<K extends {} = string> {
  readonly #everyMs: number
  readonly #burstMs: number
  /** When all turns booked so far are paid for, one every `everyMs`. Ms since the epoch. */
  readonly #paid: LRUCache<K, number>

  constructor(options: { readonly limit: number; readonly windowMs: number; readonly maxKeys?: number }) {
    this.#everyMs = options.windowMs / options.limit
    this.#burstMs = options.windowMs - this.#everyMs
    this.#paid = new LRUCache({ max: options.maxKeys ?? 100_000 })
  }

  /** When the next turn is: `now`, or later when the limit is reached. Ms since the epoch. */
  next(key: K, now: number): number {
    return Math.max(now, (this.#paid.get(key) ?? 0) - this.#burstMs)
  }

  /** Whether a turn may be taken now. */
  free(key: K, now: number): boolean {
    return this.next(key, now) <= now
  }

  /** Takes a turn only if it is now. */
  take(key: K, now: number): boolean {
    if (!this.free(key, now)) return false
    this.#paid.set(key, Math.max(now, this.#paid.get(key) ?? 0) + this.#everyMs)
    return true
  }
}
