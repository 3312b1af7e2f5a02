import { closeSync, mkdtempSync, openSync, readSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TemporaryError } from '../errors.ts'

interface Chunk {
  readonly offset: number
  bytes: Uint8Array
  /** The buffer `bytes` may still grow in. */
  readonly room?: Uint8Array
}

/**
 * Everything a stream brought, readable by offset: in memory up to a budget, then in a temporary file whose
 * name is gone as soon as it is open, so that no crash leaves it behind.
 */
export class Spill {
  readonly #budget: number
  readonly #dir: string
  #chunks: Chunk[] = []
  #file: number | null = null
  #size = 0
  #slab: Uint8Array = new Uint8Array(0)
  #slabUsed = 0

  constructor(budget: number, dir: string = tmpdir()) {
    this.#budget = budget
    this.#dir = dir
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#size
  }

  /** Whether the budget was passed and a file took over. */
  get spilled(): boolean {
    return this.#file !== null
  }

  /** In memory a chunk is kept, not copied, unless it is so small that keeping track would cost more. */
  append(bytes: Uint8Array): void {
    if (this.#file === null && this.#size + bytes.length > this.#budget) this.#moveToFile()
    if (this.#file !== null) writeFully(this.#file, bytes)
    else if (bytes.length < SMALL) this.#collect(bytes)
    else this.#chunks.push({ offset: this.#size, bytes })
    this.#size += bytes.length
  }

  /** A view: of a chunk where the range lies within one in memory, else of a copy. */
  read(offset: number, length: number): Uint8Array {
    if (offset + length > this.#size)
      throw new RangeError(`read past the end; offset=${offset}; length=${length}`)
    const bytes = this.#file === null ? this.#view(offset, length) : null
    if (bytes !== null) return bytes
    const copy = this.#room(length)
    if (this.#file === null) this.#gather(offset, copy)
    else readFully(this.#file, copy, offset)
    return copy
  }

  /** All of it in order, in pieces that are good until the next one. */
  *replay(): Generator<Uint8Array> {
    if (this.#file === null) {
      for (const { bytes } of this.#chunks) yield bytes
      return
    }
    const piece = new Uint8Array(Math.min(PIECE, this.#size))
    for (let offset = 0; offset < this.#size; offset += PIECE) {
      const view = piece.subarray(0, this.#size - offset)
      readFully(this.#file, view, offset)
      yield view
    }
  }

  /** Gives memory and file back. Harmless twice. */
  close(): void {
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
    this.#chunks = []
    this.#size = 0
  }

  /** Small chunks in a row share one buffer. */
  #collect(bytes: Uint8Array): void {
    const last = this.#chunks.at(-1)
    if (last?.room === undefined || last.bytes.length + bytes.length > last.room.length) {
      const room = new Uint8Array(SLAB)
      room.set(bytes)
      this.#chunks.push({ offset: this.#size, bytes: room.subarray(0, bytes.length), room })
      return
    }
    last.room.set(bytes, last.bytes.length)
    last.bytes = last.room.subarray(0, last.bytes.length + bytes.length)
  }

  #moveToFile(): void {
    this.#file = openUnnamed(this.#dir)
    for (const { bytes } of this.#chunks) writeFully(this.#file, bytes)
    this.#chunks = []
  }

  /** Small copies share one slab: a buffer of its own for each block would cost more than reading it. */
  #room(length: number): Uint8Array {
    if (length > SLAB / 4) return new Uint8Array(length)
    if (this.#slabUsed + length > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB)
      this.#slabUsed = 0
    }
    const start = this.#slabUsed
    this.#slabUsed += length
    return this.#slab.subarray(start, this.#slabUsed)
  }

  #view(offset: number, length: number): Uint8Array | null {
    const chunk = this.#chunks[this.#find(offset)]
    const start = offset - (chunk?.offset ?? 0)
    if (chunk === undefined || start + length > chunk.bytes.length) return null
    return chunk.bytes.subarray(start, start + length)
  }

  #gather(offset: number, into: Uint8Array): void {
    let filled = 0
    for (let i = this.#find(offset); filled < into.length; i++) {
      const chunk = this.#chunks[i] as Chunk
      const start = offset + filled - chunk.offset
      const piece = chunk.bytes.subarray(start, start + into.length - filled)
      into.set(piece, filled)
      filled += piece.length
    }
  }

  /** The last chunk that begins at or before `offset`. */
  #find(offset: number): number {
    let low = 0
    let high = this.#chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#chunks[middle] as Chunk).offset <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

const PIECE = 1 << 20
const SLAB = 1 << 16
const SMALL = 1 << 10

/** A file nobody else can open: alone in a fresh folder of mode 0700, and unlinked at once. */
function openUnnamed(dir: string): number {
  try {
    const folder = mkdtempSync(join(dir, 'lextap-spill-'))
    const path = join(folder, 'car')
    const file = openSync(path, 'wx+', 0o600)
    try {
      unlinkSync(path)
      rmdirSync(folder)
    } catch {
      // Windows keeps the name while the file is open; the system's cleaner of temporary files gets it.
    }
    return file
  } catch (cause) {
    throw new TemporaryError(`no temporary file for a large repo; dir=${dir}`, { code: 'spill', cause })
  }
}

function writeFully(file: number, bytes: Uint8Array): void {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
  } catch (cause) {
    throw new TemporaryError('the temporary file of a large repo cannot be written', { code: 'spill', cause })
  }
}

function readFully(file: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(file, into, done, into.length - done, offset + done)
    if (count === 0)
      throw new TemporaryError('the temporary file of a large repo ends early', { code: 'spill' })
    done += count
  }
}
