import { expect, test } from 'vitest'
import { accountErrorOf, askedWait, parseRateLimit, parseRetryAfter, XrpcError } from './xrpc-error.ts'

const answer = (status: number | null, error: string | null, detail: string | null = null) =>
  new XrpcError('request failed', { code: 'xrpc', url: 'https://h/x', retry: false, status, error, detail })

test.each([
  ['RepoTakendown', 'takendown'],
  ['AccountTakedown', 'takendown'],
  ['takendown', 'takendown'],
  ['Takedown', 'takendown'],
  ['account_takendown', 'takendown'],
  ['RepoSuspended', 'suspended'],
  ['AccountSuspended', 'suspended'],
  ['UserSuspension', 'suspended'],
  ['RepoDeactivated', 'deactivated'],
  ['AccountDeactivated', 'deactivated'],
  ['DeactivatedAccount', 'deactivated'],
  ['RepoDeleted', 'deleted'],
  ['AccountDeleted', 'deleted'],
  ['DidTombstoned', 'deleted'],
  ['RepoNotFound', 'not-found'],
  ['AccountNotFound', 'not-found'],
  ['UserNotFound', 'not-found'],
  ['UnknownRepo', 'not-found'],
] as const)('F7: error %s means %s', (error, standing) => {
  expect(accountErrorOf(answer(400, error))).toBe(standing)
})

test.each([
  ['InvalidRequest', 'Could not find repo for DID: did:plc:x', 'not-found'],
  ['NotFound', 'repo not found', 'not-found'],
  ['NotFound', 'User not found: did:plc:x', 'not-found'],
  ['InvalidRequest', 'Repo has been deactivated', 'deactivated'],
  ['Forbidden', 'account is taken down', 'takendown'],
  ['Forbidden', 'account has been takendown', 'takendown'],
  ['BadRequest', 'this account was suspended by its host', 'suspended'],
  ['InvalidRequest', 'record was deleted', null],
  ['InvalidRequest', 'cursor not found', null],
  ['InvalidRequest', 'you did something unexpected', null],
] as const)('F7: error %s, message "%s" means %s', (error, message, standing) => {
  expect(accountErrorOf(answer(400, error, message))).toBe(standing)
})

test.each([
  [400, 'RecordNotFound'],
  [400, 'BlobNotFound'],
  [400, 'HostNotFound'],
  [400, 'MethodNotImplemented'],
  [400, 'RateLimitExceeded'],
  [400, 'RecordDeleted'],
  [429, 'RepoNotFound'],
  [500, 'RepoNotFound'],
  [502, 'RepoTakendown'],
  [null, 'RepoTakendown'],
  [404, null],
] as const)('E8: status %s with error %s says nothing of the account', (status, error) => {
  expect(accountErrorOf(answer(status, error))).toBe(null)
})

test('a message does not speak for an error that has a meaning of its own', () => {
  expect(accountErrorOf(answer(400, 'ExpiredToken', 'repo not found'))).toBe(null)
})

test('other errors say nothing', () => {
  expect(accountErrorOf(new Error('RepoTakendown'))).toBe(null)
  expect(accountErrorOf(null)).toBe(null)
})

const now = Date.UTC(2026, 7, 1)

test('F8: Retry-After comes in seconds or as a date and is clamped to an hour', () => {
  const at = (value: string) => parseRetryAfter({ 'retry-after': value }, now)
  expect(at('7')).toBe(7000)
  expect(at('1.5')).toBe(1500)
  expect(at(new Date(now + 9000).toUTCString())).toBe(9000)
  expect(at('999999999')).toBe(3_600_000)
  expect(at('1e308')).toBe(3_600_000)
  expect(at('-5')).toBe(0)
  expect(at(new Date(now - 9000).toUTCString())).toBe(0)
  expect(at('soon')).toBe(null)
  expect(at('')).toBe(null)
  expect(parseRetryAfter({}, now)).toBe(null)
})

test('F8: ratelimit headers in both spellings, with a reset in epoch seconds or from now', () => {
  const headers = { 'ratelimit-limit': '3000', 'ratelimit-remaining': '12' }
  expect(parseRateLimit({ ...headers, 'ratelimit-reset': String(now / 1000 + 60) }, now)).toEqual({
    limit: 3000,
    remaining: 12,
    resetAt: now + 60_000,
  })
  expect(parseRateLimit({ ...headers, 'ratelimit-reset': '60' }, now)?.resetAt).toBe(now + 60_000)
  expect(parseRateLimit({ 'x-ratelimit-remaining': '0' }, now)).toEqual({
    limit: null,
    remaining: 0,
    resetAt: null,
  })
  expect(parseRateLimit({ 'ratelimit-limit': '100;w=300' }, now)?.limit).toBe(100)
})

test('F8: hostile ratelimit values are clamped or left out', () => {
  expect(parseRateLimit({ 'ratelimit-reset': '99999999999999' }, now)?.resetAt).toBe(now + 3_600_000)
  expect(parseRateLimit({ 'ratelimit-reset': '1000000001' }, now)?.resetAt).toBe(now)
  expect(parseRateLimit({ 'ratelimit-limit': '-3', 'ratelimit-remaining': 'NaN' }, now)).toBe(null)
  expect(parseRateLimit({}, now)).toBe(null)
})

test('F8: a host is left alone for as long as it asks: Retry-After, or until its budget is given anew', () => {
  const limit = (remaining: number | null, resetAt: number | null) => ({ limit: null, remaining, resetAt })
  const asked = (status: number, retryAfterMs: number | null, rateLimit: ReturnType<typeof limit> | null) =>
    askedWait({ status, retryAfterMs, rateLimit }, now)
  expect(asked(429, 5000, limit(0, now + 9000))).toBe(5000)
  expect(asked(503, 5000, null)).toBe(5000)
  expect(asked(429, null, limit(0, now + 9000))).toBe(9000)
  expect(asked(429, null, limit(null, now + 9000))).toBe(9000)
  expect(asked(429, null, limit(0, now - 9000))).toBe(0)
  // Another budget, an error of another kind, and nothing said.
  expect(asked(429, null, limit(7, now + 9000))).toBe(null)
  expect(asked(500, null, limit(0, now + 9000))).toBe(null)
  expect(asked(429, null, null)).toBe(null)
})
