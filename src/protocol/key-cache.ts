import { isUtf8 } from 'node:buffer'
import { utf8 } from './bytes.ts'

/**
 * Map keys and `$type`s repeat endlessly, and an object property wants the one interned string of its name.
 * A direct-mapped cache from bytes to that string saves decoding and interning it each time.
 */
const SLOTS = 4096
const LONGEST = 48
/** After so many misses on taken slots the cache starts anew: junk keys must not own it for ever. */
const PATIENCE = 50_000
const names = new Array<string>(SLOTS).fill('')
const spellings = new Array<Uint8Array | null>(SLOTS).fill(null)
let misses = 0

/** The interned text of `bytes[start, start + length)`, or undefined when it is not worth keeping or not UTF-8. */
export function cachedKey(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length === 0 || length > LONGEST) return undefined
  const last = start + length - 1
  const mixed =
    Math.imul(length, 0x9e5) ^
    Math.imul(bytes[start] as number, 131) ^
    Math.imul(bytes[last] as number, 29) ^
    Math.imul(bytes[start + (length >> 1)] as number, 7)
  const slot = mixed & (SLOTS - 1)
  const spelling = spellings[slot] as Uint8Array | null
  if (spelling === null) return keep(slot, bytes, start, length)
  if (spelling.length === length) {
    let i = 0
    while (i < length && spelling[i] === bytes[start + i]) i++
    if (i === length) return names[slot]
  }
  if (++misses > PATIENCE) forget()
  return undefined
}

function keep(slot: number, bytes: Uint8Array, start: number, length: number): string | undefined {
  // Not `bytes.slice`: on a Buffer that is a view, and it would pin and follow the source.
  const spelling = Uint8Array.prototype.slice.call(bytes, start, start + length)
  if (!isUtf8(spelling)) return undefined
  // The key of a fresh object is the interned string itself; the decoded one would only point to it.
  const name = Object.keys({ [utf8(spelling, 0, length)]: 0 })[0] as string
  names[slot] = name
  spellings[slot] = spelling
  return name
}

function forget(): void {
  misses = 0
  names.fill('')
  spellings.fill(null)
}
