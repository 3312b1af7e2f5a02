import { expect, test } from 'vitest'
import { IdentityError } from './did-fetch.ts'
import { Rest } from './rest.ts'
import { XrpcError } from './xrpc-error.ts'

const now = Date.UTC(2026, 0, 1)
const failure = (status: number | null, options: object = {}) =>
  new IdentityError('unreachable', 'no', {
    cause: new XrpcError('no', { code: 'http', url: 'https://plc', retry: true, status, ...options }),
  })

test('F8: a directory that asks to be left alone is, for as long as it says', () => {
  const rest = new Rest(1000, 30_000)
  rest.failed(failure(429, { retryAfterMs: 90_000 }), now)
  expect(rest.until).toBe(now + 90_000)
  // Whoever asked before it said so hears the same.
  rest.failed(failure(429, { retryAfterMs: 90_000 }), now + 50)
  expect(rest.until).toBe(now + 90_000)
  rest.answered()
  expect(rest.until).toBe(0)
})

test('F8: one that does not say how long rests longer each time', () => {
  const rest = new Rest(1000, 30_000)
  let at = now
  for (const least of [750, 1500, 3000, 6000, 12_000, 22_500, 22_500]) {
    rest.failed(failure(429), at)
    expect(rest.until - at).toBeGreaterThanOrEqual(least)
    expect(rest.until - at).toBeLessThanOrEqual((least / 3) * 5)
    at = rest.until
  }
})

test('one failure is no reason to leave it alone, several in a row are, and what it says of an account is none', () => {
  const rest = new Rest(1000, 30_000)
  rest.failed(failure(502), now)
  rest.failed(failure(null), now)
  rest.failed(new IdentityError('not-found', 'no such account'), now)
  rest.failed(new Error('stopping'), now)
  expect(rest.until).toBe(0)
  rest.failed(failure(502), now)
  expect(rest.until).toBeGreaterThan(now)
})
