import { fromString, toString as textOf } from '@atcute/cid'
import { expect, test } from 'vitest'
import { randomOf } from '../../test/support/repo-bytes.ts'
import {
  cidEquals,
  cidForBlock,
  cidFromString,
  cidOfDigest,
  cidToString,
  digestEquals,
  digestOf,
  digestOfCid,
} from './cid.ts'

const random = randomOf(1)
const blocks = Array.from({ length: 200 }, (_, i) => Uint8Array.from({ length: i }, () => random() * 256))

test('text and bytes of a CID agree with @atcute/cid in both directions', () => {
  for (const block of blocks)
    for (const codec of [0x71, 0x55] as const) {
      const cid = cidForBlock(block, codec)
      const text = cidToString(cid)
      expect(text).toBe(textOf({ bytes: cid } as never))
      expect(cidFromString(text)).toEqual(cid)
      expect(fromString(text).bytes).toEqual(cid)
    }
})

test('a CID is read in the middle of other bytes', () => {
  const cid = cidForBlock(Uint8Array.of(1))
  const padded = Uint8Array.of(9, 9, 9, ...cid, 9)
  expect(cidToString(padded, 3)).toBe(cidToString(cid))
  expect(digestOfCid(padded, 3)).toBe(digestOf(Uint8Array.of(1)))
  expect(digestEquals(digestOfCid(cid), padded, 3)).toBe(true)
  expect(digestEquals(digestOfCid(cid), padded, 2)).toBe(false)
  expect(cidEquals(cidOfDigest(digestOf(Uint8Array.of(1))), cid)).toBe(true)
})

test('B7: only the one spelling of a blessed CID is taken', () => {
  const good = cidToString(cidForBlock(Uint8Array.of(1)))
  const refused = [
    '',
    good.slice(0, -1),
    `${good}a`,
    good.toUpperCase(),
    `z${good.slice(1)}`,
    `${good.slice(0, -1)}${good.endsWith('b') ? 'c' : 'b'}`, // stray bits at the end
    `${good.slice(0, 20)}1${good.slice(21)}`,
    `${good.slice(0, 20)}é${good.slice(21)}`,
    'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', // dag-pb
    'bafkr4ic7nbq2qrnm4qrqxpwpnzxnxbl4bpvq2j4h5qsm7ikgwb4vmjrdjm', // blake3
    'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG',
  ]
  for (const text of refused) expect(() => cidFromString(text), text).toThrow(/not a blessed cid/)
})

test('each letter of a CID matters', () => {
  const good = cidToString(cidForBlock(Uint8Array.of(1)))
  const bytes = cidFromString(good)
  for (let i = 0; i < good.length; i++) {
    const text = `${good.slice(0, i)}${good[i] === 'a' ? 'b' : 'a'}${good.slice(i + 1)}`
    let other: Uint8Array | null = null
    try {
      other = cidFromString(text)
    } catch {}
    if (other !== null) expect(cidEquals(other, bytes)).toBe(false)
  }
})
