import { bytes, copy, words, wordsOf } from '../protocol/scratch.ts'
import { isBase32 } from '../protocol/syntax.ts'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

const [YREI, KREI] = wordsOf('yreikrei') as [number, number]
// Letters carry five bits. The digest's last byte ends in the last letter, whose two lowest bits are zero.
const LAST = new Uint8Array(256)
for (let digit = 0; digit < 32; digit += 4) LAST[BASE32.charCodeAt(digit)] = 1

/**
 * The CIDs the data model allows, as text: version 1, dag-cbor or raw, sha-256, base32. 59 characters that
 * start `bafyrei` or `bafkrei`, put where the first letter of the digest begins a word.
 */
export function isBlessedCid(s: string): boolean {
  if (s.length !== 59) return false
  copy(s, 1)
  const first = bytes[8] as number
  const kind = words[1]
  return (
    bytes[1] === 98 &&
    bytes[2] === 97 &&
    bytes[3] === 102 &&
    (kind === YREI || kind === KREI) &&
    // It begins with two bits of the digest's length: a to h.
    first <= 104 &&
    first >= 97 &&
    isBase32(4, 30) &&
    LAST[bytes[59] as number] === 1
  )
}

/**
 * A CID of any codec and hash in one of the bases the reference reads (base32, base36, base58), whose digest
 * is as long as it says; `v0` also accepts `Qm…`. At most 128 characters, so no base takes long to decode.
 */
export function isAnyCid(s: string, v0: boolean): boolean {
  if (isBlessedCid(s)) return true
  if (s.length < 8 || s.length > 128) return false
  const bytes = decode(s)
  if (bytes === null) return false
  if (s.startsWith('Q')) return v0 && bytes.length === 34 && bytes[0] === 0x12 && bytes[1] === 0x20
  let offset = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; offset < bytes.length && shift < 49; shift += 7) {
      const byte = bytes[offset++] as number
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return -1
  }
  if (varint() !== 1 || varint() < 0 || varint() < 0) return false
  const length = varint()
  return length >= 0 && bytes.length === offset + length
}

function decode(s: string): Uint8Array | null {
  switch (s[0]) {
    case 'b':
      return decodeBits(s)
    case 'k':
      return decodeNumber(s, 1, BASE36)
    case 'z':
      return decodeNumber(s, 1, BASE58)
    case 'Q':
      return decodeNumber(s, 0, BASE58)
    default:
      return null
  }
}

function decodeBits(s: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor(((s.length - 1) * 5) / 8))
  let buffer = 0
  let bits = 0
  let length = 0
  for (let i = 1; i < s.length; i++) {
    const digit = BASE32.indexOf(s.charAt(i))
    if (digit < 0) return null
    buffer = ((buffer << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[length++] = (buffer >> bits) & 0xff
    }
  }
  // What is left over must be less than a letter, and zero.
  return bits >= 5 || (buffer & ((1 << bits) - 1)) !== 0 ? null : bytes
}

/** A big number in another base; leading zero digits are zero bytes. Quadratic, hence the bound above. */
function decodeNumber(s: string, from: number, alphabet: string): Uint8Array | null {
  const base = alphabet.length
  const bytes: number[] = []
  let zeros = 0
  for (let i = from; i < s.length; i++) {
    let carry = alphabet.indexOf(s.charAt(i))
    if (carry < 0) return null
    if (carry === 0 && bytes.length === 0) zeros++
    for (let j = 0; j < bytes.length; j++) {
      carry += (bytes[j] as number) * base
      bytes[j] = carry & 0xff
      carry >>= 8
    }
    while (carry > 0) {
      bytes.push(carry & 0xff)
      carry >>= 8
    }
  }
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()])
}
