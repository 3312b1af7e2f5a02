import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { Random } from '../../test/support/random.ts'
import { isAnyCid, isBlessedCid } from './cid.ts'

const BASES = ['b', 'k', 'z'] as const
const ALPHABET = {
  b: 'abcdefghijklmnopqrstuvwxyz234567',
  k: '0123456789abcdefghijklmnopqrstuvwxyz',
  z: '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz',
}

/** Digits of big-endian bytes in another base. */
function digits(bytes: Uint8Array, alphabet: string): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; value > 0n; value /= BigInt(alphabet.length))
    text = alphabet[Number(value % BigInt(alphabet.length))] + text
  return (alphabet[0] as string).repeat([...bytes].findIndex((byte) => byte !== 0)) + text
}

function base32(bytes: Uint8Array): string {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  while (bits.length % 5 !== 0) bits += '0'
  return (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET.b[Number.parseInt(five, 2)]).join('')
}

const encode = (base: (typeof BASES)[number], bytes: Uint8Array) =>
  base + (base === 'b' ? base32(bytes) : digits(bytes, ALPHABET[base]))
const reference = (text: string): boolean => {
  try {
    CID.parse(text)
    return text.length <= 128
  } catch {
    return false
  }
}

test('CIDs in every base the reference reads are read as it reads them, also with a byte or a letter wrong', () => {
  const random = new Random(Number(process.env.SEED ?? 1))
  let right = 0
  for (let i = 0; i < 4000; i++) {
    const length = random.pick([0, 4, 20, 32, 64])
    const digest = Array.from({ length }, () => random.int(0, 255))
    const codec = random.pick([[0x55], [0x71], [0x70], [0x80, 0x01], [0xed, 0x01]])
    const bytes = Uint8Array.from([1, ...codec, random.pick([0x12, 0x00, 0x13]), length, ...digest])
    if (random.chance(0.3)) bytes[random.int(0, Math.min(6, bytes.length - 1))] = random.int(0, 255)
    const base = random.pick(BASES)
    let text = encode(
      base,
      random.chance(0.2) ? bytes.slice(0, -1) : random.chance(0.2) ? Uint8Array.from([...bytes, 7]) : bytes,
    )
    if (random.chance(0.2)) text = text.slice(0, random.int(1, text.length))
    if (random.chance(0.2)) text += random.pick([...ALPHABET[base]])
    // Deliberate: no CID is shorter than eight characters, see docs/validation.md.
    if (text.length < 8) continue
    right += reference(text) ? 1 : 0
    expect([text, isAnyCid(text, true)]).toEqual([text, reference(text)])
  }
  expect(right).toBeGreaterThan(500)
})

test('version 0 is accepted only where asked for', () => {
  const v0 = 'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR'
  expect([
    isAnyCid(v0, true),
    isAnyCid(v0, false),
    isAnyCid(`${v0}x`, true),
    isAnyCid(v0.slice(0, -1), true),
  ]).toEqual([true, false, false, false])
})

test('a blessed CID is version 1, dag-cbor or raw, sha-256, and every other text of its length is none', () => {
  const random = new Random(2)
  for (let i = 0; i < 2000; i++) {
    const digest = Array.from({ length: 32 }, () => random.int(0, 255))
    const codec = random.pick([0x55, 0x71, 0x70])
    const text = encode('b', Uint8Array.from([1, codec, 0x12, 0x20, ...digest]))
    expect([text, isBlessedCid(text)]).toEqual([text, codec !== 0x70])
    const at = random.int(0, 58)
    const other = text.slice(0, at) + random.pick([...'018AZ-é\u0161', ...ALPHABET.b]) + text.slice(at + 1)
    const parsed = reference(other) && /^baf[yk]rei[a-z2-7]{52}$/.test(other)
    expect([other, isBlessedCid(other)]).toEqual([other, parsed])
  }
})
