import { expect, test } from 'vitest'
import { Pacer } from './policy.ts'

const F9 = { limit: 5, windowMs: 60_000 }

/** When turns are given to somebody who asks every tenth of a second, s. */
function turns(pacer: Pacer, fromMs: number, untilMs: number): number[] {
  const given: number[] = []
  for (let now = fromMs; now < untilMs; now += 100) if (pacer.take('a', now)) given.push(now / 1000)
  return given
}

test('F9: five resyncs at once, then one every twelve seconds', () => {
  const pacer = new Pacer(F9)
  expect(turns(pacer, 0, 61_000)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 12, 24, 36, 48, 60])
  expect(pacer.next('a', 61_000)).toBe(72_000)
  expect(pacer.next('b', 61_000)).toBe(61_000)
})

test('F9: turns that were not used come back, five at most', () => {
  const pacer = new Pacer(F9)
  turns(pacer, 0, 1_000)
  expect(turns(pacer, 24_500, 25_000)).toEqual([24.5, 24.6])
  expect(turns(pacer, 600_000, 601_000)).toHaveLength(5)
})

test('B18: take gives one turn an hour', () => {
  const pacer = new Pacer({ limit: 1, windowMs: 3_600_000 })
  expect(pacer.take('a', 0)).toBe(true)
  expect(pacer.take('a', 3_599_999)).toBe(false)
  expect(pacer.take('b', 1)).toBe(true)
  expect(pacer.take('a', 3_600_000)).toBe(true)
  expect(pacer.take('a', 3_600_001)).toBe(false)
})
