import { InvalidError } from '../errors.ts'
import { latin1 } from './bytes.ts'
import { isCidAt } from './cid.ts'

export { buildTree } from './mst-build.ts'
export { EMPTY_NODE, EMPTY_ROOT, encodeNode } from './mst-encode.ts'
export { commonPrefix, keyDepth } from './mst-key.ts'

/** Statistically out of reach: at fanout 4 a node of 1,000 keys is one in 10^125 (B14). */
const MAX_ENTRIES = 10_000
/** Bytes: the map, four letters, a suffix of one, a prefix, null, and a link. */
const LEAST_ENTRY = 54
/** Longest repo path: collection 317, slash, record key 512 (B14). */
const MAX_KEY = 830

/**
 * One node of the Merkle search tree. Keys are repo paths; CIDs are not cut out but pointed at: offsets into
 * the bytes the node was parsed from, 0 for no subtree.
 */
export interface MstNode {
  readonly keys: string[]
  readonly values: number[]
  /** `trees[i]` stands between key i and key i+1. */
  readonly trees: number[]
  /** The subtree before the first key. */
  readonly left: number
}

const refuse = (what: string) => new InvalidError('B14', `malformed mst node: ${what}`)

let cursor = 0

/** A CBOR head of the wanted type, with at most 16 bits of argument, in its shortest form. */
function argument(bytes: Uint8Array, end: number, type: number): number {
  const head = bytes[cursor++] as number
  if (head >> 5 !== type) throw refuse('an unexpected cbor type')
  const info = head & 31
  if (info < 24) return info
  if (info === 24 && cursor < end) {
    const value = bytes[cursor++] as number
    if (value >= 24) return value
  } else if (info === 25 && cursor + 1 < end) {
    const value = ((bytes[cursor] as number) << 8) | (bytes[cursor + 1] as number)
    cursor += 2
    if (value >= 256) return value
  }
  throw refuse('a bad length')
}

/** A one-letter map key. */
function letter(bytes: Uint8Array, code: number): void {
  if (bytes[cursor] !== 0x61 || bytes[cursor + 1] !== code) throw refuse('an unexpected field')
  cursor += 2
}

/** The offset of a CID, or 0 for null where that is allowed. Nodes and records are dag-cbor, never raw. */
function link(bytes: Uint8Array, end: number, nullable: boolean): number {
  if (nullable && bytes[cursor] === 0xf6) {
    cursor++
    return 0
  }
  const at = cursor + 5
  if (
    at + 36 > end ||
    bytes[cursor] !== 0xd8 ||
    bytes[cursor + 1] !== 0x2a ||
    bytes[cursor + 2] !== 0x58 ||
    bytes[cursor + 3] !== 0x25 ||
    bytes[cursor + 4] !== 0 ||
    !isCidAt(bytes, at) ||
    bytes[at + 1] !== 0x71
  )
    throw refuse('a link that is not a dag-cbor cid')
  cursor = at + 36
  return at
}

/**
 * Parses the one shape a node has: `{ e: [{ k, p, t, v }], l }`. Checks CBOR strictness, printable ASCII
 * keys in strict order, and that prefixes are as long as they can be (B14). Layer, range and emptiness are
 * the caller's, who knows the node's place.
 */
export function parseNode(bytes: Uint8Array, start = 0, end: number = bytes.length): MstNode {
  cursor = start
  if (end > bytes.length || end - start < 6 || bytes[cursor++] !== 0xa2)
    throw refuse('not a map of two fields')
  letter(bytes, 0x65)
  const count = argument(bytes, end, 4)
  if (count > MAX_ENTRIES) throw refuse(`more than ${MAX_ENTRIES} entries`)
  // A count alone must never make us allocate.
  if (count * LEAST_ENTRY > end - cursor) throw refuse('it ends early')
  const keys = new Array<string>(count)
  const values = new Array<number>(count)
  const trees = new Array<number>(count)
  let before = 0
  for (let i = 0; i < count; i++) {
    if (bytes[cursor++] !== 0xa4) throw refuse('an entry that is not a map of four fields')
    letter(bytes, 0x6b)
    const length = argument(bytes, end, 2)
    const suffix = cursor
    cursor += length
    if (cursor > end) throw refuse('it ends early')
    letter(bytes, 0x70)
    const prefix = argument(bytes, end, 0)
    const key = join(before, prefix, bytes, suffix, length)
    letter(bytes, 0x74)
    trees[i] = link(bytes, end, true)
    letter(bytes, 0x76)
    values[i] = link(bytes, end, false)
    keys[i] = key
    before = key.length
  }
  letter(bytes, 0x6c)
  const left = link(bytes, end, true)
  if (cursor !== end) throw refuse('bytes after the node')
  return { keys, values, trees, left }
}

/** The key before, as bytes: the next one shares its beginning. */
const letters = Buffer.alloc(MAX_KEY)

/**
 * The key made of `prefix` letters of the one before, which has `before`, and a suffix. The first suffix byte decides:
 * greater than what it replaces is strict order, equal would be a prefix too short.
 */
function join(before: number, prefix: number, bytes: Uint8Array, suffix: number, length: number): string {
  if (length === 0) throw refuse('an empty key or a key twice')
  if (prefix + length > MAX_KEY) throw refuse(`a key longer than ${MAX_KEY}`)
  if (prefix > before) throw refuse('a prefix longer than the key before')
  if (prefix < before) {
    const difference = (bytes[suffix] as number) - (letters[prefix] as number)
    if (difference === 0) throw refuse('a prefix not as long as it can be')
    if (difference < 0) throw refuse('keys out of order')
  }
  for (let i = 0; i < length; i++) {
    const byte = bytes[suffix + i] as number
    if (byte < 0x21 || byte > 0x7e) throw refuse('a key that is not printable ascii')
    letters[prefix + i] = byte
  }
  return latin1(letters, 0, prefix + length)
}
