import { MAX_SECTION, readVarint, varintSize } from './car.ts'

/** Called with each section of a CAR: `bytes[start, end)`, which in the whole CAR begins at `offset`. */
export type OnSection = (bytes: Uint8Array, start: number, end: number, offset: number) => void

/** Cuts a stream of chunks into CAR sections; holds at most one section that a chunk's end cut through. */
export class CarFramer {
  readonly #onSection: OnSection
  /** The beginning of a section whose end has not come yet, and how much of it is there. */
  #partial: Uint8Array = new Uint8Array(0)
  #held = 0
  /** Offset in the CAR of the next byte to be framed. */
  #offset = 0

  constructor(onSection: OnSection) {
    this.#onSection = onSection
  }

  /** Whether a section has begun and not ended: a CAR must not end like this. */
  get unfinished(): boolean {
    return this.#held > 0
  }

  push(chunk: Uint8Array): void {
    let at = this.#held > 0 ? this.#complete(chunk) : 0
    while (at < chunk.length) {
      const length = readVarint(chunk, at, chunk.length)
      const start = at + varintSize(length)
      const end = start + length
      if (length < 0 || end > chunk.length) break
      const offset = this.#offset + (start - at)
      this.#offset += end - at
      at = end
      this.#onSection(chunk, start, end, offset)
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at))
  }

  #hold(rest: Uint8Array): void {
    const length = readVarint(rest, 0, rest.length)
    this.#partial = new Uint8Array(length < 0 ? 4 : varintSize(length) + length)
    this.#partial.set(rest)
    this.#held = rest.length
  }

  /** Fills the section begun by earlier chunks; returns how much of `chunk` that took. */
  #complete(chunk: Uint8Array): number {
    let taken = 0
    let length = readVarint(this.#partial, 0, this.#held)
    while (length < 0) {
      if (taken === chunk.length) return taken
      this.#partial[this.#held++] = chunk[taken++] as number
      length = readVarint(this.#partial, 0, this.#held)
    }
    const start = varintSize(length)
    const total = start + length
    if (this.#partial.length < total) this.#partial = resized(this.#partial, total)
    const piece = chunk.subarray(taken, taken + total - this.#held)
    this.#partial.set(piece, this.#held)
    this.#held += piece.length
    taken += piece.length
    if (this.#held < total) return taken
    const section = this.#partial
    const offset = this.#offset + start
    this.#offset += total
    this.#held = 0
    this.#onSection(section, start, total, offset)
    return taken
  }
}

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(Math.min(size, MAX_SECTION + 4))
  larger.set(bytes.subarray(0, size))
  return larger
}
