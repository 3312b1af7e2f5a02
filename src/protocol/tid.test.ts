import { TID } from '@atproto/common'
import { expect, test } from 'vitest'
import { isTid } from './syntax.ts'
import { microsOfTid, nextTid, tidFromMicros } from './tid.ts'

test('a TID holds its time and sorts by it', () => {
  const times = [0, 1, 1023, 1_700_000_000_000_000, 1_700_000_000_000_001, Number.MAX_SAFE_INTEGER]
  const tids = times.map((us) => tidFromMicros(us))
  expect(tids.every(isTid)).toBe(true)
  expect(tids.map(microsOfTid)).toEqual(times)
  expect(tids.toSorted()).toEqual(tids)
  expect(tidFromMicros(5n, 7)).toBe('222222222272b')
})

test('TIDs agree with @atproto/common', () => {
  for (const us of [1_700_000_000_000_000, 1_754_321_987_654_321])
    for (const clock of [0, 31, 1023]) {
      expect(tidFromMicros(us, clock)).toBe(TID.fromTime(us, clock).toString())
      expect(TID.fromStr(tidFromMicros(us, clock)).timestamp()).toBe(us)
    }
})

test('the next TID is later than all before it', () => {
  const future = tidFromMicros((Date.now() + 60_000) * 1000)
  const tids = [nextTid(), nextTid(), nextTid(future), nextTid()]
  expect(tids.toSorted()).toEqual(tids)
  expect(new Set(tids).size).toBe(4)
})

test('B1: what is no TID has no time', () => {
  for (const text of ['', '3jzfcijpj2z2', 'zzzzzzzzzzzzz', '0000000000000', '3jzfcijpj2z2A'])
    expect(() => microsOfTid(text)).toThrow(/not a tid/)
  expect(() => tidFromMicros(-1)).toThrow(RangeError)
  expect(() => tidFromMicros(1, 1024)).toThrow(RangeError)
})
