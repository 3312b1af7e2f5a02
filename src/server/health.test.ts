import { expect, test } from 'vitest'
import { Health, type Progress } from './health.ts'

function probed() {
  const now = { ms: 0 }
  const progress = { open: 0, done: '0', waitingFor: null as string | null, stuckMs: 1000 }
  const other: Progress = { open: 1, done: '', waitingFor: null, stuckMs: Number.POSITIVE_INFINITY }
  const health = new Health({ probes: { stream: () => progress, other: () => other }, now: () => now.ms })
  const at = (ms: number, change: Partial<typeof progress> = {}) => {
    now.ms = ms
    Object.assign(progress, change)
    return health.check()
  }
  return at
}

test('nothing to do is healthy for ever', () => {
  const at = probed()
  expect(at(0)).toEqual({ ok: true, waitingFor: null })
  expect(at(1e9)).toEqual({ ok: true, waitingFor: null })
})

test('work that does not move is sick after a while, and well again with the first step', () => {
  const at = probed()
  expect(at(0, { open: 3 }).ok).toBe(true)
  expect(at(999).ok).toBe(true)
  expect(at(1000)).toEqual({ ok: false, reason: 'stream: nothing was finished for 1 s, 3 under way' })
  expect(at(1001, { done: '1' }).ok).toBe(true)
  expect(at(2000).ok).toBe(true)
  expect(at(2001).ok).toBe(false)
})

test('waiting for somebody else is not being stuck, and the time begins anew after it', () => {
  const at = probed()
  at(0, { open: 1, waitingFor: 'room' })
  expect(at(50_000)).toEqual({ ok: true, waitingFor: 'room' })
  expect(at(50_500, { waitingFor: null }).ok).toBe(true)
  expect(at(51_100).ok).toBe(false)
})
