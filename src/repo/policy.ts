import { LRUCache } from 'lru-cache'

/** What to do with commits that lack the proofs of Sync 1.1 (rule B18). */
export type LegacyPolicy = 'proven' | 'resync' | 'reject'

/**
 * At most `limit` turns per key in any `windowMs`; what is more is spaced (rule F9: 5 resyncs a minute; B18: one
 * legacy resync an hour). Keys that rest cost nothing after a while.
 */
export class Pacer<K extends {} = string> {
  readonly #limit: number
  readonly #windowMs: number
  readonly #turns: LRUCache<K, readonly number[]>

  constructor(options: { readonly limit: number; readonly windowMs: number; readonly maxKeys?: number }) {
    this.#limit = options.limit
    this.#windowMs = options.windowMs
    this.#turns = new LRUCache({ max: options.maxKeys ?? 100_000 })
  }

  /** Books the next turn and tells when it is: `now`, or later when the limit is reached. Ms since the epoch. */
  book(key: K, now: number): number {
    const turns = this.#recent(key, now)
    const gate = turns.at(-this.#limit)
    const at = gate === undefined ? now : Math.max(now, gate + this.#windowMs)
    this.#turns.set(key, [...turns, at].slice(-this.#limit))
    return at
  }

  /** Whether a turn may be taken now. */
  free(key: K, now: number): boolean {
    const gate = this.#recent(key, now).at(-this.#limit)
    return gate === undefined || gate + this.#windowMs <= now
  }

  /** Books a turn only if it is now. */
  take(key: K, now: number): boolean {
    if (!this.free(key, now)) return false
    this.book(key, now)
    return true
  }

  #recent(key: K, now: number): readonly number[] {
    return (this.#turns.get(key) ?? []).filter((at) => at > now - this.#windowMs)
  }
}
