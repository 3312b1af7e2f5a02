import { expect, test } from 'vitest'
import { Pacer } from './policy.ts'

test('F9: five resyncs a minute at once, then one whenever the oldest is a minute ago', () => {
  const pacer = new Pacer({ limit: 5, windowMs: 60_000 })
  expect([0, 1, 2, 3, 4].map((t) => pacer.book('a', t))).toEqual([0, 1, 2, 3, 4])
  expect(pacer.book('a', 5)).toBe(60_000)
  expect(pacer.book('a', 6)).toBe(60_001)
  expect(pacer.book('b', 6)).toBe(6)
  expect(pacer.book('a', 200_000)).toBe(200_000)
})

test('F9: however often it is asked, no minute has more than five', () => {
  const pacer = new Pacer({ limit: 5, windowMs: 60_000 })
  const turns = Array.from({ length: 300 }, (_, i) => pacer.book('a', i * 700))
  for (let i = 5; i < turns.length; i++) {
    expect((turns[i] ?? 0) - (turns[i - 5] ?? 0)).toBeGreaterThanOrEqual(60_000)
    expect(turns[i]).toBeGreaterThanOrEqual(i * 700)
  }
})

test('B18: take gives one turn an hour', () => {
  const pacer = new Pacer({ limit: 1, windowMs: 3_600_000 })
  expect(pacer.take('a', 0)).toBe(true)
  expect(pacer.take('a', 3_599_999)).toBe(false)
  expect(pacer.take('b', 1)).toBe(true)
  expect(pacer.take('a', 3_600_000)).toBe(true)
  expect(pacer.take('a', 3_600_001)).toBe(false)
})
