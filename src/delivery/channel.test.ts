import { once } from 'node:events'
import { expect, test } from 'vitest'
import { event, TestOutbox, tempDatabase } from '../../test/support/outbox.ts'

const soon = { timeout: 10_000 }

test("Tap's example over a socket: live events are barriers, historical ones overlap", async () => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  const live = [false, false, true, false, false, true, false]
  await outbox.append(...live.map((l, n) => event('did:plc:a', n, l)))
  await client.waitFor(2)
  await client.settled()
  expect(client.keys).toEqual(['k0', 'k1'])
  client.ackKey('k0')
  await client.settled()
  expect(client.keys).toEqual(['k0', 'k1'])
  client.ackKey('k1')
  await client.waitFor(3)
  await client.settled()
  expect(client.keys.slice(2)).toEqual(['k2'])
  client.ackKey('k2')
  await client.waitFor(5)
  client.ackKey('k4')
  client.ackKey('k3')
  await client.waitFor(6)
  await client.settled()
  expect(client.keys).toEqual(['k0', 'k1', 'k2', 'k3', 'k4', 'k5'])
  client.ackKey('k5')
  await client.waitFor(7)
})

test('acked events leave the table, others stay', async () => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  await outbox.append(event('did:plc:a', 1), event('did:plc:b', 2), event('did:plc:c', 3))
  await client.waitFor(3)
  client.ackKey('k1')
  client.ackKey('k3')
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(1)
  expect(outbox.delivery.pending).toBe(1)
  expect((await outbox.store.outbox.page(0, 10)).map((row) => row.did)).toEqual(['did:plc:b'])
})

test('events that waited before anybody came are delivered, in any number', async () => {
  await using outbox = await TestOutbox.start({ window: { maxEvents: 50 } })
  const events = Array.from({ length: 3000 }, (_, n) => event(`did:plc:${n % 3}`, n, n % 2 === 0))
  await outbox.append(...events)
  const client = await outbox.connect()
  client.auto = true
  await client.waitFor(3000)
  expect(new Set(client.keys).size).toBe(3000)
  for (const lane of [0, 1, 2]) {
    const order = client.keys.map((key) => Number(key.slice(1))).filter((n) => n % 3 === lane && n % 2 === 0)
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  }
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
})

test('what a client did not ack in time is sent again, and other repos go on meanwhile', async () => {
  await using outbox = await TestOutbox.start({ retryTimeoutMs: 150 })
  const client = await outbox.connect()
  await outbox.append(event('did:plc:a', 1), event('did:plc:a', 2), event('did:plc:b', 3))
  await client.waitFor(2)
  client.ackKey('k3')
  await client.waitFor(3)
  expect(client.keys.slice(0, 3)).toEqual(['k1', 'k3', 'k1'])
  expect(client.keys).not.toContain('k2')
  client.ackKey('k1')
  await expect.poll(() => client.keys, soon).toContain('k2')
})

test('an ack that comes after its event was sent again counts, and the event is not sent a third time', async () => {
  await using outbox = await TestOutbox.start({ retryTimeoutMs: 150 })
  const client = await outbox.connect()
  await outbox.append(event('did:plc:a', 1), event('did:plc:a', 2))
  await client.waitFor(2)
  client.ackKey('k1')
  await expect.poll(() => client.keys, soon).toContain('k2')
  client.auto = true
  client.ackKey('k2')
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
  expect(client.keys.lastIndexOf('k1')).toBeLessThan(client.keys.indexOf('k2'))
})

test('a client that works slowly but steadily is not sent anything twice', async () => {
  await using outbox = await TestOutbox.start({ retryTimeoutMs: 1000 })
  const client = await outbox.connect()
  await outbox.append(...Array.from({ length: 25 }, (_, n) => event(`did:plc:${n}`, n)))
  await client.waitFor(25)
  // All of it takes far longer than the timeout of one.
  for (const { id } of [...client.received]) {
    await new Promise((resolve) => setTimeout(resolve, 60))
    client.ack(id)
  }
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
  expect(client.received).toHaveLength(25)
})

