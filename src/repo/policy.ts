import { LRUCache } from 'lru-cache'

/** What to do with commits that lack the proofs of Sync 1.1 (rule B18). */
export type LegacyPolicy = 'proven' | 'resync' | 'reject'

/** Which repos of a stream are followed. */
export interface Following {
  /** Everything the stream mentions. */
  readonly full: boolean
  /** No false negatives: a tracked DID is always told. */
  mayTrack(did: string): boolean
  /** Collections whose writers are followed, as bytes to look for; see `signalNeedles`. */
  readonly needles: readonly Buffer[]
}

/** `tracked` look it up · `new` a repo to add as pending · `none` close the ticket, decode nothing more. */
export type Interest = 'tracked' | 'new' | 'none'

/**
 * Decides from the peeked head of a frame whether it is worth decoding. Runs for every frame of the network.
 * A `new` because of a needle is a guess: confirm it with `touches` on the decoded ops.
 */
export function interestIn(
  frame: { readonly kind: string; readonly did: string | null },
  bytes: Uint8Array,
  following: Following,
): Interest {
  if (frame.did === null) return 'none'
  if (following.mayTrack(frame.did)) return 'tracked'
  if (frame.kind !== 'commit') return following.full && frame.kind === 'sync' ? 'new' : 'none'
  if (following.full) return 'new'
  if (following.needles.length === 0) return 'none'
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return following.needles.some((needle) => buffer.includes(needle)) ? 'new' : 'none'
}

/** Bytes that the ops of a commit contain when it touches one of the collections (NSIDs or `ns.*`). */
export function signalNeedles(patterns: readonly string[]): Buffer[] {
  return patterns.map((pattern) =>
    Buffer.from(pattern.endsWith('*') ? pattern.slice(0, -1) : `${pattern}/`, 'latin1'),
  )
}

/** Whether one of the paths (`collection/rkey`) is in one of the collections (NSIDs or `ns.*`). */
export function touches(paths: Iterable<string>, patterns: readonly string[]): boolean {
  const prefixes = patterns.map((p) => (p.endsWith('*') ? p.slice(0, -1) : `${p}/`))
  for (const path of paths) if (prefixes.some((prefix) => path.startsWith(prefix))) return true
  return false
}

/**
 * At most `limit` turns per key in any `windowMs`; what is more is spaced (rule F9: 5 resyncs a minute; B18: one
 * legacy resync an hour). Keys that rest cost nothing after a while.
 */
export class Pacer {
  readonly #limit: number
  readonly #windowMs: number
  readonly #turns: LRUCache<string, readonly number[]>

  constructor(options: { readonly limit: number; readonly windowMs: number; readonly maxKeys?: number }) {
    this.#limit = options.limit
    this.#windowMs = options.windowMs
    this.#turns = new LRUCache({ max: options.maxKeys ?? 100_000 })
  }

  /** Books the next turn and tells when it is: `now`, or later when the limit is reached. Ms since the epoch. */
  book(key: string, now: number): number {
    const turns = this.#recent(key, now)
    const gate = turns.at(-this.#limit)
    const at = gate === undefined ? now : Math.max(now, gate + this.#windowMs)
    this.#turns.set(key, [...turns, at].slice(-this.#limit))
    return at
  }

  /** Books a turn only if it is now. */
  take(key: string, now: number): boolean {
    const gate = this.#recent(key, now).at(-this.#limit)
    if (gate !== undefined && gate + this.#windowMs > now) return false
    this.book(key, now)
    return true
  }

  #recent(key: string, now: number): readonly number[] {
    return (this.#turns.get(key) ?? []).filter((at) => at > now - this.#windowMs)
  }
}
