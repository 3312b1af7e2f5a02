import { describe, expect, test } from 'vitest'
import {
  commitBlock,
  DID,
  fixture,
  fixtureJson,
  hasFixture,
  KEY,
  REV,
} from '../../test/support/repo-bytes.ts'
import { parseCar } from './car.ts'
import { decode, encode } from './cbor.ts'
import { Cid, cidForBlock, digestOfCid } from './cid.ts'
import { decodeCommit, withoutSig } from './commit.ts'
import { parseKey } from './key.ts'
import { EMPTY_ROOT } from './mst.ts'
import { verifySignature } from './signature.ts'

const reencoded = (block: Uint8Array) => {
  const { sig: _, ...rest } = decode(block) as Record<string, unknown>
  return encode(rest)
}

test('a commit is decoded, and what it signs is the block without sig', () => {
  const block = commitBlock(EMPTY_ROOT)
  const commit = decodeCommit(block)
  expect(commit).toMatchObject({ did: DID, version: 3, rev: REV, prev: null })
  expect(Buffer.from(commit.data)).toEqual(Buffer.from(EMPTY_ROOT))
  expect(commit.signedBytes).toEqual(reencoded(block))
  expect(verifySignature(parseKey(KEY.didKey), commit.signedBytes, commit.sig)).toBe(true)
})

test('cutting sig out equals encoding without it, wherever it stands among unknown fields', () => {
  for (const extra of [
    { a: 1 },
    { zz: [1, { b: 'x' }] },
    { sih: 1 },
    { sif: null },
    { aaaaaaaaa: { sig: 1 } },
    { 's\u00e9': 'ü' },
  ]) {
    const block = commitBlock(EMPTY_ROOT, extra)
    expect(withoutSig(block)).toEqual(reencoded(block))
    expect(
      verifySignature(parseKey(KEY.didKey), decodeCommit(block).signedBytes, decodeCommit(block).sig),
    ).toBe(true)
  }
})

test('B8: every field must be what it should', () => {
  const raw = new Cid(cidForBlock(Uint8Array.of(1), 0x55))
  const wrong: Record<string, unknown>[] = [
    { did: 'nobody' },
    { did: undefined },
    { did: 7 },
    { version: 2 },
    { version: '3' },
    { version: undefined },
    { data: null },
    { data: undefined },
    { data: raw },
    { data: EMPTY_ROOT },
    { rev: 'abc' },
    { rev: undefined },
    { prev: undefined },
    { prev: 'x' },
    { prev: raw },
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`field${i}`, i])),
  ]
  for (const fields of wrong)
    expect(() => decodeCommit(commitBlock(EMPTY_ROOT, fields)), JSON.stringify(fields)).toThrow(
      expect.objectContaining({ rule: 'B8' }),
    )
  const { sig: _, ...unsigned } = decode(commitBlock(EMPTY_ROOT)) as Record<string, unknown>
  for (const block of [
    encode(unsigned),
    encode({ ...unsigned, sig: 'text' }),
    encode([]),
    encode(null),
    encode(new Cid(EMPTY_ROOT)),
    new Uint8Array(0),
    encode(Uint8Array.of(1)),
  ])
    expect(() => decodeCommit(block)).toThrow(expect.objectContaining({ rule: 'B8' }))
})

test('a commit may name the one before', () => {
  const prev = new Cid(EMPTY_ROOT)
  expect(Buffer.from(decodeCommit(commitBlock(EMPTY_ROOT, { prev })).prev ?? [])).toEqual(
    Buffer.from(EMPTY_ROOT),
  )
})

describe.skipIf(!hasFixture('indigo'))('real commits', () => {
  test('the commits of real hosts decode, and cutting equals encoding', () => {
    for (const seq of [4621317030, 4621317332, 4621332152, 4623075231]) {
      const event = fixtureJson<{ repo: string; rev: string; blocks: { $bytes: string } }>(
        `indigo/firehose_commit_${seq}.json`,
      )
      const { root, blocks } = parseCar(Buffer.from(event.blocks.$bytes, 'base64'))
      const block = blocks.get(digestOfCid(root)) as Uint8Array
      const commit = decodeCommit(block)
      expect(commit).toMatchObject({ did: event.repo, rev: event.rev })
      expect(commit.signedBytes).toEqual(reencoded(block))
    }
  })

  test('F3: a repo of version 2 is refused', () => {
    const { root, blocks } = parseCar(fixture('indigo/fakermaker.repo.car'))
    expect(() => decodeCommit(blocks.get(digestOfCid(root)) as Uint8Array)).toThrow(
      /version is not 3; version=2/,
    )
  })
})
