import { expect, test } from 'vitest'
import type { OutboxRow } from '../store/outbox.ts'
import { Window } from './window.ts'

let next = 0
const row = (did: string, live: boolean, over: Partial<OutboxRow> = {}): OutboxRow => ({
  id: ++next,
  kind: 'record',
  did,
  live,
  name: '',
  body: 'x',
  ...over,
})
/** Everything that may leave now. */
function takeAll(window: Window, takes: 'tap' | 'emitted' | 'both' = 'both'): number[] {
  const ids: number[] = []
  for (let event = window.take(takes); event !== null; event = window.take(takes)) ids.push(event.id)
  return ids
}

test("Tap's example: H1, H2, L1, H3, H4, L2, H5", () => {
  const window = new Window()
  const [h1, h2, l1, h3, h4, l2, h5] = [false, false, true, false, false, true, false].map((live) =>
    row('a', live),
  )
  for (const event of [h1, h2, l1, h3, h4, l2, h5]) window.add(event as OutboxRow)
  const id = (event: OutboxRow | undefined) => event?.id ?? 0
  expect(takeAll(window)).toEqual([id(h1), id(h2)])
  window.settle(id(h2))
  expect(takeAll(window)).toEqual([])
  window.settle(id(h1))
  expect(takeAll(window)).toEqual([id(l1)])
  window.settle(id(l1))
  expect(takeAll(window)).toEqual([id(h3), id(h4)])
  window.settle(id(h3))
  expect(takeAll(window)).toEqual([])
  window.settle(id(h4))
  expect(takeAll(window)).toEqual([id(l2)])
  window.settle(id(l2))
  expect(takeAll(window)).toEqual([id(h5)])
  window.settle(id(h5))
  expect([window.waiting, window.inFlight]).toEqual([0, 0])
})

test('live events follow each other one by one, and a historical one waits for a live one in flight', () => {
  const window = new Window()
  const events = [row('a', true), row('a', true), row('a', false)]
  for (const event of events) window.add(event)
  for (const { id } of events) {
    expect(takeAll(window)).toEqual([id])
    window.settle(id)
  }
})

test('repos do not wait for each other, and take turns', () => {
  const window = new Window()
  const a = Array.from({ length: 3 }, () => row('a', false))
  const b = Array.from({ length: 3 }, () => row('b', false))
  for (const event of [...a, ...b]) window.add(event)
  const order = takeAll(window)
  expect(order).toEqual([a[0], b[0], a[1], b[1], a[2], b[2]].map((event) => event?.id))
})

test('emitted events have lanes of their own and go only to those who take them', () => {
  const window = new Window()
  const [record, emitted, after] = [row('a', true), row('a', true, { kind: 'emit' }), row('a', true)]
  for (const event of [record, emitted, after]) window.add(event)
  expect(takeAll(window, 'tap')).toEqual([record.id])
  window.settle(record.id)
  expect(takeAll(window, 'tap')).toEqual([after.id])
  expect(takeAll(window, 'emitted')).toEqual([emitted.id])
})

test('a released event leaves again before those behind it', () => {
  const window = new Window()
  const [h1, h2, live] = [row('a', false), row('a', false), row('a', true)]
  for (const event of [h1, h2, live]) window.add(event)
  expect(takeAll(window)).toEqual([h1.id, h2.id])
  window.settle(h2.id)
  window.release(h1.id)
  expect(takeAll(window)).toEqual([])
  const lane = window.thirsty('tap')
  expect(lane?.spilledFrom).toBe(h1.id)
  if (lane) window.refill(lane, [h1, live], null)
  expect(takeAll(window)).toEqual([h1.id])
  window.settle(h1.id)
  expect(takeAll(window)).toEqual([live.id])
})

test('a released event whose neighbours still fly does not bring those along', () => {
  const window = new Window()
  const [h1, h2, h3] = [row('a', false), row('a', false), row('a', false)]
  for (const event of [h1, h2]) window.add(event)
  takeAll(window)
  window.add(h3)
  window.release(h1.id)
  const lane = window.thirsty('tap')
  if (lane) window.refill(lane, [h1, h2, h3], null)
  expect(takeAll(window)).toEqual([h1.id, h3.id])
})

test('what waits before a released event is not forgotten', () => {
  const window = new Window()
  const [h1, h2, h3] = [row('a', false), row('a', false), row('a', false)]
  for (const event of [h1, h2, h3]) window.add(event)
  takeAll(window)
  window.release(h1.id)
  const lane = window.thirsty('tap')
  if (lane) window.refill(lane, [h1], null)
  // h1 waits in memory, and now h2 comes back from behind it.
  window.release(h2.id)
  expect(window.thirsty('tap')?.spilledFrom).toBe(h1.id)
})

