import { InvalidError } from '../errors.ts'
import { decode } from './cbor.ts'
import { CID_LENGTH, Cid, DAG_CBOR, type Digest, digestEquals, digestOf, isCidAt } from './cid.ts'

/** Blocks by the digest we computed. The values are views of the CAR. */
export type BlockMap = Map<Digest, Uint8Array>

/** Longest CAR section we take: a record is at most 1 MiB (B4), so twice that is somebody's mistake. */
export const MAX_SECTION: number = 1 << 21

const refuse = (rule: string, what: string, at: number) =>
  new InvalidError(rule, `malformed car: ${what}; at=${at}`)

/** The varint at `at`, or -1 when the bytes end inside it. Refuses spellings that are not the shortest. */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0
  for (let i = at, scale = 1; i < end; i++, scale *= 128) {
    const byte = bytes[i] as number
    value += (byte & 127) * scale
    if (value > MAX_SECTION) throw refuse('B6', `a section longer than ${MAX_SECTION} bytes`, at)
    if (byte < 128) {
      if (byte === 0 && i > at) throw refuse('B6', 'a length not in its shortest form', at)
      return value
    }
    if (i - at === 3) throw refuse('B6', 'an endless length', at)
  }
  return -1
}

/** How many bytes the varint of `value` takes. */
export const varintSize = (value: number): number =>
  value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4

/** `{ roots: [<dag-cbor CID>], version: 1 }`, the header everybody writes, around the CID. */
const BEFORE_ROOT = Buffer.from('a265726f6f747381d82a582500', 'hex')
const AFTER_ROOT = Buffer.from('6776657273696f6e01', 'hex')
const USUAL_LENGTH = BEFORE_ROOT.length + CID_LENGTH + AFTER_ROOT.length

/** The first root of a CAR header, which is version 1 (B6). */
export function readHeader(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const root = start + BEFORE_ROOT.length
  if (
    end - start === USUAL_LENGTH &&
    matches(BEFORE_ROOT, bytes, start) &&
    matches(AFTER_ROOT, bytes, root + CID_LENGTH) &&
    isCidAt(bytes, root) &&
    bytes[root + 1] === DAG_CBOR
  )
    return bytes.subarray(root, root + CID_LENGTH)
  return readUnusual(bytes, start, end)
}

function matches(part: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false
  return true
}

function readUnusual(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let header: unknown
  try {
    header = decode(bytes, start, end)
  } catch (cause) {
    throw new InvalidError('B6', `malformed car: its header is not dag-cbor; at=${start}`, { cause })
  }
  const { version, roots } = (header ?? {}) as { version?: unknown; roots?: unknown }
  if (version !== 1 || !Array.isArray(roots)) throw refuse('B6', 'its header is not that of version 1', start)
  const root: unknown = roots[0]
  if (!(root instanceof Cid) || root.bytes[1] !== DAG_CBOR)
    throw refuse('B6', 'its first root is not a dag-cbor cid', start)
  return root.bytes
}

/**
 * Checks the section `bytes[start, end)` of a CAR, a CID and its block (B7): the prefix is that of a blessed
 * CID and the block hashes to its digest. Returns the digest; the block begins at `start + 36`.
 */
export function checkSection(bytes: Uint8Array, start: number, end: number, block: Uint8Array): Digest {
  if (end - start <= CID_LENGTH) throw refuse('B7', 'a section without a block', start)
  if (!isCidAt(bytes, start)) throw refuse('B7', 'a cid that is not blessed', start)
  const digest = digestOf(block)
  if (!digestEquals(digest, bytes, start)) throw refuse('B7', 'a block that does not hash to its cid', start)
  return digest
}

/**
 * Parses the CAR of a commit or sync message, which is small: every block is hashed (B6, B7). Blocks that
 * are not dag-cbor are checked and left out, for nothing in a repo refers to them.
 */
export function parseCar(bytes: Uint8Array): { root: Uint8Array; blocks: BlockMap } {
  let root: Uint8Array | null = null
  const blocks: BlockMap = new Map()
  let at = 0
  while (at < bytes.length) {
    const length = readVarint(bytes, at, bytes.length)
    const start = at + varintSize(length)
    const end = start + length
    if (length <= 0 || end > bytes.length) throw refuse('B6', 'it ends early', at)
    if (root === null) root = readHeader(bytes, start, end)
    else {
      const block = bytes.subarray(start + CID_LENGTH, Math.max(end, start + CID_LENGTH))
      const digest = checkSection(bytes, start, end, block)
      if (bytes[start + 1] === DAG_CBOR) blocks.set(digest, block)
    }
    at = end
  }
  if (root === null) throw refuse('B6', 'it is empty', 0)
  return { root, blocks }
}
