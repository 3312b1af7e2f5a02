import { expect, test } from 'vitest'
import { Backoff, backoffMs } from './backoff.ts'

const minute = 60_000

test('F13: a minute doubles up to an hour', () => {
  const delays = Array.from({ length: 9 }, (_, i) =>
    backoffMs(i, { baseMs: minute, maxMs: 60 * minute, jitter: 0 }),
  )
  expect(delays.map((ms) => ms / minute)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
})

test('jitter shortens the delay by at most its share', () => {
  const at = (random: number) =>
    backoffMs(0, { baseMs: 1000, maxMs: 9000, jitter: 0.5, random: () => random })
  expect(at(0)).toBe(1000)
  expect(at(0.999999)).toBe(500)
})

test('a huge number of failures stays at the cap', () => {
  expect(backoffMs(1e9, { baseMs: 1, maxMs: 77, jitter: 0 })).toBe(77)
})

test('reset starts over', () => {
  const backoff = new Backoff({ baseMs: 10, maxMs: 1000, jitter: 0 })
  expect([backoff.next(), backoff.next(), backoff.attempt]).toEqual([10, 20, 2])
  backoff.reset()
  expect([backoff.next(), backoff.attempt]).toEqual([10, 1])
})

test('wait ends with the signal and honours a host that asks for more, up to the cap', async () => {
  const backoff = new Backoff({ baseMs: 1, maxMs: 5, jitter: 0 })
  await backoff.wait(undefined, 1e12)
  const reason = new Error('stop')
  await expect(backoff.wait(AbortSignal.abort(reason))).rejects.toBe(reason)
})
