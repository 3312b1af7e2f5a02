import { readCarWithRoot } from '@atproto/repo'
import { expect, test } from 'vitest'
import { carOf, carPieces, repoOf, section, varint } from '../../test/support/repo-bytes.ts'
import { parseCar, readVarint, varintSize } from './car.ts'
import { CarFramer } from './car-framer.ts'
import { encode } from './cbor.ts'
import { Cid, cidForBlock, cidToString, digestOfCid } from './cid.ts'

const repo = repoOf(
  Array.from({ length: 30 }, (_, i) => [`com.example.a/${i}`, { i, text: 'x'.repeat(i * 20) }] as const),
)
const rule = (id: string) => expect.objectContaining({ rule: id })

test('B6: root and blocks agree with @atproto/repo, and blocks are views', async () => {
  const theirs = await readCarWithRoot(repo.car)
  const { root, blocks } = parseCar(repo.car)
  expect(cidToString(root)).toBe(theirs.root.toString())
  expect(blocks.size).toBe(theirs.blocks.size)
  for (const [cid, block] of repo.blocks) {
    expect(Buffer.from(blocks.get(digestOfCid(cid)) as Uint8Array)).toEqual(Buffer.from(block))
    expect(blocks.get(digestOfCid(cid))?.buffer).toBe(repo.car.buffer)
  }
})

test('B6: duplicates, extra blocks and any order are tolerated; blobs are left out', () => {
  const raw = [cidForBlock(Buffer.from('blob'), 0x55), Buffer.from('blob')] as const
  const extra = section(encode({ extra: true }))
  const { blocks } = parseCar(carOf(repo.root, [...repo.blocks.toReversed(), ...repo.blocks, extra, raw]))
  expect(blocks.size).toBe(repo.blocks.length + 1)
  expect(blocks.has(digestOfCid(raw[0]))).toBe(false)
})

test('B6: a car that ends inside a section is refused, and so is an empty one', () => {
  expect(() => parseCar(new Uint8Array(0))).toThrow(rule('B6'))
  const ends = new Set<number>()
  let at = 0
  for (const piece of carPieces(repo.root, repo.blocks)) {
    at += piece.length
    ends.add(at)
  }
  for (let end = 1; end < repo.car.length; end++)
    if (!ends.has(end)) expect(() => parseCar(repo.car.subarray(0, end)), String(end)).toThrow(rule('B6'))
})

test('B6: whatever stands in the place of a header is refused, null too', () => {
  const cid = new Cid(repo.root)
  const raw = new Cid(cidForBlock(Buffer.from('blob'), 0x55))
  for (const value of [
    ...[null, true, 1, 'car', Buffer.from('car'), cid, [], [cid], {}],
    ...[{ version: 1 }, { roots: [cid] }, { roots: cid, version: 1 }, { roots: [cid], version: 2 }],
    ...[
      { roots: [], version: 1 },
      { roots: [raw], version: 1 },
      { roots: ['x'], version: 1 },
    ],
  ]) {
    const header = encode(value)
    const car = Uint8Array.from([...varint(header.length), ...header, ...repo.car.subarray(59)])
    expect(() => parseCar(car), JSON.stringify(value)).toThrow(rule('B6'))
  }
})

test('B6: a header as nobody writes it gives the first of its roots', () => {
  const cid = new Cid(repo.root)
  for (const more of [{ roots: [cid, cid] }, { roots: [cid], version2: 1 }]) {
    const header = encode({ ...more, version: 1 })
    expect(parseCar(Uint8Array.from([...varint(header.length), ...header])).root).toEqual(repo.root)
  }
})

test('B6: no bit of the usual header may be another, but for the digest', () => {
  const rootOf = (car: Uint8Array) => Buffer.from(parseCar(car).root)
  const header = repo.car.subarray(0, 59)
  expect(rootOf(header)).toEqual(Buffer.from(repo.root))
  for (let bit = 0; bit < header.length * 8; bit++) {
    const car = Uint8Array.from(header, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    const inDigest = bit >> 3 >= 18 && bit >> 3 < 50
    if (inDigest) expect(rootOf(car)).toEqual(Buffer.from(car.subarray(14, 50)))
    else expect(() => parseCar(car), String(bit)).toThrow(rule('B6'))
  }
})

test('B7: a block under the CID of another is refused', () => {
  const [a, b] = repo.blocks as [readonly [Uint8Array, Uint8Array], readonly [Uint8Array, Uint8Array]]
  expect(() => parseCar(carOf(repo.root, [[a[0], b[1]]]))).toThrow(rule('B7'))
  const blake = Uint8Array.from(a[0], (byte, i) => (i === 2 ? 0x1e : byte))
  expect(() => parseCar(carOf(repo.root, [[blake, a[1]]]))).toThrow(rule('B7'))
})

test('varints are read in their shortest form up to 2 MiB', () => {
  for (const value of [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152]) {
    const bytes = Uint8Array.from(varint(value))
    expect(readVarint(bytes, 0, bytes.length)).toBe(value)
    expect(varintSize(value)).toBe(bytes.length)
    for (let end = 0; end < bytes.length; end++) expect(readVarint(bytes, 0, end)).toBe(-1)
  }
  for (const bytes of [
    varint(2_097_153),
    varint(2 ** 31),
    varint(2 ** 62),
    [0x80, 0],
    [0xff, 0x80, 0],
    [0x80, 0x80, 0x80, 0x80],
  ])
    expect(() => readVarint(Uint8Array.from(bytes), 0, bytes.length), String(bytes)).toThrow(rule('B6'))
})

test('the framer gives every section once and knows where it lies, whatever the chunks', () => {
  const big = section(encode({ text: 'x'.repeat(300_000) }))
  const car = carOf(repo.root, [...repo.blocks, big, ...repo.blocks])
  for (const size of [1, 2, 3, 50, 1000, 65_536, car.length]) {
    let count = 0
    const framer = new CarFramer((bytes, start, end, offset) => {
      count++
      expect(Buffer.compare(bytes.subarray(start, end), car.subarray(offset, offset + end - start))).toBe(0)
    })
    for (let at = 0; at < car.length; at += size) framer.push(car.subarray(at, at + size))
    expect(count).toBe(repo.blocks.length * 2 + 2)
    expect(framer.unfinished).toBe(false)
    framer.push(Uint8Array.of(5))
    expect(framer.unfinished).toBe(true)
  }
})

test('an empty chunk changes nothing', () => {
  let count = 0
  const framer = new CarFramer(() => count++)
  const none = new Uint8Array(0)
  framer.push(none)
  for (const piece of [repo.car.subarray(0, 10), repo.car.subarray(10, 200), repo.car.subarray(200)]) {
    framer.push(piece)
    framer.push(none)
  }
  expect(count).toBe(repo.blocks.length + 1)
})
