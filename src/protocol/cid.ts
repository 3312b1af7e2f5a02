import { hash } from 'node:crypto'
import { InvalidError } from '../errors.ts'
import { bytesEqual, latin1, writeLatin1 } from './bytes.ts'

/**
 * Blessed CIDs only (B7, H1): version 1, dag-cbor or raw, sha-256. They are 36 bytes
 * (`01 codec 12 20 digest`) and are compared as bytes; the base32 text is made late.
 */
export const CID_LENGTH = 36
/** Codec of repo blocks: commits, MST nodes, records. */
export const DAG_CBOR = 0x71
/** Codec of blobs. */
export const RAW = 0x55

/**
 * The sha-256 of a block as a 32-character latin1 string: the cheapest map key there is, and the cheapest
 * output form of `crypto.hash`.
 */
export type Digest = string

/** The digest of `block`, in the form maps are keyed by. */
export const digestOf = (block: Uint8Array): Digest => hash('sha256', block, 'latin1')

/** The digest inside a CID, in the same form as {@link digestOf}. */
export const digestOfCid = (cid: Uint8Array, offset = 0): Digest => latin1(cid, offset + 4, offset + 36)

/** Whether the CID at `offset` has this digest; cheaper than cutting its own out. */
export function digestEquals(digest: Digest, cid: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 32; i++) if (digest.charCodeAt(i) !== cid[offset + 4 + i]) return false
  return true
}

/** The 36 bytes of the CID with this digest. */
export function cidOfDigest(digest: Digest, codec: 0x71 | 0x55 = DAG_CBOR): Uint8Array {
  const cid = new Uint8Array(CID_LENGTH)
  cid[0] = 1
  cid[1] = codec
  cid[2] = 0x12
  cid[3] = 0x20
  writeLatin1(cid, digest, 4)
  return cid
}

/** The CID of a block: dag-cbor unless told otherwise. */
export const cidForBlock = (block: Uint8Array, codec: 0x71 | 0x55 = DAG_CBOR): Uint8Array =>
  cidOfDigest(digestOf(block), codec)

export const cidEquals = (a: Uint8Array, b: Uint8Array): boolean => bytesEqual(a, b)

/** Whether a blessed CID starts at `offset`. Says nothing about what follows it. */
export const isCidAt = (bytes: Uint8Array, offset: number): boolean =>
  bytes.length - offset >= CID_LENGTH &&
  bytes[offset] === 1 &&
  (bytes[offset + 1] === DAG_CBOR || bytes[offset + 1] === RAW) &&
  bytes[offset + 2] === 0x12 &&
  bytes[offset + 3] === 0x20

/** A CID inside a decoded value: a view of 36 bytes of its source. */
export class Cid {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
  get $link(): string {
    return cidToString(this.bytes)
  }
  toJSON(): { $link: string } {
    return { $link: this.$link }
  }
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const TEXT_LENGTH = 59
const LETTERS = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0))
/** Two letters for every ten bits, in memory order, so that one 16-bit store writes both. */
const PAIRS = new Uint16Array(1024)
new Uint8Array(PAIRS.buffer).set(
  Uint8Array.from({ length: 2048 }, (_, i) => LETTERS[i % 2 === 0 ? i >> 6 : (i >> 1) & 31] as number),
)
// 'b' stands at byte 1, so the 58 digits after it begin on a 16-bit boundary.
const scratch = Buffer.alloc(TEXT_LENGTH + 1)
scratch[1] = 0x62
const halves = new Uint16Array(scratch.buffer, scratch.byteOffset, scratch.length / 2)

/** Base32 text (`bafyrei…`) of the CID at `offset`. The bytes must hold 36 bytes from there. */
export function cidToString(bytes: Uint8Array, offset = 0): string {
  let half = 1
  const end = offset + 35
  for (let i = offset; i < end; i += 5) {
    const b0 = bytes[i] as number
    const b1 = bytes[i + 1] as number
    const b2 = bytes[i + 2] as number
    const b3 = bytes[i + 3] as number
    const b4 = bytes[i + 4] as number
    halves[half] = PAIRS[(b0 << 2) | (b1 >> 6)] as number
    halves[half + 1] = PAIRS[((b1 & 63) << 4) | (b2 >> 4)] as number
    halves[half + 2] = PAIRS[((b2 & 15) << 6) | (b3 >> 2)] as number
    halves[half + 3] = PAIRS[((b3 & 3) << 8) | b4] as number
    half += 4
  }
  halves[half] = PAIRS[(bytes[end] as number) << 2] as number
  return latin1(scratch, 1, TEXT_LENGTH + 1)
}

const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < 32; i++) VALUES[LETTERS[i] as number] = i

/** Parses base32 text. Throws InvalidError('B7') for anything but the one spelling of a blessed CID. */
export function cidFromString(text: string): Uint8Array {
  if (text.length !== TEXT_LENGTH || text.charCodeAt(0) !== 0x62) throw notBlessed(text)
  const cid = new Uint8Array(CID_LENGTH)
  let bits = 0
  let held = 0
  let at = 0
  for (let i = 1; i < TEXT_LENGTH; i++) {
    const code = text.charCodeAt(i)
    const value = code < 128 ? (VALUES[code] as number) : -1
    if (value < 0) throw notBlessed(text)
    bits = ((bits << 5) | value) & 0xfff
    held += 5
    if (held >= 8) {
      held -= 8
      cid[at++] = bits >> held
    }
  }
  // 58 digits are 290 bits: the two left over must be zero, or one CID would have four spellings.
  if ((bits & 3) !== 0 || !isCidAt(cid, 0)) throw notBlessed(text)
  return cid
}

const notBlessed = (text: string) =>
  new InvalidError('B7', `not a blessed cid (v1, base32, dag-cbor or raw, sha-256); cid=${text.slice(0, 80)}`)
