import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { randomOf, varint } from '../../test/support/repo-bytes.ts'
import { BlockIndex } from './block-index.ts'
import { cidForBlock, digestOf } from './cid.ts'
import { Spill } from './spill.ts'

const dir = mkdtempSync(join(tmpdir(), 'lextap-spill-test-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe.each([
  ['in memory', 1e9],
  ['in a file from the start', 0],
  ['in a file after a while', 1000],
])('%s', (_name, budget) => {
  test('any range reads back, across the chunks it came in', () => {
    const random = randomOf(4)
    const spill = new Spill(budget, dir)
    const all: Buffer[] = []
    for (let i = 0; i < 60; i++) {
      const chunk = Buffer.from(
        Array.from({ length: Math.floor(random() * (i % 5 === 0 ? 3000 : 90)) }, () =>
          Math.floor(random() * 256),
        ),
      )
      all.push(chunk)
      spill.append(chunk)
    }
    const whole = Buffer.concat(all)
    expect(spill.size).toBe(whole.length)
    expect(spill.spilled).toBe(budget < whole.length)
    for (let i = 0; i < 2000; i++) {
      const start = Math.floor(random() * whole.length)
      const length = Math.floor(random() * (whole.length - start))
      expect(Buffer.from(spill.read(start, length)).equals(whole.subarray(start, start + length))).toBe(true)
    }
    expect(Buffer.concat(Array.from(spill.replay(), (piece) => Buffer.from(piece))).equals(whole)).toBe(true)
    expect(() => spill.read(whole.length - 1, 2)).toThrow(RangeError)
    expect(readdirSync(dir)).toEqual([])
    spill.close()
    spill.close()
  })
})

test('a stream that drips byte by byte is kept in few pieces', () => {
  const spill = new Spill(1e9, dir)
  for (let i = 0; i < 200_000; i++) spill.append(Uint8Array.of(i))
  expect([...spill.replay()].length).toBeLessThan(5)
  expect(spill.read(65_530, 12)).toEqual(Uint8Array.from({ length: 12 }, (_, i) => 65_530 + i))
  expect(spill.read(199_990, 10)).toEqual(Uint8Array.from({ length: 10 }, (_, i) => 199_990 + i))
})

test('what was read stays as it was, whatever is read after it', () => {
  const spill = new Spill(0, dir)
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i * 31))
  spill.append(bytes)
  const reads = Array.from({ length: 500 }, (_, i) => spill.read(i * 500, 500))
  reads.push(spill.read(0, 100_000))
  reads.forEach((read, i) => {
    const at = i < 500 ? i * 500 : 0
    expect(read.length).toBe(i < 500 ? 500 : 100_000)
    expect(bytes.subarray(at, at + read.length).equals(read)).toBe(true)
  })
  spill.close()
})

test('the index finds each block and no other, also when it grew', () => {
  const spill = new Spill(0, dir)
  const index = new BlockIndex()
  const blocks = Array.from({ length: 5000 }, (_, i) => Buffer.from(`block ${i}`))
  let offset = 0
  for (const block of blocks) {
    const section = Buffer.concat([cidForBlock(block), block])
    const head = Buffer.from(varint(section.length))
    spill.append(Buffer.concat([head, section]))
    for (let i = 0; i < 2; i++) index.add(section, 0, section.length, offset + head.length)
    offset += head.length + section.length
  }
  for (const block of blocks)
    expect(Buffer.from(index.read(digestOf(block), spill) ?? []).equals(block)).toBe(true)
  for (let i = 0; i < 1000; i++) expect(index.read(digestOf(Buffer.from(`other ${i}`)), spill)).toBeNull()
  spill.close()
})

test('two blocks whose digests begin alike are both found', () => {
  const seen = new Map<string, string>()
  let pair: string[] = []
  for (let i = 0; pair.length === 0; i++) {
    const start = digestOf(Buffer.from(`${i}`)).slice(0, 4)
    const twin = seen.get(start)
    if (twin !== undefined) pair = [twin, `${i}`]
    seen.set(start, `${i}`)
  }
  const spill = new Spill(1e9, dir)
  const index = new BlockIndex()
  for (const text of pair) {
    const section = Buffer.concat([cidForBlock(Buffer.from(text)), Buffer.from(text)])
    index.add(section, 0, section.length, spill.size)
    spill.append(section)
  }
  for (const text of pair)
    expect(Buffer.from(index.read(digestOf(Buffer.from(text)), spill) ?? []).toString()).toBe(text)
})

test('a slot whose bytes are not the block that was asked for is not taken for it', () => {
  const spill = new Spill(1e9, dir)
  const index = new BlockIndex()
  const block = Buffer.from('good')
  const section = Buffer.concat([cidForBlock(block), Buffer.from('evil')])
  spill.append(section)
  index.add(section, 0, section.length, 0)
  expect(index.read(digestOf(block), spill)).toBeNull()
})
