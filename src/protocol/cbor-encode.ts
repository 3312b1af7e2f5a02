import { UserError } from '../errors.ts'
import { writeUtf8 } from './bytes.ts'
import { CID_LENGTH, Cid, cidFromString, isCidAt } from './cid.ts'

/** One more than the decoder allows would write what it refuses. */
const MAX_DEPTH = 64

/**
 * Encodes a value in atproto's JSON form as strict DRISL: `{ $link }` becomes a CID and `{ $bytes }` a byte
 * string; {@link Cid} and Uint8Array do too. Properties that are undefined are left out, as JSON does.
 * Throws UserError for what the data model has no place for: floats, unsafe integers, lone surrogates,
 * bigint, functions, other class instances, `$link` or `$bytes` beside other keys, nesting over 64.
 */
export function encode(value: unknown): Uint8Array {
  // A property getter may call encode again: the cursor belongs to one call at a time.
  const [outerBuffer, outerAt] = [buffer, at]
  if (busy) buffer = new Uint8Array(1024)
  const outerBusy = busy
  busy = true
  at = 0
  try {
    write(value, 0)
    return buffer.slice(0, at)
  } finally {
    busy = outerBusy
    if (busy) [buffer, at] = [outerBuffer, outerAt]
    else if (buffer.length > KEEP) buffer = new Uint8Array(KEEP)
  }
}

const KEEP = 1 << 16
let buffer = new Uint8Array(KEEP)
let at = 0
let busy = false

function room(size: number): void {
  if (buffer.length - at >= size) return
  const larger = new Uint8Array(Math.max(buffer.length * 2, at + size))
  larger.set(buffer.subarray(0, at))
  buffer = larger
}

const refuse = (what: string) => new UserError(`a value has no place in the atproto data model: ${what}`)

function write(value: unknown, depth: number): void {
  room(9)
  switch (typeof value) {
    case 'string':
      writeText(value)
      return
    case 'number':
      if (!Number.isSafeInteger(value)) throw refuse(`the number ${value} (only integers below 2^53)`)
      if (value < 0) writeHead(0x20, -1 - value)
      else writeHead(0, value)
      return
    case 'boolean':
      buffer[at++] = value ? 0xf5 : 0xf4
      return
    case 'object':
      if (value === null) buffer[at++] = 0xf6
      else writeObject(value, depth)
      return
    default:
      throw refuse(`a ${typeof value}`)
  }
}

/** The shortest head for `type` (0x00, 0x20, … 0xa0) and `value`, which is at least 0. */
function writeHead(type: number, value: number): void {
  room(9)
  if (value < 24) buffer[at++] = type | value
  else if (value < 0x100) {
    buffer[at++] = type | 24
    buffer[at++] = value
  } else if (value < 0x1_0000) {
    buffer[at++] = type | 25
    buffer[at++] = value >> 8
    buffer[at++] = value
  } else if (value < 0x1_0000_0000) {
    buffer[at++] = type | 26
    writeUint32(value)
  } else {
    buffer[at++] = type | 27
    writeUint32(Math.floor(value / 0x1_0000_0000))
    writeUint32(value % 0x1_0000_0000)
  }
}

function writeUint32(value: number): void {
  buffer[at++] = value >>> 24
  buffer[at++] = value >>> 16
  buffer[at++] = value >>> 8
  buffer[at++] = value
}

function writeText(text: string): void {
  if (!text.isWellFormed()) throw refuse('text with a lone surrogate')
  const length = Buffer.byteLength(text)
  writeHead(0x60, length)
  room(length)
  writeUtf8(buffer, text, at, length)
  at += length
}

function writeBytes(bytes: Uint8Array): void {
  writeHead(0x40, bytes.length)
  room(bytes.length)
  buffer.set(bytes, at)
  at += bytes.length
}

function writeCid(bytes: Uint8Array): void {
  if (bytes.length !== CID_LENGTH || !isCidAt(bytes, 0)) throw refuse('a cid that is not blessed')
  room(41)
  buffer.set([0xd8, 0x2a, 0x58, 0x25, 0], at)
  buffer.set(bytes, at + 5)
  at += 41
}

function writeObject(value: object, depth: number): void {
  if (value instanceof Cid) writeCid(value.bytes)
  else if (value instanceof Uint8Array) writeBytes(value)
  else if (depth >= MAX_DEPTH) throw refuse(`nesting deeper than ${MAX_DEPTH} (or a cycle)`)
  else if (Array.isArray(value)) writeList(value, depth)
  else if (isPlain(value)) writeMap(value, depth)
  else throw refuse('an instance of a class')
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function writeList(list: readonly unknown[], depth: number): void {
  writeHead(0x80, list.length)
  // By index: a hole in a list is undefined and must be refused, not skipped.
  for (let i = 0; i < list.length; i++) write(list[i], depth + 1)
}

function writeMap(map: Record<string, unknown>, depth: number): void {
  const keys = Object.keys(map).filter((key) => map[key] !== undefined)
  const special = keys.find((key) => key === '$link' || key === '$bytes')
  if (special !== undefined) {
    const text = map[special]
    if (keys.length > 1 || typeof text !== 'string')
      throw refuse(`${special} that is not text alone in its object`)
    if (special === '$link') writeLink(text)
    else writeBytes(bytesOf(text))
    return
  }
  keys.sort(byCborOrder)
  writeHead(0xa0, keys.length)
  for (const key of keys) {
    writeText(key)
    write(map[key], depth + 1)
  }
}

function writeLink(text: string): void {
  try {
    writeCid(cidFromString(text))
  } catch {
    throw refuse(`a $link that is not a blessed cid (${text.slice(0, 80)})`)
  }
}

/** Base64 as the data model allows it: standard alphabet, padding optional, no stray bits. */
function bytesOf(text: string): Uint8Array {
  const bare = text.replace(/={1,2}$/, '')
  const bytes = Buffer.from(bare, 'base64')
  const again = bytes.toString('base64')
  if (again !== text && again.replace(/=+$/, '') !== text) throw refuse('$bytes that is not base64')
  return bytes
}

/** Shorter keys first, then by their UTF-8 bytes (which for surrogates is not the order of UTF-16). */
function byCborOrder(a: string, b: string): number {
  const difference = Buffer.byteLength(a) - Buffer.byteLength(b)
  return difference !== 0 ? difference : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
