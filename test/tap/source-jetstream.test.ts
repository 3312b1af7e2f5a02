import { expect, test } from 'vitest'
import { tidFromMicros } from '../../src/protocol/tid.ts'
import { openStore } from '../../src/store/open.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { quietObserver, type RunningTap, type RunTapOptions } from '../support/run-tap.ts'
import { STATUS, status } from './consumer.ts'
import { cidOf, Scripted } from './fakes.ts'
import { JetstreamMirror } from './jetstream-mirror.ts'

const soon = { timeout: 15_000 }

const rowsOf = async (running: RunningTap, table: string) => (await running.rows(table)).length

onEachDatabase(({ runTap, fresh }) => {
  const run = (network: Network, url: string, options: Partial<RunTapOptions> = {}): Promise<RunningTap> =>
    runTap({
      network,
      ...options,
      config: { source: { kind: 'jetstream', url }, track: { network: 'full' }, ...options.config },
    })

  test('a Jetstream is followed: every event reaches the handlers once, and says that nobody proved it', async () => {
    await using network = await startNetwork({ seed: 'jetstream', clock: 'system' })
    const repos = Array.from({ length: 3 }, () => network.createRepo({ records: 0 }))
    await using mirror = await JetstreamMirror.start(network)
    await using running = await run(network, mirror.url)
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    for (const repo of repos) {
      const { rkey } = repo.create(STATUS, status('a'))
      repo.update(STATUS, rkey, status('b'))
      repo.create(STATUS, status('c'))
      repo.delete(STATUS, rkey)
      repo.commit(
        [1, 2, 3].map((n) => ({
          action: 'create' as const,
          collection: STATUS,
          rkey: `batch${n}`,
          record: status(`${n}`),
        })),
      )
    }
    await expect.poll(() => rowsOf(running, 'seen'), soon).toBe(3 * 7)
    const seen = await running.rows('seen')
    expect(new Set(seen.map((row) => `${row.source} ${row.live}`))).toEqual(new Set(['jetstream 1']))
    const known = [...network.truth([STATUS])].filter(([uri]) => seen.some((row) => row.uri === uri))
    await expectTruth(running, new Map(known))
    await expectEachOnce(running)
  })

  test('after a restart it goes on from its cursor, and what comes again counts once', async () => {
    await using network = await startNetwork({ seed: 'jetstream restart', clock: 'system' })
    const repo = network.createRepo({ records: 0 })
    await using mirror = await JetstreamMirror.start(network)
    const database = await fresh()
    const first = await run(network, mirror.url, { database })
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    for (let i = 0; i < 20; i++) repo.create(STATUS, status(`${i}`))
    await expect.poll(() => rowsOf(first, 'rec'), soon).toBe(20)
    await first.tap.stop()
    for (let i = 0; i < 20; i++) repo.create(STATUS, status(`away ${i}`))
    await using second = await run(network, mirror.url, { database })
    await expect.poll(() => rowsOf(second, 'rec'), soon).toBe(40)
    // Five seconds before the cursor all of it lies, so all of it came again.
    const { searchParams } = new URL(mirror.server.requests[1]?.url ?? '', 'http://x')
    expect(Number(searchParams.get('cursor'))).toBeLessThan(mirror.events[0]?.time_us ?? 0)
    mirror.server.hangUp()
    repo.create(STATUS, status('after the connection broke'))
    await expect.poll(() => rowsOf(second, 'rec'), soon).toBe(41)
    await expectEachOnce(second)
  })

  test('only tracked accounts are asked for, also those added later', async () => {
    await using network = await startNetwork({ seed: 'jetstream dids', clock: 'system' })
    const [a, b, c] = [0, 1, 2].map(() => network.createRepo({ records: 0 }))
    await using mirror = await JetstreamMirror.start(network)
    await using running = await run(network, mirror.url, { config: { track: { dids: [a?.did ?? ''] } } })
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    const { searchParams } = new URL(mirror.server.requests[0]?.url ?? '', 'http://x')
    expect(searchParams.getAll('wantedDids')).toEqual([a?.did])
    expect(searchParams.getAll('wantedCollections')).toContain(STATUS)
    await running.tap.addRepos([b?.did ?? ''])
    const asked = () => JSON.parse(mirror.server.heard.at(-1) ?? '{}')
    await expect.poll(asked, soon).toMatchObject({
      type: 'options_update',
      payload: { wantedDids: [a?.did, b?.did] },
    })
    for (const repo of [a, b, c]) repo?.create(STATUS, status('x'))
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(2)
    expect((await running.rows('rec')).map((row) => row.did).toSorted()).toEqual([a?.did, b?.did].toSorted())
    await expect(running.tap.resync(a?.did ?? '')).rejects.toThrow('no history')
  })

  test('a signal collection finds accounts', async () => {
    await using network = await startNetwork({ seed: 'jetstream signal', clock: 'system' })
    const [a, b] = [0, 1].map(() => network.createRepo({ records: 0 }))
    await using mirror = await JetstreamMirror.start(network)
    await using running = await run(network, mirror.url, { config: { track: { signal: [STATUS] } } })
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    const profile = (displayName: string) => ({ $type: 'app.bsky.actor.profile', displayName })
    b?.put('app.bsky.actor.profile', 'self', profile('nobody'))
    a?.create(STATUS, status('here'))
    a?.put('app.bsky.actor.profile', 'self', profile('a'))
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(2)
    expect((await running.rows('rec')).every((row) => row.did === a?.did)).toBe(true)
  })

  test('accounts: a new handle is looked up, a deleted account takes its records along', async () => {
    await using network = await startNetwork({ seed: 'jetstream accounts', clock: 'system' })
    const repo = network.createRepo({ records: 0 })
    await using mirror = await JetstreamMirror.start(network)
    await using running = await run(network, mirror.url)
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    repo.create(STATUS, status('x'))
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(1)
    repo.setHandle('new.test')
    await expect
      .poll(async () => (await running.rows('identity_seen')).map((row) => row.handle), soon)
      .toContain('new.test')
    repo.setStatus('deactivated')
    await expect
      .poll(async () => (await running.rows('account_seen')).map((row) => row.status), soon)
      .toContain('deactivated')
    repo.remove()
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(0)
    await expect.poll(() => running.tap.store.repos.get(repo.did), soon).toBeNull()
  })

  test('nonsense is passed over and counted, what follows it is not lost', async () => {
    await using network = await startNetwork({ seed: 'jetstream nonsense', clock: 'system' })
    const did = network.createRepo({ records: 0 }).did
    await using server = await Scripted.start()
    await using running = await run(network, `ws://127.0.0.1:${server.port}`)
    await expect.poll(() => server.connections, soon).toBe(1)
    const commit = (rkey: string, over: object = {}) => {
      const record = status(rkey)
      const facts = {
        rev: '3kb3fge5lm32x',
        operation: 'create',
        collection: STATUS,
        rkey,
        record,
        cid: cidOf(record),
      }
      return { did, time_us: 1_700_000_000_000_000, kind: 'commit', commit: { ...facts, ...over } }
    }
    for (const nonsense of [
      'no json',
      '[]',
      '{}',
      { did: 'nobody', time_us: 1, kind: 'identity' },
      { did, kind: 'identity' },
      { did, time_us: 5, kind: 'unheard' },
      { did, time_us: 5, kind: 'account', account: { active: 'yes' } },
      commit('a', { rev: 'x' }),
      commit('a', { rkey: '../a' }),
      commit('a', { collection: 'no' }),
      commit('a', { operation: 'explode' }),
      commit('a', { cid: 'bafy' }),
      commit('a', { cid: undefined }),
    ])
      server.send(nonsense)
    server.send(commit('float', { record: { ...status('f'), x: 1.5 } }))
    server.send(commit('fine'))
    await expect.poll(() => rowsOf(running, 'rec'), soon).toBe(1)
    const letters = await running.tap.store.deadLetters.list({ limit: 10 })
    expect(letters).toMatchObject([{ rkey: 'float', kind: 'undecodable' }])
    expect(await running.observer.metrics.registry.metrics()).toContain(
      'lextap_feed_events_total{source="jetstream",outcome="invalid"} 13',
    )
  })

  test('a time or a rev of the future holds up nothing: the cursor stays in the present, later events count', async () => {
    await using network = await startNetwork({ seed: 'jetstream future', clock: 'system' })
    const { did } = network.createRepo({ records: 0 })
    await using server = await Scripted.start()
    const database = await fresh()
    const url = `ws://127.0.0.1:${server.port}`
    const first = await run(network, url, { database })
    await expect.poll(() => server.connections, soon).toBe(1)
    const hour = 3_600_000_000
    const send = (rkey: string, rev: string, time_us: number) => {
      const record = status(rkey)
      const facts = { operation: 'create', collection: STATUS, rkey, record, cid: cidOf(record) }
      server.send({ did, time_us, kind: 'commit', commit: { rev, ...facts } })
    }
    const now = Date.now() * 1000
    send('early', tidFromMicros(now), now + 1000 * hour)
    send('impossible', tidFromMicros(now + hour), now)
    send('late', tidFromMicros(now + 1), now)
    await expect.poll(() => rowsOf(first, 'rec'), soon).toBe(2)
    expect((await first.rows('rec')).map((row) => String(row.uri).split('/').at(-1)).toSorted()).toEqual([
      'early',
      'late',
    ])
    await first.tap.stop()
    await using second = await run(network, url, { database })
    await expect.poll(() => server.requests.length, soon).toBe(2)
    const { searchParams } = new URL(server.requests[1]?.url ?? '', 'http://x')
    expect(Number(searchParams.get('cursor'))).toBeLessThan(Date.now() * 1000)
    // As one that was saved by an earlier version.
    await second.tap.stop()
    await using store = await openStore(database, { observer: quietObserver() })
    await store.cursors.set(new URL(url).host, 'jetstream', String(now + 1000 * hour))
    await store.close()
    await using _third = await run(network, url, { database })
    await expect.poll(() => server.requests.length, soon).toBe(3)
    const again = new URL(server.requests[2]?.url ?? '', 'http://x').searchParams.get('cursor')
    expect(Number(again)).toBeLessThan(Date.now() * 1000)
  })

  test('whoever goes back to a firehose has it fetch what was never proven', async () => {
    await using network = await startNetwork({ seed: 'jetstream back', clock: 'system' })
    const repo = network.createRepo({ records: 25, collections: [STATUS] })
    await using mirror = await JetstreamMirror.start(network)
    const database = await fresh()
    const first = await run(network, mirror.url, { database })
    await expect.poll(() => mirror.server.connections, soon).toBe(1)
    repo.create(STATUS, status('seen by the Jetstream'))
    await expect.poll(() => rowsOf(first, 'rec'), soon).toBe(1)
    await first.tap.stop()
    await using second = await runTap({ network, database })
    await second.tap.settled()
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
  })
})
