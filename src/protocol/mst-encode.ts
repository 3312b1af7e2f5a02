import { writeLatin1 } from './bytes.ts'
import { cidForBlock, type Digest, digestOf } from './cid.ts'
import { commonPrefix } from './mst-key.ts'

/** What a node is made of: sorted keys, their records, and one subtree more than keys (the first is `l`). */
export interface NodeParts {
  readonly keys: readonly string[]
  readonly values: readonly Link[]
  readonly trees: readonly (Link | null)[]
  /** What links that are numbers point into. */
  readonly source?: Uint8Array
}

/** Where a node points to: a digest, or the offset of a CID in a node that was parsed. */
export type Link = Digest | number

let scratch = new Uint8Array(1 << 14)
const NOTHING = new Uint8Array(0)
const LINK = Uint8Array.of(0xd8, 0x2a, 0x58, 0x25, 0, 1, 0x71, 0x12, 0x20)

/** The one encoding of a node. */
export const encodeNode = (parts: NodeParts): Uint8Array => writeNode(parts).slice()

/** The digest of a node's encoding. */
export const nodeDigest = (parts: NodeParts): Digest => digestOf(writeNode(parts))

/** The result is a view of the scratch buffer: good until the next call. */
function writeNode({ keys, values, trees, source = NOTHING }: NodeParts): Uint8Array {
  let size = 64
  for (const key of keys) size += key.length + 112
  if (scratch.length < size) scratch = new Uint8Array(size * 2)
  const out = scratch
  out[0] = 0xa2
  let at = head(out, field(out, 1, 0x65), 0x80, keys.length)
  let previous = ''
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    const prefix = commonPrefix(previous, key)
    out[at++] = 0xa4
    at = head(out, field(out, at, 0x6b), 0x40, key.length - prefix)
    for (let n = prefix; n < key.length; n++) out[at++] = key.charCodeAt(n)
    at = head(out, field(out, at, 0x70), 0, prefix)
    at = link(out, field(out, at, 0x74), trees[i + 1] ?? null, source)
    at = link(out, field(out, at, 0x76), values[i] as Link, source)
    previous = key
  }
  at = link(out, field(out, at, 0x6c), trees[0] ?? null, source)
  return out.subarray(0, at)
}

function field(out: Uint8Array, at: number, code: number): number {
  out[at] = 0x61
  out[at + 1] = code
  return at + 2
}

function head(out: Uint8Array, at: number, type: number, value: number): number {
  if (value < 24) {
    out[at] = type | value
    return at + 1
  }
  if (value < 256) {
    out[at] = type | 24
    out[at + 1] = value
    return at + 2
  }
  out[at] = type | 25
  out[at + 1] = value >> 8
  out[at + 2] = value
  return at + 3
}

function link(out: Uint8Array, at: number, target: Link | null, source: Uint8Array): number {
  if (target === null) {
    out[at] = 0xf6
    return at + 1
  }
  for (let i = 0; i < LINK.length; i++) out[at + i] = LINK[i] as number
  const to = at + LINK.length
  if (typeof target === 'string') writeLatin1(out, target, to)
  else for (let i = 0; i < 32; i++) out[to + i] = source[target + 4 + i] as number
  return to + 32
}

/** The node of an empty repo. */
export const EMPTY_NODE: Uint8Array = encodeNode({ keys: [], values: [], trees: [null] })
/** Its CID, the `data` of an empty repo. */
export const EMPTY_ROOT: Uint8Array = cidForBlock(EMPTY_NODE)