test('when a client dies, what it had is sent to the next one at once', async () => {
  await using outbox = await TestOutbox.start()
  const first = await outbox.connect()
  await outbox.append(
    event('did:plc:a', 1),
    event('did:plc:a', 2),
    event('did:plc:b', 3, false),
    event('did:plc:b', 4, false),
  )
  await first.waitFor(3)
  first.ackKey('k4')
  await first.settled()
  await first.crash()
  const second = await outbox.connect()
  second.auto = true
  await second.waitFor(3)
  expect(second.keys.toSorted()).toEqual(['k1', 'k2', 'k3'])
  expect(second.keys.indexOf('k1')).toBeLessThan(second.keys.indexOf('k2'))
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
})

test('after a restart what was not acked comes again, and ids are never used twice', async () => {
  const database = tempDatabase()
  const before = await TestOutbox.start({ database })
  const client = await before.connect()
  await before.append(event('did:plc:a', 1), event('did:plc:b', 2), event('did:plc:c', 3))
  await client.waitFor(3)
  for (const key of ['k2', 'k3']) client.ackKey(key)
  await expect.poll(() => before.store.outbox.count(), soon).toBe(1)
  const last = Math.max(...client.received.map(({ id }) => id))
  const closed = once(client.socket, 'close')
  await before.stop()
  await closed
  // The official client only comes back when nobody said goodbye.
  expect(client.closed?.code).toBe(1006)

  await using after = await TestOutbox.start({ database })
  const again = await after.connect()
  await after.append(event('did:plc:d', 4))
  await again.waitFor(2)
  expect(again.keys.toSorted()).toEqual(['k1', 'k4'])
  expect(again.received.find(({ key }) => key === 'k4')?.id).toBeGreaterThan(last)
})

test('several clients share the events, each event goes to one of them', async () => {
  await using outbox = await TestOutbox.start()
  const clients = await Promise.all([outbox.connect(), outbox.connect(), outbox.connect()])
  for (const client of clients) client.auto = true
  await outbox.append(...Array.from({ length: 900 }, (_, n) => event(`did:plc:${n}`, n)))
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
  const counts = clients.map((client) => client.received.length)
  expect(counts.reduce((a, b) => a + b)).toBe(900)
  expect(Math.min(...counts)).toBeGreaterThan(100)
  expect(new Set(clients.flatMap((client) => client.keys)).size).toBe(900)
})

test('the order of a repo holds across clients', async () => {
  await using outbox = await TestOutbox.start()
  const [a, b] = await Promise.all([outbox.connect(), outbox.connect()])
  await outbox.append(event('did:plc:a', 1, false), event('did:plc:a', 2, false), event('did:plc:a', 3))
  await expect.poll(() => a.received.length + b.received.length, soon).toBe(2)
  const [holder, other] = a.received.length > 0 ? [a, b] : [b, a]
  for (const client of [holder, other]) for (const { id } of client.received) client.ack(id)
  await expect.poll(() => a.received.length + b.received.length, soon).toBe(3)
  expect([...a.keys, ...b.keys].toSorted()).toEqual(['k1', 'k2', 'k3'])
})

test('fire and forget: written is taken', async () => {
  await using outbox = await TestOutbox.start({ acks: false })
  await outbox.append(event('did:plc:a', 1), event('did:plc:a', 2), event('did:plc:a', 3))
  const client = await outbox.connect()
  await client.waitFor(3)
  expect(client.keys).toEqual(['k1', 'k2', 'k3'])
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
})

test('a client that does not read holds back no more than its share', async () => {
  await using outbox = await TestOutbox.start({ capacity: 100_000 })
  const idle = await outbox.connect()
  idle.socket.pause()
  await outbox.append(...Array.from({ length: 5000 }, (_, n) => event(`did:plc:${n}`, n)))
  const busy = await outbox.connect('', { auto: true })
  await busy.waitFor(3500)
  expect(outbox.delivery.inFlight).toBeLessThanOrEqual(2000)
  idle.socket.resume()
  idle.auto = true
  for (const { id } of idle.received) idle.ack(id)
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
})

test('a repo whose events nobody can take does not hold up the others, however many it has', async () => {
  await using outbox = await TestOutbox.start({ window: { maxEvents: 100 }, capacity: 100_000 })
  await outbox.append(...Array.from({ length: 500 }, (_, n) => event('did:plc:poison', n)))
  await outbox.append(...Array.from({ length: 500 }, (_, n) => event(`did:plc:${n}`, 1000 + n)))
  const client = await outbox.connect('', { auto: (key) => Number(key.slice(1)) >= 1000 })
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(500)
  expect(client.received.filter(({ key }) => Number(key.slice(1)) < 1000)).toHaveLength(1)
})

