import { CID_LENGTH, type Digest, digestOf } from './cid.ts'
import type { Spill } from './spill.ts'

/** Numbers a slot holds: two words of the digest, where the block begins, how long it is. */
const WORDS = 4

/**
 * Where the blocks of a spilled CAR lie: an open-addressing table of 16 bytes a slot, about 30 bytes a
 * block, because a Map of digests would cost five times that. Slots know 64 bits of the digest; what is
 * read is hashed again, so neither a clash nor a damaged file can pass for another block.
 */
export class BlockIndex {
  #table = new Uint32Array(WORDS << 10)
  #slots = 1 << 10
  #count = 0

  /** Notes the section of a CAR whose CID is `bytes[start, start + 36)`. Duplicates are ignored. */
  add(bytes: Uint8Array, start: number, end: number, offset: number): void {
    if (this.#count * 3 >= this.#slots * 2) this.#grow()
    const high = word(bytes, start + 4)
    const low = word(bytes, start + 8)
    if (put(this.#table, this.#slots - 1, high, low, offset + CID_LENGTH, end - start - CID_LENGTH))
      this.#count++
  }

  /** The block with this digest, or null. */
  read(digest: Digest, spill: Spill): Uint8Array | null {
    const high = wordOf(digest, 0)
    const low = wordOf(digest, 4)
    const at = find(this.#table, this.#slots - 1, high, low)
    const length = this.#table[at + 3] as number
    if (length === 0) return null
    const block = spill.read(this.#table[at + 2] as number, length)
    return digestOf(block) === digest ? block : null
  }

  #grow(): void {
    const larger = new Uint32Array(this.#table.length * 2)
    const mask = this.#slots * 2 - 1
    for (let at = 0; at < this.#table.length; at += WORDS) {
      const [high, low, offset, length] = this.#table.subarray(at, at + WORDS) as unknown as [
        number,
        number,
        number,
        number,
      ]
      if (length !== 0) put(larger, mask, high, low, offset, length)
    }
    this.#table = larger
    this.#slots *= 2
  }
}

const word = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0

const wordOf = (digest: Digest, at: number): number =>
  ((digest.charCodeAt(at) << 24) |
    (digest.charCodeAt(at + 1) << 16) |
    (digest.charCodeAt(at + 2) << 8) |
    digest.charCodeAt(at + 3)) >>>
  0

/** The slot that holds these words, or the free one where they would go (its length is 0). */
function find(table: Uint32Array, mask: number, high: number, low: number): number {
  for (let slot = high & mask; ; slot = (slot + 1) & mask) {
    const at = slot * WORDS
    if (table[at + 3] === 0 || (table[at] === high && table[at + 1] === low)) return at
  }
}

function put(
  table: Uint32Array,
  mask: number,
  high: number,
  low: number,
  offset: number,
  length: number,
): boolean {
  const at = find(table, mask, high, low)
  if (table[at + 3] !== 0) return false
  table[at] = high
  table[at + 1] = low
  table[at + 2] = offset
  table[at + 3] = length
  return true
}
