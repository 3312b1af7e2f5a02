import type { Digest } from './cid.ts'

/** So that nobody can choose digests that all fall into one slot. */
const SEED = (Math.random() * 0x1_0000_0000) | 0

/**
 * A map from digests that is filled and emptied all the time, which a Map does not like: it keeps what was
 * deleted until it is rebuilt (a third of a walk's time and half its memory). Open addressing with linear
 * probing; taking a value out closes the gap.
 */
export class DigestTable<T> {
  #keys: (Digest | null)[] = []
  #values: (T | null)[] = []
  #mask = 0
  #size = 0

  constructor() {
    this.#empty(FEWEST)
  }

  get size(): number {
    return this.#size
  }

  get(key: Digest): T | undefined {
    const slot = this.#find(key)
    return this.#keys[slot] === null ? undefined : (this.#values[slot] as T)
  }

  /** Puts `value` in and returns the one that was there. */
  set(key: Digest, value: T): T | undefined {
    if (this.#size * 2 > this.#mask) this.#grow()
    const slot = this.#find(key)
    const before = this.#keys[slot] === null ? undefined : (this.#values[slot] as T)
    if (before === undefined) this.#size++
    this.#keys[slot] = key
    this.#values[slot] = value
    return before
  }

  /** Removes the value of `key` and returns it. */
  take(key: Digest): T | undefined {
    const slot = this.#find(key)
    if (this.#keys[slot] === null) return undefined
    const value = this.#values[slot] as T
    this.#close(slot)
    this.#size--
    return value
  }

  clear(): void {
    this.#empty(FEWEST)
  }

  /** In no order. */
  *entries(): Generator<[Digest, T]> {
    for (const [slot, key] of this.#keys.entries()) if (key !== null) yield [key, this.#values[slot] as T]
  }

  /** The slot of `key`, or the free one where it would go. */
  #find(key: Digest): number {
    const keys = this.#keys
    let slot = home(key) & this.#mask
    for (let there = keys[slot]; there !== null && there !== key; there = keys[slot])
      slot = (slot + 1) & this.#mask
    return slot
  }

  /** Frees a slot, moving back what probing would no longer reach past it. */
  #close(slot: number): void {
    const mask = this.#mask
    let gap = slot
    for (let next = (gap + 1) & mask; ; next = (next + 1) & mask) {
      const key = this.#keys[next] as Digest | null
      if (key === null) break
      // How far the key is from home, against how far the gap is.
      if (((next - home(key)) & mask) < ((next - gap) & mask)) continue
      this.#keys[gap] = key
      this.#values[gap] = this.#values[next] as T
      gap = next
    }
    this.#keys[gap] = null
    this.#values[gap] = null
  }

  #empty(slots: number): void {
    this.#keys = new Array<null>(slots).fill(null)
    this.#values = new Array<null>(slots).fill(null)
    this.#mask = slots - 1
    this.#size = 0
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#empty(keys.length * 2)
    for (const [slot, key] of keys.entries()) if (key !== null) this.set(key, values[slot] as T)
  }
}

const FEWEST = 64

/** A digest is as random as a hash can be: four of its bytes are one. */
const home = (key: Digest): number =>
  Math.imul(
    (key.charCodeAt(0) | (key.charCodeAt(1) << 8) | (key.charCodeAt(2) << 16) | (key.charCodeAt(3) << 24)) ^
      SEED,
    0x9e3779b1,
  ) >>> 8
