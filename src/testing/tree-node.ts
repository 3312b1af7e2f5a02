/** DAG-CBOR of an MST node, written by hand: the shape is fixed and repos have many. */

const LINK = [0xd8, 0x2a, 0x58, 0x25, 0x00]

/** Bytes to come, in a buffer that grows and is used again for the next node. */
class Writer {
  #buffer: Buffer = Buffer.allocUnsafe(1 << 14)
  #at = 0

  start(): void {
    this.#at = 0
  }

  done(): Uint8Array {
    // A copy in Node's pool: an array buffer for each of many small blocks is what collecting garbage is slow at.
    return Buffer.from(this.#buffer.subarray(0, this.#at))
  }

  #room(size: number): void {
    if (this.#at + size <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + size))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  bytes(...values: number[]): void {
    this.#room(values.length)
    for (const value of values) this.#buffer[this.#at++] = value
  }

  head(major: number, value: number): void {
    if (value < 24) this.bytes(major | value)
    else if (value < 0x100) this.bytes(major | 24, value)
    else if (value < 0x1_0000) this.bytes(major | 25, value >>> 8, value & 0xff)
    else this.bytes(major | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
  }

  link(cid: Uint8Array | null): void {
    this.bytes(...(cid === null ? [0xf6] : LINK))
    const length = cid?.length ?? 0
    this.#room(length)
    if (cid !== null) this.#buffer.set(cid, this.#at)
    this.#at += length
  }

  key(text: string): void {
    const length = Buffer.byteLength(text)
    this.head(0x40, length)
    this.#room(length)
    this.#at += this.#buffer.write(text, this.#at)
  }
}

const writer = new Writer()

/** Length of the common beginning of two ASCII strings. */
export function sharedPrefix(a: string, b: string): number {
  let n = 0
  while (n < a.length && n < b.length && a.charCodeAt(n) === b.charCodeAt(n)) n++
  return n
}

/**
 * `subs` has one more entry than `keys`. Prefixes are compressed as the specification wants unless
 * `prefixOf` says otherwise (malformed trees are made that way).
 */
export function nodeBlock(
  keys: readonly string[],
  values: readonly Uint8Array[],
  subs: readonly (Uint8Array | null)[],
  prefixOf: (previous: string, key: string) => number = sharedPrefix,
): Uint8Array {
  writer.start()
  writer.bytes(0xa2, 0x61, 0x65)
  writer.head(0x80, keys.length)
  let previous = ''
  keys.forEach((key, i) => {
    const shared = prefixOf(previous, key)
    writer.bytes(0xa4, 0x61, 0x6b)
    writer.key(key.slice(shared))
    writer.bytes(0x61, 0x70)
    writer.head(0, shared)
    writer.bytes(0x61, 0x74)
    writer.link(subs[i + 1] ?? null)
    writer.bytes(0x61, 0x76)
    writer.link(values[i] as Uint8Array)
    previous = key
  })
  writer.bytes(0x61, 0x6c)
  writer.link(subs[0] ?? null)
  return writer.done()
}
