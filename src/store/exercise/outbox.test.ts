import { afterEach, beforeAll, expect, test } from 'vitest'
import { onEachStore } from '../../../test/support/store-exercise.ts'
import type { Store } from '../open.ts'
import type { OutboxEvent } from '../outbox.ts'

const event = (did: string, n: number, over: Partial<OutboxEvent> = {}): OutboxEvent => ({
  kind: 'record',
  did,
  live: n % 2 === 0,
  name: `event ${n}`,
  body: `"type":"record","record":{"n":${n}}}`,
  ...over,
})

onEachStore('the outbox', (on) => {
  let store: Store
  beforeAll(() => {
    store = on.store
  })
  afterEach(async () => {
    await store.outbox.delete((await store.outbox.page(0, 10_000)).map(({ id }) => id))
    await store.outbox.dropFailed()
  })
  const append = (...events: OutboxEvent[]) => store.transaction((tx) => store.outbox.append(tx, events))

  test('what was appended is paged in order, as it was', async () => {
    const events = [
      event('did:plc:a', 1),
      event('did:plc:b', 2, { kind: 'emit', live: true }),
      event('did:plc:a', 3),
    ]
    await append(...events)
    const rows = await store.outbox.page(0, 2)
    expect(rows).toEqual(events.slice(0, 2).map((one) => ({ ...one, id: expect.any(Number) })))
    const rest = await store.outbox.page(rows[1]?.id ?? 0, 10)
    expect(rest.map(({ name }) => name)).toEqual(['event 3'])
    expect(await store.outbox.count()).toBe(3)
  })

  test('a transaction that rolls back leaves nothing', async () => {
    const failed = store.transaction(async (tx) => {
      await store.outbox.append(tx, [event('did:plc:a', 1)])
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await store.outbox.count()).toBe(0)
  })

  test('ids are not used again when all rows are gone', async () => {
    await append(event('did:plc:a', 1), event('did:plc:a', 2))
    const [first, second] = await store.outbox.page(0, 10)
    expect(await store.outbox.delete([first?.id ?? 0, second?.id ?? 0])).toBe(2)
    await append(event('did:plc:a', 3))
    expect((await store.outbox.page(0, 10))[0]?.id).toBeGreaterThan(second?.id ?? 0)
  })

  test('the lane of a repo, from one id through another', async () => {
    await append(...[1, 2, 3, 4, 5].map((n) => event(n % 2 === 0 ? 'did:plc:b' : 'did:plc:a', n)))
    const [one, , three, , five] = (await store.outbox.page(0, 10)).map(({ id }) => id)
    const lane = (from?: number, through?: number, limit = 10) =>
      store.outbox.lane('did:plc:a', from ?? 0, through ?? 0, limit)
    expect((await lane(one, five)).map(({ id }) => id)).toEqual([one, three, five])
    expect((await lane(three, three)).map(({ id }) => id)).toEqual([three])
    expect((await lane(one, five, 2)).map(({ id }) => id)).toEqual([one, three])
  })

  test('failed events wait apart, are listed, sent again under new ids, or dropped', async () => {
    await append(...[1, 2, 3, 4].map((n) => event('did:plc:a', n)))
    const [one = 0, two = 0, three = 0, four = 0] = (await store.outbox.page(0, 10)).map(({ id }) => id)
    for (const id of [three, one]) expect(await store.outbox.fail(id, 'nobody there', 5)).toBe(1)
    expect(await store.outbox.count()).toBe(2)
    expect(await store.outbox.countFailed()).toBe(2)
    expect((await store.outbox.page(0, 10)).map(({ id }) => id)).toEqual([two, four])
    expect(await store.outbox.lane('did:plc:a', one, four, 10)).toHaveLength(2)
    const failed = await store.outbox.listFailed(0, 10)
    expect(failed).toMatchObject([
      { id: one, attempts: 5, error: 'nobody there', name: 'event 1', live: false },
      { id: three, attempts: 5 },
    ])
    expect(failed[0]?.failedAt).toBeGreaterThanOrEqual(failed[0]?.createdAt ?? 0)
    expect(await store.outbox.listFailed(one, 10)).toHaveLength(1)

    expect(await store.outbox.retryFailed([three, two])).toBe(1)
    const rows = await store.outbox.page(0, 10)
    expect(rows.map(({ name }) => name)).toEqual(['event 2', 'event 4', 'event 3'])
    expect(rows[2]?.id).toBeGreaterThan(four)
    expect(await store.outbox.dropFailed([two])).toBe(0)
    expect(await store.outbox.dropFailed()).toBe(1)
    expect(await store.outbox.countFailed()).toBe(0)
  })

  test('retrying all keeps their order', async () => {
    await append(...[1, 2, 3].map((n) => event('did:plc:a', n)))
    for (const { id } of (await store.outbox.page(0, 10)).toReversed()) await store.outbox.fail(id, 'x', 1)
    expect(await store.outbox.retryFailed()).toBe(3)
    expect((await store.outbox.page(0, 10)).map(({ name }) => name)).toEqual([
      'event 1',
      'event 2',
      'event 3',
    ])
  })

  test('a transaction that appends waits for the one that appended before it', async () => {
    const [appended, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const first = store.transaction(async (tx) => {
      await store.outbox.append(tx, [event('did:plc:a', 1)])
      appended.resolve()
      await gate.promise
    })
    await appended.promise
    const second = append(event('did:plc:b', 2))
    // Were the second through by now, a reader would pass over the first.
    const waited = await Promise.race([
      second.then(() => false),
      new Promise((go) => setTimeout(go, 200, true)),
    ])
    gate.resolve()
    await Promise.all([first, second])
    expect(waited).toBe(true)
    expect((await store.outbox.page(0, 10)).map(({ name }) => name)).toEqual(['event 1', 'event 2'])
  })

  test('a reader that goes by id misses nothing, however the transactions overlap', async () => {
    const total = 60
    const begun = new Set<number>()
    const writers = Array.from({ length: total }, (_, n) =>
      store.transaction(async (tx) => {
        begun.add(n)
        await store.outbox.append(tx, [event(`did:plc:${n}`, n)])
        // The commit comes later, and not in the order of the ids unless somebody sees to it.
        await new Promise((resolve) => setTimeout(resolve, (n * 7) % 13))
      }),
    )
    const seen: string[] = []
    let after = 0
    const all = Promise.all(writers).then(() => true)
    for (let done = false; !done || seen.length < total; ) {
      done = await Promise.race([all, new Promise<false>((resolve) => setTimeout(resolve, 1, false))])
      const rows = await store.outbox.page(after, 7)
      for (const row of rows) seen.push(row.name)
      after = rows.at(-1)?.id ?? after
      if (done && rows.length === 0) break
    }
    expect(new Set(seen).size).toBe(total)
    expect(seen).toHaveLength(total)
  })
})
