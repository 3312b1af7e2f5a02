import { expect, test } from 'vitest'
import { randomOf } from '../../test/support/repo-bytes.ts'
import { digestOf } from './cid.ts'
import { DigestTable } from './digest-table.ts'

const digest = (n: number) => digestOf(Buffer.from(String(n)))

test('it does what a Map does, however often it is filled and emptied', () => {
  const random = randomOf(8)
  const table = new DigestTable<number>()
  const map = new Map<string, number>()
  for (let step = 0; step < 60_000; step++) {
    const key = digest(Math.floor(random() * (step % 20_000 < 10_000 ? 1500 : 40)))
    const kind = random()
    if (kind < 0.45) {
      expect(table.set(key, step)).toBe(map.get(key))
      map.set(key, step)
    } else if (kind < 0.9) {
      expect(table.take(key)).toBe(map.get(key))
      map.delete(key)
    } else expect(table.get(key)).toBe(map.get(key))
    expect(table.size).toBe(map.size)
  }
  expect(new Map(table.entries())).toEqual(map)
  for (const [key, value] of map) expect(table.get(key)).toBe(value)
})

test('digests that share their first bytes are kept apart, and gaps close behind those that are taken', () => {
  const table = new DigestTable<number>()
  const keys = Array.from({ length: 40 }, (_, i) => `\x01\x02\x03\x04${digest(i).slice(4)}`)
  keys.forEach((key, i) => void table.set(key, i))
  for (const [i, key] of keys.entries()) {
    expect(table.take(key)).toBe(i)
    expect(table.take(key)).toBeUndefined()
    keys.slice(i + 1).forEach((later, j) => void expect(table.get(later)).toBe(i + 1 + j))
  }
  expect(table.size).toBe(0)
})

test('clearing forgets everything', () => {
  const table = new DigestTable<number>()
  for (let i = 0; i < 10; i++) table.set(digest(i), i)
  table.clear()
  expect(table.size).toBe(0)
  expect([...table.entries()]).toEqual([])
  expect(table.get(digest(1))).toBeUndefined()
})
