import { isUtf8 } from 'node:buffer'
import { InvalidError } from '../errors.ts'
import { base64, utf8 } from './bytes.ts'
import { CID_LENGTH, Cid, cidToString, isCidAt } from './cid.ts'
import { cachedKey } from './key-cache.ts'

export { encode } from './cbor-encode.ts'

/** How deep maps and lists may nest (F11). The deepest lexicons in use need about a quarter of it. */
export const MAX_DEPTH = 64

/**
 * Strict DRISL (the CBOR of atproto): minimal heads, definite lengths, map keys sorted and unique, UTF-8
 * that is UTF-8, tag 42 with a blessed CID as the only tag, safe integers, no floats (H1). A map that holds
 * the key `$link` or `$bytes` is refused as well: in JSON form it could not be told from a CID or bytes, so
 * `encode(decodeJson(block))` is always `block`.
 *
 * The decoder is a set of functions over one cursor in module variables: there is one per thread, decoding
 * never yields, and this is measurably the fastest form.
 */
const NOTHING = new Uint8Array(0)
let source: Uint8Array = NOTHING
let at = 0
let end = 0
let asJson = true

/**
 * Decodes one value that fills `bytes[start, end)` into atproto's JSON form: CIDs are `{ $link }`, byte
 * strings `{ $bytes }` (base64 without padding). Throws InvalidError: 'F11' when it nests deeper than
 * {@link MAX_DEPTH}, else 'H1'.
 */
export function decodeJson(bytes: Uint8Array, start = 0, stop: number = bytes.length): unknown {
  return whole(bytes, start, stop, true)
}

/** As {@link decodeJson}, but CIDs are {@link Cid} and byte strings Uint8Array, both views of `bytes`. */
export function decode(bytes: Uint8Array, start = 0, stop: number = bytes.length): unknown {
  return whole(bytes, start, stop, false)
}

/** As {@link decode} for a value that something may follow; `next` is where that begins. */
export function decodeFirst(bytes: Uint8Array, start = 0): { value: unknown; next: number } {
  open(bytes, start, bytes.length, false)
  const value = readValue(0)
  source = NOTHING
  return { value, next: at }
}

function whole(bytes: Uint8Array, start: number, stop: number, json: boolean): unknown {
  open(bytes, start, stop, json)
  const value = readValue(0)
  if (at !== end) throw refuse('bytes after the value')
  source = NOTHING
  return value
}

function open(bytes: Uint8Array, start: number, stop: number, json: boolean): void {
  if (start < 0 || start > stop || stop > bytes.length)
    throw new RangeError(`no such range of ${bytes.length} bytes; start=${start}; end=${stop}`)
  source = bytes
  at = start
  end = stop
  asJson = json
}

/** Also lets go of the source, which may be a large chunk. */
function refuse(what: string, rule = 'H1'): InvalidError {
  source = NOTHING
  return new InvalidError(rule, `not strict dag-cbor: ${what}; at=${at}`)
}

function readValue(depth: number): unknown {
  if (at >= end) throw refuse('it ends early')
  const head = source[at++] as number
  const info = head & 31
  switch (head >> 5) {
    case 0:
      return readArgument(info)
    case 1: {
      const value = -1 - readArgument(info)
      if (value < Number.MIN_SAFE_INTEGER) throw refuse('an integer beyond 2^53')
      return value
    }
    case 2:
      return readBytes(readArgument(info))
    case 3:
      return readText(readArgument(info))
    case 4:
      return readList(readArgument(info), depth)
    case 5:
      return readMap(readArgument(info), depth)
    case 6:
      return readCid(head)
    default:
      if (head === 0xf4) return false
      if (head === 0xf5) return true
      if (head === 0xf6) return null
      throw refuse('a float or an unknown simple value')
  }
}

/** The number that follows a head: a length, a count or an integer, in the shortest form that holds it. */
function readArgument(info: number): number {
  if (info < 24) return info
  const size = info < 28 ? 1 << (info - 24) : 0
  if (size === 0) throw refuse('an indefinite length or a reserved head')
  if (size > end - at) throw refuse('it ends early')
  let value = 0
  if (size < 8) {
    for (let i = 0; i < size; i++) value = value * 256 + (source[at++] as number)
    if (value < (size === 1 ? 24 : size === 2 ? 0x100 : 0x10000))
      throw refuse('a number not in its shortest form')
    return value
  }
  for (let i = 0; i < 8; i++) {
    value = value * 256 + (source[at++] as number)
    // Checked on the way: past 2^53 the sum would no longer be exact.
    if (value > Number.MAX_SAFE_INTEGER) throw refuse('an integer beyond 2^53')
  }
  if (value < 0x1_0000_0000) throw refuse('a number not in its shortest form')
  return value
}

