import { expect, test } from 'vitest'
import { interestIn, Pacer, signalNeedles, touches } from './policy.ts'

const ours = 'did:plc:ours'
const following = (full: boolean, signal: string[] = []) => ({
  full,
  mayTrack: (did: string) => did === ours,
  needles: signalNeedles(signal),
})
const head = (kind: string, did: string | null = 'did:plc:other') => ({ kind, did })
const bytes = Buffer.from('…path…xyz.statusphere.status/3k2a…')

test('a frame of a tracked repo is ours, whatever its kind', () => {
  for (const kind of ['commit', 'sync', 'identity', 'account']) {
    expect(interestIn(head(kind, ours), bytes, following(false))).toBe('tracked')
  }
})

test('a frame without a DID, or of a repo that is not ours, is left alone', () => {
  expect(interestIn(head('info', null), bytes, following(true))).toBe('none')
  for (const kind of ['commit', 'sync', 'identity', 'account']) {
    expect(interestIn(head(kind), bytes, following(false))).toBe('none')
  }
})

test('F12: following everything, a commit or sync of an unknown repo makes it new', () => {
  expect(interestIn(head('commit'), bytes, following(true))).toBe('new')
  expect(interestIn(head('sync'), bytes, following(true))).toBe('new')
  expect(interestIn(head('identity'), bytes, following(true))).toBe('none')
  expect(interestIn(head('account'), bytes, following(true))).toBe('none')
})

test('following a collection, a commit that mentions it makes its repo new', () => {
  const other = Buffer.from('…app.bsky.feed.like/3k2a…')
  for (const pattern of ['xyz.statusphere.status', 'xyz.statusphere.*', 'xyz.*']) {
    expect(interestIn(head('commit'), bytes, following(false, [pattern]))).toBe('new')
    expect(interestIn(head('commit'), other, following(false, [pattern]))).toBe('none')
  }
  expect(interestIn(head('commit'), bytes, following(false, ['xyz.statusphere']))).toBe('none')
  expect(interestIn(head('sync'), bytes, following(false, ['xyz.*']))).toBe('none')
})

test('touches confirms a guess on the decoded paths', () => {
  const paths = ['app.bsky.feed.like/1', 'xyz.statusphere.status/2']
  expect(touches(paths, ['xyz.statusphere.status'])).toBe(true)
  expect(touches(paths, ['xyz.*'])).toBe(true)
  expect(touches(paths, ['xyz.statusphere', 'app.bsky.feed'])).toBe(false)
  expect(touches([], ['xyz.*'])).toBe(false)
  expect(touches(paths, [])).toBe(false)
})

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
