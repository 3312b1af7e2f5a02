import { expect, test } from 'vitest'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { anySchema, put } from '../support/plain-handlers.ts'
import { type RunningTap, type RunTapOptions, runTap as runOnSqlite } from '../support/run-tap.ts'
import { STATUS, status } from './consumer.ts'
import { cidOf, Scripted } from './fakes.ts'

const soon = { timeout: 15_000 }

/** The Tap that is followed: lextap in its place. */
const runUpstream = (network: Network, options: Partial<RunTapOptions> = {}): Promise<RunningTap> =>
  runOnSqlite({
    ...{ network, definitions: [], schemas: {} },
    ...options,
    config: { server: { port: 0, host: '127.0.0.1', password: 'pw' }, track: {}, ...options.config },
  })

const urlOf = (running: RunningTap) => running.tap.serverUrl ?? ''
const rowsOf = async (running: RunningTap, table: string) => (await running.rows(table)).length

onEachDatabase(({ name, runTap, fresh }) => {
  /** For what asks in the middle of a transaction: PGlite has one connection, and who asks waits for its end. */
  const testMeanwhile = test.skipIf(name === 'pglite')

  const follow = (network: Network, url: string, options: Partial<RunTapOptions> = {}): Promise<RunningTap> =>
    runTap({
      network,
      ...options,
      config: { source: { kind: 'tap', url, password: 'pw' }, track: {}, ...options.config },
    })

  test('a project with handlers follows a Tap: backfill, live events, accounts, each once', async () => {
    await using network = await startNetwork({ seed: 'follow tap', clock: 'system' })
    const [a, b] = [network.createRepo({ records: 700 }), network.createRepo({ records: 30 })]
    await using upstream = await runUpstream(network)
    await using running = await follow(network, urlOf(upstream), { config: { track: { dids: [a.did] } } })
    // The Tap is told whom to follow.
    await expect.poll(() => upstream.tap.store.repos.get(a.did), soon).not.toBeNull()
    await running.tap.addRepos([b.did])
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(network.truth().size)
    const { rkey } = a.create(STATUS, status('1'))
    a.update(STATUS, rkey, status('2'))
    b.commit(
      [1, 2, 3].map((n) => ({
        action: 'create' as const,
        collection: STATUS,
        rkey: `n${n}`,
        record: status(`${n}`),
      })),
    )
    b.setHandle('renamed.test')
    await expect
      .poll(async () => (await running.rows('identity_seen')).map((row) => row.handle), soon)
      .toContain('renamed.test')
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(network.truth().size)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    const seen = await running.rows('seen')
    expect(new Set(seen.map((row) => row.source))).toEqual(new Set(['tap']))
    expect(seen.filter((row) => row.live === 1)).toHaveLength(5)
    await expect.poll(() => upstream.tap.store.outbox.count(), soon).toBe(0)

    b.remove()
    await expect
      .poll(async () => (await running.rows('rec')).some((row) => row.did === b.did), soon)
      .toBe(false)
    expect(await running.rows('account_seen')).toMatchObject([{ did: b.did, status: 'deleted' }])
    await running.tap.removeRepo(a.did)
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(0)
    await expect.poll(() => upstream.tap.store.repos.get(a.did), soon).toBeNull()
  })

  test('stopped and started in the middle: nothing is lost, nothing counts twice', async () => {
    await using network = await startNetwork({ seed: 'follow restart', clock: 'system' })
    const repos = Array.from({ length: 4 }, () => network.createRepo({ records: 400 }))
    await using upstream = await runUpstream(network)
    const database = await fresh()
    const options = { database, config: { track: { dids: repos.map((repo) => repo.did) } } }
    const first = await follow(network, urlOf(upstream), options)
    await expect.poll(() => rowsOf(first, 'rec'), soon).toBeGreaterThan(200)
    await first.tap.stop()
    for (const repo of repos) repo.create(STATUS, status('while away'))
    await using second = await follow(network, urlOf(upstream), options)
    await expect.poll(() => rowsOf(second, 'rec'), soon).toBe(network.truth().size)
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
    await expect.poll(() => upstream.tap.store.outbox.count(), soon).toBe(0)
  })

  test('the Tap restarts: its repeats count once', async () => {
    await using network = await startNetwork({ seed: 'follow tap restart', clock: 'system' })
    const repo = network.createRepo({ records: 300 })
    const upstreamDatabase = await fresh()
    const before = await runUpstream(network, { database: upstreamDatabase })
    const port = Number(new URL(urlOf(before)).port)
    await using running = await follow(network, urlOf(before), {
      config: { track: { dids: [repo.did] } },
    })
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBeGreaterThan(50)
    await before.tap.stop()
    await using after = await runUpstream(network, {
      database: upstreamDatabase,
      config: { server: { port, host: '127.0.0.1', password: 'pw' } },
    })
    await after.tap.resync(repo.did)
    await after.tap.settled()
    repo.create(STATUS, status('after'))
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(network.truth().size)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
  })

  test('a resync has the Tap send the repo from the start', async () => {
    await using network = await startNetwork({ seed: 'follow resync', clock: 'system' })
    const repo = network.createRepo({ records: 20 })
    await using upstream = await runUpstream(network)
    await using running = await follow(network, urlOf(upstream), { config: { track: { dids: [repo.did] } } })
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(network.truth().size)
    const id = (await upstream.tap.store.repos.get(repo.did))?.id
    await running.tap.resync(repo.did)
    await expect.poll(async () => (await upstream.tap.store.repos.get(repo.did))?.id ?? id, soon).not.toBe(id)
    await upstream.tap.settled()
    await expect.poll(() => upstream.tap.store.outbox.count(), soon).toBe(0)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
  })

  const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  const [OLD, NOW, NEW] = ['3kb3fge5lm32x', '3kb3fge5lm42x', '3kb3fge5lm52x']
  let id = 0
  function told(
    rev: string,
    rkey: string,
    text: string | null,
    over: object = {},
  ): { id: number; type: string; record: object } {
    const record = text === null ? undefined : status(text)
    const action = text === null ? 'delete' : 'create'
    const cid = record === undefined ? undefined : cidOf(record)
    return {
      id: ++id,
      type: 'record',
      record: { live: true, did: DID, rev, collection: STATUS, rkey, action, record, cid, ...over },
    }
  }

  async function scripted(definitions?: readonly HandlerDefinition[]) {
    const network = await startNetwork({ seed: 'scripted', clock: 'system' })
    const tap = await Scripted.start()
    const running = await follow(
      network,
      `http://127.0.0.1:${tap.port}`,
      definitions === undefined ? {} : { definitions },
    )
    await expect.poll(() => tap.connections, soon).toBe(1)
    return {
      ...{ network, tap, running },
      seen: async () =>
        (await running.rows('seen')).map(
          (row) => `${row.action} ${row.rev} ${String(row.uri).split('/').at(-1)}`,
        ),
      async [Symbol.asyncDispose]() {
        await running.tap.stop()
        await tap[Symbol.asyncDispose]()
        await network.close()
      },
    }
  }

  test('repeats are told by rev and index, and acked all the same', async () => {
    await using s = await scripted()
    const events = [
      told(NOW, 'a', '1'),
      told(NOW, 'b', '2'),
      told(NOW, 'a', '1'),
      told(NOW, 'b', '2'),
      told(OLD, 'a', 'older'),
      told(OLD, 'b', null),
      told(NEW, 'a', null),
      told(NOW, 'a', '1'),
      told(NEW, 'a', null),
      told(NEW, 'c', '3'),
    ]
    for (const event of events) s.tap.send(event)
    await expect.poll(() => s.tap.acks.length, soon).toBe(events.length)
    expect((await s.seen()).toSorted()).toEqual(
      [`create ${NOW} a`, `create ${NOW} b`, `delete ${NEW} a`, `create ${NEW} c`].toSorted(),
    )
    expect((await s.running.rows('rec')).map((row) => row.rkey).toSorted()).toEqual(['b', 'c'])
    expect(s.tap.acks.toSorted((a, b) => a - b)).toEqual(events.map((event) => event.id))
  })

  testMeanwhile('an event is acked after its handlers are committed, and not before', async () => {
    const [gate, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: HandlerDefinition = {
      ...{ kind: 'record', pattern: STATUS, schemas: [anySchema(STATUS)] },
      handlers: {
        async put(event, context) {
          await put(event, context)
          begun.resolve()
          await gate.promise
        },
      },
    }
    await using s = await scripted([slow])
    const first = told(NOW, 'a', '1')
    s.tap.send(first)
    await begun.promise
    expect((await s.running.tap.status()).relay.open).toBe(1)
    expect(s.tap.heard).toEqual([])
    gate.resolve()
    await expect.poll(() => s.tap.acks, soon).toEqual([first.id])
    expect(await rowsOf(s.running, 'rec')).toBe(1)
  })

  test('what cannot be read is acked, or it would hold up its repo for ever; what has no content is a dead letter', async () => {
    await using s = await scripted()
    const nonsense = [
      told(NOW, 'a', '1', { did: 'nobody' }),
      told(NOW, 'a', '1', { cid: 'bafy' }),
      told(NOW, 'a', '1', { live: 'yes' }),
      { id: ++id, type: 'label', label: {} },
      { id: ++id, type: 'identity', identity: { did: DID, handle: 1 } },
    ]
    for (const event of [...nonsense, 'no json', '{"type":"record"}']) s.tap.send(event)
    const empty = told(NOW, 'empty', '1', { record: undefined })
    const fine = told(NEW, 'fine', '2')
    for (const event of [empty, fine]) s.tap.send(event)
    await expect.poll(() => s.tap.acks, soon).toEqual([...nonsense, empty, fine].map((event) => event.id))
    expect(await s.seen()).toEqual([`create ${NEW} fine`])
    expect(await s.running.tap.store.deadLetters.list({ limit: 5 })).toMatchObject([
      { rkey: 'empty', kind: 'undecodable' },
    ])
  })

  testMeanwhile(
    'an ack goes over the connection of its event or not at all: a Tap that restarted gives ids again',
    async () => {
      const gate = Promise.withResolvers<void>()
      const slow: HandlerDefinition = {
        ...{ kind: 'record', pattern: STATUS, schemas: [anySchema(STATUS)] },
        handlers: {
          async put(event, context) {
            if (event.record.status === 'before') await gate.promise
            await put(event, context)
          },
        },
      }
      await using s = await scripted([slow])
      const before = told(OLD, 'a', 'before')
      s.tap.send(before)
      await expect.poll(() => s.running.tap.status().then(({ relay }) => relay.open), soon).toBe(1)
      s.tap.hangUp()
      await expect.poll(() => s.tap.requests.length, soon).toBe(2)
      const after = { ...told(NOW, 'b', 'after'), id: before.id }
      const last = told(NEW, 'c', 'last')
      for (const event of [after, last]) s.tap.send(event)
      await expect.poll(() => s.running.tap.status().then(({ relay }) => relay.open), soon).toBe(3)
      gate.resolve()
      await expect.poll(() => s.tap.acks, soon).toContain(last.id)
      expect(s.tap.acks).toEqual([after.id, last.id])
      expect(await rowsOf(s.running, 'rec')).toBe(3)
    },
  )

  test('a Tap that refuses for good ends the run with an error that names the option', async () => {
    await using network = await startNetwork({ seed: 'refusing', clock: 'system' })
    await using upstream = await runUpstream(network)
    const wrong = await runTap({
      network,
      config: { source: { kind: 'tap', url: urlOf(upstream), password: 'no' }, track: {} },
    })
    await expect(wrong.tap.finished).rejects.toThrow('wants another password; check the option source')
    await wrong.tap.stop()
    const relay = await runTap({
      network,
      config: { source: { kind: 'tap', url: network.relayHttp }, track: {} },
    })
    await expect(relay.tap.finished).rejects.toThrow('check the option source')
    await relay.tap.stop()
  })

  test('whoever goes back to a firehose has it fetch what was never proven', async () => {
    await using network = await startNetwork({ seed: 'tap back', clock: 'system' })
    const repo = network.createRepo({ records: 25 })
    const upstream = await runUpstream(network)
    const database = await fresh()
    const first = await follow(network, urlOf(upstream), {
      database,
      config: { track: { dids: [repo.did] } },
    })
    await expect.poll(() => rowsOf(first, 'rec'), soon).toBe(network.truth().size)
    await first.tap.stop()
    await upstream.tap.stop()
    repo.create(STATUS, status('nobody told us'))
    await using second = await runTap({ network, database })
    await second.tap.settled()
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
  })
})