test('while an event fails nothing new of its repo leaves, whatever its neighbours do', () => {
  const window = new Window()
  const [bad, beside, ...others] = Array.from({ length: 4 }, () => row('a', false))
  for (const event of [bad, beside]) window.add(event as OutboxRow)
  takeAll(window)
  for (const event of others) window.add(event)
  window.failing(bad?.id ?? 0)
  window.settle(beside?.id ?? 0)
  expect(takeAll(window)).toEqual([])
  window.settle(bad?.id ?? 0)
  expect(takeAll(window)).toHaveLength(2)
})

test('after an event was given up, or failed on and released, its repo goes one at a time until one succeeds', () => {
  for (const end of [
    (w: Window, id: number) => w.settle(id, false),
    (w: Window, id: number) => w.release(id, true),
  ]) {
    const window = new Window()
    const [first, ...others] = [row('a', true), row('a', false), row('a', false), row('a', false)]
    window.add(first as OutboxRow)
    takeAll(window)
    for (const event of others) window.add(event)
    // All but the first are historical and could have left beside it.
    end(window, first?.id ?? 0)
    const lane = window.thirsty('tap')
    if (lane !== null) window.refill(lane, others, null)
    expect(takeAll(window)).toEqual([others[0]?.id])
    window.settle(others[0]?.id ?? 0)
    expect(takeAll(window)).toHaveLength(2)
  }
})

test('a full window of blocked repos is shed, so that others are read', () => {
  const window = new Window({ maxEvents: 4 })
  const stuck = Array.from({ length: 5 }, () => row('stuck', true))
  window.add(stuck[0] as OutboxRow)
  takeAll(window)
  for (const event of stuck.slice(1)) window.add(event)
  expect(window.full).toBe(true)
  window.shed('tap')
  expect([window.full, window.waiting, window.thirsty('tap')]).toEqual([false, 0, null])
  const other = row('other', true)
  window.add(other)
  window.add(row('stuck', true))
  expect(takeAll(window)).toEqual([other.id])
  window.settle(stuck[0]?.id ?? 0)
  expect(window.thirsty('tap')?.spilledFrom).toBe(stuck[1]?.id)
})

test('what nobody takes is shed and not read again until somebody does', () => {
  const window = new Window({ maxEvents: 2 })
  window.add(row('a', true, { kind: 'emit' }))
  window.add(row('b', true, { kind: 'emit' }))
  window.shed('tap')
  expect(window.waiting).toBe(0)
  expect(window.thirsty('tap')).toBeNull()
  expect(window.thirsty('both')).not.toBeNull()
})

test('any order of takes, acks and releases keeps to the rules (10 seeds)', () => {
  for (let seed = 1; seed <= 10; seed++) simulate(seed)
})

/** Many repos, a small window, a table behind it; checks every barrier and that each event ends once. */
function simulate(seed: number): void {
  let state = seed * 2654435761
  const random = () => {
    state = (state * 1664525 + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const table = Array.from({ length: 600 }, (_, i) =>
    row(`did${Math.floor(random() * 7)}`, random() < 0.4, { id: i + 1 }),
  )
  const window = new Window({ maxEvents: 20 })
  const flying = new Map<number, OutboxRow>()
  const settled = new Set<number>()
  let scanned = 0
  const read = () => {
    const lane = window.thirsty('both')
    if (lane !== null) {
      const from = lane.spilledFrom ?? 0
      const rows = table.filter(
        (r) => r.did === lane.did && r.id >= from && r.id <= scanned && !settled.has(r.id),
      )
      window.refill(lane, rows.slice(0, 5), rows.length > 5 ? (rows[4]?.id ?? 0) + 1 : null)
      return true
    }
    if (window.full) window.shed('both')
    if (window.full || scanned === table.length) return false
    window.add(table[scanned++] as OutboxRow)
    return true
  }
  for (let step = 0; settled.size < table.length; step++) {
    if (step > 100_000) throw new Error(`seed ${seed} is stuck with ${table.length - settled.size} left`)
    for (let i = 0; i < 30 && read(); i++);
    const event = window.take('both')
    if (event !== null) {
      const own = [...flying.values()].filter((other) => other.did === event.did)
      expect(own.every((other) => !other.live && !event.live)).toBe(true)
      const before = table.filter((r) => r.did === event.did && r.id < event.id && !settled.has(r.id))
      if (event.live) expect(before).toEqual([])
      else expect(before.some((r) => r.live)).toBe(false)
      flying.set(event.id, event)
    }
    const chosen = [...flying.keys()][Math.floor(random() * flying.size)]
    if (chosen === undefined || random() < 0.3) continue
    flying.delete(chosen)
    if (random() < 0.25) window.release(chosen)
    else {
      settled.add(chosen)
      window.settle(chosen)
    }
  }
  expect([window.waiting, window.inFlight]).toEqual([0, 0])
}
