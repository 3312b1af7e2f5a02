import { afterEach, beforeEach, expect, test } from 'vitest'
import { event, tempDatabase } from '../../test/support/outbox.ts'
import { createObserver } from '../observe/observer.ts'
import { openStore } from '../store/open.ts'
import type { OutboxEvent, OutboxRow } from '../store/outbox.ts'
import type { Store } from '../store/store.ts'
import { Delivery, type Sink } from './delivery.ts'

const soon = { timeout: 10_000 }
let store: Store
let delivery: Delivery
/** A sink that takes when it is told to. */
const sink: Sink = { takes: 'both', ready: () => {} }

beforeEach(async () => {
  const observer = createObserver({ level: 'silent' })
  store = await openStore(tempDatabase(), { observer })
  delivery = new Delivery({ outbox: store.outbox, observer, capacity: 100 })
  await delivery.start()
  delivery.addSink(sink)
})
afterEach(async () => {
  await delivery.stop()
  await store.close()
})

async function append(...events: OutboxEvent[]): Promise<void> {
  await store.transaction((tx) => store.outbox.append(tx, events))
  delivery.committed(events.length)
}

async function take(): Promise<OutboxRow> {
  await expect.poll(() => delivery.has('both'), soon).toBe(true)
  return delivery.take('both') as OutboxRow
}

const keyOf = (row: OutboxRow) => /"rkey":"(k\d+)"/.exec(row.body)?.[1]

test('an event acked late, while it waits to be sent again, is not sent again', async () => {
  await append(event('did:plc:a', 1), event('did:plc:a', 2))
  const first = await take()
  delivery.release(first)
  // It was read again and stands first in its lane.
  await expect.poll(() => delivery.has('both'), soon).toBe(true)
  expect(delivery.ack(first.id)).toBe(true)
  expect(keyOf(await take())).toBe('k2')
  expect(delivery.ack(first.id)).toBe(false)
  await expect.poll(() => store.outbox.count(), soon).toBe(1)
  expect(delivery.pending).toBe(1)
})

test('an event released while its lane is read keeps its place', async () => {
  await append(event('did:plc:a', 1, false), event('did:plc:a', 2, false), event('did:plc:a', 3, false))
  const [first, second] = [await take(), await take()]
  const read = store.outbox.lane.bind(store.outbox)
  const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  store.outbox.lane = async (...args) => {
    const rows = await read(...args)
    asked.resolve()
    await answer.promise
    return rows
  }
  delivery.release(second)
  await asked.promise
  delivery.release(first)
  answer.resolve()
  const order = [await take(), await take(), await take()].map(keyOf)
  expect(order).toEqual(['k1', 'k2', 'k3'])
})

test('a table that cannot be read for a while is read again', async () => {
  const read = store.outbox.page.bind(store.outbox)
  let failures = 0
  store.outbox.page = async (...args) => {
    if (failures++ < 1) throw new Error('disk on fire')
    return read(...args)
  }
  await append(event('did:plc:a', 1))
  expect(keyOf(await take())).toBe('k1')
})

test('for health a table that cannot be read is work that makes no progress; an event nobody acks is not', async () => {
  const read = store.outbox.page.bind(store.outbox)
  const failed = Promise.withResolvers<void>()
  store.outbox.page = async () => {
    failed.resolve()
    throw new Error('disk on fire')
  }
  await append(event('did:plc:a', 1))
  const { done } = delivery.progress
  await failed.promise
  expect(delivery.progress).toEqual({ open: 1, done })
  store.outbox.page = read
  await take()
  await expect.poll(() => delivery.progress.open, soon).toBe(0)
  expect(delivery.progress.done).toBeGreaterThan(done)
})

test('acks that cannot be written are written later, and at the latest when it stops', async () => {
  const remove = store.outbox.delete.bind(store.outbox)
  let failures = 0
  store.outbox.delete = async (...args) => {
    if (failures++ < 1) throw new Error('disk on fire')
    return remove(...args)
  }
  await append(event('did:plc:a', 1))
  delivery.ack((await take()).id)
  await expect.poll(() => failures, soon).toBe(1)
  expect(delivery.progress.open).toBe(1)
  await delivery.stop()
  expect(delivery.progress.open).toBe(0)
  expect(await store.outbox.count()).toBe(0)
})

test('after it stopped nothing is taken, and stopping twice is fine', async () => {
  await append(event('did:plc:a', 1), event('did:plc:b', 2))
  await take()
  await delivery.stop()
  await delivery.stop()
  expect([delivery.has('both'), delivery.take('both')]).toEqual([false, null])
  expect(await store.outbox.count()).toBe(2)
})

test('without anybody who takes events nothing is read', async () => {
  delivery.removeSink(sink)
  let reads = 0
  const read = store.outbox.page.bind(store.outbox)
  store.outbox.page = (...args) => {
    reads++
    return read(...args)
  }
  await append(event('did:plc:a', 1))
  expect(reads).toBe(0)
  delivery.addSink(sink)
  await take()
  expect(reads).toBeGreaterThan(0)
})