function readBytes(length: number): unknown {
  if (length > end - at) throw refuse('it ends early')
  const start = at
  at += length
  if (!asJson) return source.subarray(start, at)
  const text = base64(source, start, at)
  const padding = (3 - (length % 3)) % 3
  return { $bytes: padding === 0 ? text : text.slice(0, -padding) }
}

function readCid(head: number): unknown {
  // d8 2a: tag 42; 58 25: 37 bytes; 00: the multibase prefix of binary.
  if (head !== 0xd8 || source[at] !== 0x2a || end - at < 4 + CID_LENGTH) throw refuse('an unknown tag')
  if (source[at + 1] !== 0x58 || source[at + 2] !== 0x25 || source[at + 3] !== 0 || !isCidAt(source, at + 4))
    throw refuse('a cid that is not blessed')
  const start = at + 4
  at = start + CID_LENGTH
  return asJson ? { $link: cidToString(source, start) } : new Cid(source.subarray(start, at))
}

function readList(count: number, depth: number): unknown[] {
  // Every element takes a byte at least: a count alone must never make us allocate.
  if (count > end - at) throw refuse('it ends early')
  if (depth >= MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`, 'F11')
  const list: unknown[] = []
  for (let i = 0; i < count; i++) list.push(readValue(depth + 1))
  return list
}

function readMap(count: number, depth: number): Record<string, unknown> {
  if (count > end - at) throw refuse('it ends early')
  if (depth >= MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`, 'F11')
  const map: Record<string, unknown> = {}
  let previous = 0
  let previousLength = -1
  for (let i = 0; i < count; i++) {
    if (at >= end) throw refuse('it ends early')
    const head = source[at++] as number
    if (head >> 5 !== 3) throw refuse('a map key that is not text')
    const length = readArgument(head & 31)
    if (length > end - at) throw refuse('it ends early')
    const start = at
    if (length <= previousLength && !follows(previous, previousLength, start, length))
      throw refuse('map keys out of order or twice')
    const key = cachedKey(source, start, length) ?? checkedUtf8(start, start + length)
    at = start + length
    previous = start
    previousLength = length
    const value = key === '$type' ? readType(depth) : readValue(depth + 1)
    if (key === '__proto__')
      Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true })
    else if (key === '$link' || key === '$bytes') throw refuse(`the reserved map key ${key}`)
    else map[key] = value
  }
  return map
}

/** Whether the key at `start` sorts after the one at `previous`: shorter first, then by bytes. */
function follows(previous: number, previousLength: number, start: number, length: number): boolean {
  if (length < previousLength) return false
  for (let i = 0; i < length; i++) {
    const difference = (source[start + i] as number) - (source[previous + i] as number)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** A `$type` is one of few strings, and whoever reads the record compares it at once: share its string. */
function readType(depth: number): unknown {
  const head = at < end ? (source[at] as number) : 0
  if (head >> 5 !== 3) return readValue(depth + 1)
  at++
  const length = readArgument(head & 31)
  if (length > end - at) throw refuse('it ends early')
  const text = cachedKey(source, at, length)
  if (text === undefined) return readText(length)
  at += length
  return text
}

/** Texts up to this length are cheaper to build from char codes than by a call into the runtime. */
const SHORT = 10

function readText(length: number): string {
  const start = at
  const stop = start + length
  if (stop > end) throw refuse('it ends early')
  at = stop
  if (length <= SHORT) {
    let bits = 0
    for (let i = start; i < stop; i++) bits |= source[i] as number
    if (bits < 128) return shortAscii(start, length)
  }
  return checkedUtf8(start, stop)
}

function shortAscii(start: number, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += String.fromCharCode(source[start + i] as number)
  return text
}

function checkedUtf8(start: number, stop: number): string {
  const text = utf8(source, start, stop)
  // Only text that holds U+FFFD can come from broken bytes, so almost none is checked twice.
  if (text.includes('\ufffd') && !isUtf8(source.subarray(start, stop))) throw refuse('text that is not utf-8')
  return text
}