test('the source waits while the outbox is full', async () => {
  await using outbox = await TestOutbox.start({ capacity: 10 })
  await outbox.append(...Array.from({ length: 9 }, (_, n) => event(`did:plc:${n}`, n)))
  expect(outbox.delivery.room()).toBeUndefined()
  await outbox.append(event('did:plc:9', 9))
  const room = outbox.delivery.room()
  expect(room).toBeInstanceOf(Promise)
  let open = false
  void room?.then(() => {
    open = true
  })
  const client = await outbox.connect()
  await client.waitFor(10)
  expect(open).toBe(false)
  client.auto = true
  client.ackKey('k0')
  await room
  expect(outbox.delivery.pending).toBe(9)
  expect(outbox.delivery.room()).toBeUndefined()
})

test('whoever waits for room goes on when delivery stops', async () => {
  const outbox = await TestOutbox.start({ capacity: 1 })
  await outbox.append(event('did:plc:a', 1))
  const room = outbox.delivery.room()
  await outbox.stop()
  await room
  expect(outbox.delivery.room()).toBeUndefined()
})

test('events that another process wrote are found', async () => {
  await using outbox = await TestOutbox.start({ pollMs: 20 })
  const client = await outbox.connect()
  await outbox.store.transaction((tx) => outbox.store.outbox.append(tx, [event('did:plc:a', 1)]))
  await client.waitFor(1)
  expect(client.keys).toEqual(['k1'])
})

test('emitted events are for those who ask for them', async () => {
  await using outbox = await TestOutbox.start()
  const emitted = (n: number) => ({
    ...event('did:plc:a', n),
    kind: 'emit' as const,
    body: `"type":"emit","emit":{"live":true,"did":"did:plc:a","name":"n${n}","payload":{}}}`,
  })
  await outbox.append(emitted(1), event('did:plc:a', 2))
  const plain = await outbox.connect()
  await plain.waitFor(1)
  plain.auto = true
  plain.ackKey('k2')
  const only = await outbox.connect('?emit=only')
  only.auto = true
  await only.waitFor(1)
  await outbox.append(emitted(3), event('did:plc:b', 4))
  await Promise.all([only.waitFor(2), plain.waitFor(2)])
  expect([plain.keys, only.keys]).toEqual([
    ['k2', 'k4'],
    ['n1', 'n3'],
  ])
  await only.crash()
  const both = await outbox.connect('?emit=true')
  both.auto = true
  await outbox.append(emitted(5))
  await both.waitFor(1)
  expect(both.keys).toEqual(['n5'])
})

test.each([
  ['no JSON', 'hello'],
  ['a list', '[]'],
  ['an id that is text', '{"type":"ack","id":"1"}'],
  ['a negative id', '{"type":"ack","id":-1}'],
  ['a broken number', '{"type":"ack","id":1.5}'],
])('a client that sends nonsense is told and loses its connection: %s', async (_, text) => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  client.socket.send(text)
  await once(client.socket, 'close')
  expect(client.closed).toEqual({ code: 1008, reason: 'expected {"type":"ack","id":<number>}' })
})

test('messages of other types and acks of unknown events are passed over', async () => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  for (const text of ['{"type":"hello","id":1}', 'null', '{"type":"ack","id":null}', '{"type":"ack"}'])
    client.socket.send(text)
  client.ack(99_999)
  await outbox.append(event('did:plc:a', 1))
  await client.waitFor(1)
  client.ackKey('k1')
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
})

test('acks may come as bytes, as Tap takes them', async () => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  await outbox.append(event('did:plc:a', 1))
  await client.waitFor(1)
  client.socket.send(Buffer.from(`{"type":"ack","id":${client.received[0]?.id}}`))
  await expect.poll(() => outbox.store.outbox.count(), soon).toBe(0)
  expect(client.closed).toBeNull()
})

test('an ack of an event that was never sent deletes nothing', async () => {
  await using outbox = await TestOutbox.start()
  const client = await outbox.connect()
  await outbox.append(event('did:plc:a', 1), event('did:plc:a', 2))
  await client.waitFor(1)
  client.ack((client.received[0]?.id ?? 0) + 1)
  await client.settled()
  client.ackKey('k1')
  await client.waitFor(2)
  expect(client.keys).toEqual(['k1', 'k2'])
})
