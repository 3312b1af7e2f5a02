import { hash } from 'node:crypto'

/**
 * A seeded source of randomness (sfc32 keyed by SHA-256), so that a sandbox network and everything that
 * happens in it can be repeated. Not for secrets.
 */
export class Random {
  readonly seed: string
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: string | number) {
    this.seed = String(seed)
    const words = Buffer.from(hash('sha256', this.seed, 'hex'), 'hex')
    this.#a = words.readUInt32LE(0)
    this.#b = words.readUInt32LE(4)
    this.#c = words.readUInt32LE(8)
    this.#d = words.readUInt32LE(12)
  }

  /** The next 32 bits, as an unsigned integer. */
  next(): number {
    const t = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t
    return t >>> 0
  }

  /** An integer in `[0, below)`. */
  int(below: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * below)
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p * 0x1_0000_0000
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.int(items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.next() & 0xff
    return out
  }

  /** One of the choices, in proportion to their weights. */
  weighted<T>(choices: readonly (readonly [T, number])[]): T {
    let at = (this.next() / 0x1_0000_0000) * choices.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [choice, weight] of choices) {
      at -= weight
      if (at < 0) return choice
    }
    throw new RangeError('nothing to choose from')
  }

  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const a = out[i] as T
      out[i] = out[j] as T
      out[j] = a
    }
    return out
  }

  /** An independent stream named `label`: what one part draws does not change what another sees. */
  fork(label: string): Random {
    return new Random(`${this.seed}/${label}`)
  }
}
