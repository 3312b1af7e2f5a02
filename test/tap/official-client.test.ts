import { Tap } from '@atproto/tap'
import { expect, test } from 'vitest'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { type RunningTap, type RunTapOptions, runTap } from '../support/run-tap.ts'
import { Consumer, LexIndexer, STATUS, status, statusSchema } from './consumer.ts'

const soon = { timeout: 15_000 }

/** lextap in the place of a Tap: no handlers, no lexicons. */
function runAsTap(network: Network, options: Partial<RunTapOptions> = {}): Promise<RunningTap> {
  const config = { server: { port: 0 }, track: {}, ...options.config }
  return runTap({ network, definitions: [], schemas: {}, ...options, config })
}

const urlOf = (running: RunningTap) => running.tap.serverUrl ?? ''
const cidsOf = (network: Network) => new Map([...network.truth()].map(([uri, { cid }]) => [uri, cid]))

test('repos are added, backfilled, followed live and removed', async () => {
  await using network = await startNetwork({ seed: 'client', clock: 'system' })
  const repo = network.createRepo({ records: 50 })
  network.createRepo({ records: 5 })
  await using running = await runAsTap(network)
  await using consumer = new Consumer(urlOf(running))
  consumer.start()
  await consumer.tap.addRepos([repo.did])
  const own = () => [...cidsOf(network)].filter(([uri]) => uri.includes(repo.did))
  await expect.poll(() => consumer.records.size, soon).toBe(own().length)
  expect(new Map(own())).toEqual(consumer.records)
  expect(consumer.of(repo).every((event) => !event.live && event.action === 'create')).toBe(true)
  expect(consumer.events.find((event) => event.type === 'identity')).toMatchObject({
    ...{ did: repo.did, handle: repo.handle, isActive: true, status: 'active' },
  })

  const { rkey, uri } = repo.create(STATUS, status('a'))
  repo.update(STATUS, rkey, status('b'))
  repo.delete(STATUS, rkey)
  await expect.poll(() => consumer.of(repo).filter(({ live }) => live).length, soon).toBe(3)
  const live = consumer.of(repo).filter((event) => event.live)
  expect(live.map(({ action, record }) => [action, record?.status])).toEqual([
    ['create', 'a'],
    ['update', 'b'],
    ['delete', undefined],
  ])
  expect(consumer.records.has(uri)).toBe(false)
  expect(live.map(({ rev }) => rev)).toEqual(live.map(({ rev }) => rev).toSorted())

  await consumer.tap.removeRepos([repo.did])
  await expect.poll(() => consumer.records.size, soon).toBe(0)
  await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
  await expect(consumer.tap.getRepoInfo(repo.did)).rejects.toThrow()
  expect(consumer.errors).toEqual([])
})

test('a repo on its way out is not there for whoever asks, and comes back when it is added', async () => {
  await using network = await startNetwork({ seed: 'leaving', clock: 'system' })
  const { did } = network.createRepo({ records: 3 })
  // Nobody takes events, so the removal has to wait with its own.
  await using running = await runAsTap(network, {
    config: { server: { port: 0 }, track: {}, delivery: { capacity: 1 } },
  })
  const tap = new Tap(urlOf(running))
  await tap.addRepos([did])
  await expect.poll(() => running.tap.status().then(({ outbox }) => outbox?.full), soon).toBe(true)
  expect(await tap.getRepoInfo(did)).toMatchObject({ did })
  await tap.removeRepos([did])
  await expect(tap.getRepoInfo(did)).rejects.toThrow('Not Found')
  expect(await running.tap.resync(did)).toBe(false)
  await tap.addRepos([did])
  expect(await tap.getRepoInfo(did)).toMatchObject({ did })
  await using consumer = new Consumer(urlOf(running))
  consumer.start()
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  await expect.poll(() => tap.getRepoInfo(did), soon).toMatchObject({ state: 'active', records: 3 })
})

test('info and DID documents', async () => {
  await using network = await startNetwork({ seed: 'info', clock: 'system' })
  const repo = network.createRepo({ records: 7 })
  await using running = await runAsTap(network)
  const tap = new Tap(urlOf(running))
  await tap.addRepos([repo.did])
  await running.tap.settled()
  const count = [...network.truth().keys()].length
  expect(await tap.getRepoInfo(repo.did)).toEqual({
    ...{ did: repo.did, handle: repo.handle, state: 'active', records: count, error: '', retries: 0 },
    rev: (await running.tap.store.repos.get(repo.did))?.rev,
  })
  expect(await tap.resolveDid(repo.did)).toEqual(network.didDocuments()[repo.did])
  expect(await tap.resolveDid('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).toBeNull()
  await expect(tap.resolveDid('nonsense')).rejects.toThrow('Bad Request')
  await expect(tap.addRepos(['nonsense'])).rejects.toThrow('Bad Request')
})

test('accounts: a new handle, a deactivation, a return, a deletion', async () => {
  await using network = await startNetwork({ seed: 'accounts of a client', clock: 'system' })
  const repo = network.createRepo({ records: 3 })
  await using running = await runAsTap(network)
  await using consumer = new Consumer(urlOf(running))
  consumer.start()
  await consumer.tap.addRepos([repo.did])
  const told = () =>
    consumer.events.flatMap((event) => (event.type === 'identity' ? [`${event.handle} ${event.status}`] : []))
  const handle = repo.handle
  await expect.poll(told, soon).toEqual([`${handle} active`])
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  repo.setHandle('renamed.test')
  await expect.poll(told, soon).toEqual([`${handle} active`, 'renamed.test active'])
  repo.setStatus('deactivated')
  await expect.poll(told, soon).toContain('renamed.test deactivated')
  repo.setStatus('active')
  await expect.poll(() => told().at(-1), soon).toBe('renamed.test active')
  repo.remove()
  await expect.poll(() => told().at(-1), soon).toBe('renamed.test deleted')
  await expect.poll(() => consumer.records.size, soon).toBe(0)
  await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
  expect(consumer.errors).toEqual([])
})

test('LexIndexer takes typed records, and what it refuses comes again until it does not', async () => {
  await using network = await startNetwork({ seed: 'lex', clock: 'system' })
  const repo = network.createRepo({ records: 0 })
  await using running = await runAsTap(network, {
    config: { server: { port: 0 }, track: {}, delivery: { retryTimeoutMs: 200 } },
  })
  const seen: string[] = []
  const errors: string[] = []
  let strict = true
  const indexer = new LexIndexer()
    .put({ main: statusSchema }, async ({ action, record }) => void seen.push(`${action} ${record.status}`))
    .delete({ main: statusSchema }, async ({ action }) => void seen.push(action))
    .other(async ({ collection }) => void seen.push(`other ${collection}`))
    .error((error) => void errors.push(error.message))
  const handle = indexer.onEvent.bind(indexer)
  // Someone mends the schema.
  indexer.onEvent = (event, options) =>
    strict || !('record' in event) ? handle(event, options) : options.ack()
  const tap = new Tap(urlOf(running))
  await using channel = tap.channel(indexer)
  void channel.start()
  await tap.addRepos([repo.did])
  await running.tap.settled()
  const { rkey } = repo.create(STATUS, status('🦋'))
  repo.update(STATUS, rkey, status('👍'))
  repo.delete(STATUS, rkey)
  repo.create('app.bsky.actor.profile', { $type: 'app.bsky.actor.profile', displayName: 'me' }, 'self')
  await expect
    .poll(() => seen.slice(-4), soon)
    .toEqual(['create 🦋', 'update 👍', 'delete', 'other app.bsky.actor.profile'])
  repo.create(STATUS, status('too long'))
  await expect.poll(() => errors.length, soon).toBeGreaterThan(1)
  expect(await running.tap.store.outbox.count()).toBe(1)
  strict = false
  await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
})

test('a password: with it everything works, without it nothing does', async () => {
  await using network = await startNetwork({ seed: 'auth', clock: 'system' })
  const repo = network.createRepo({ records: 3 })
  const server = { port: 0, host: '127.0.0.1', password: 'pa:ss' }
  await using running = await runAsTap(network, { config: { server, track: {} } })
  await using consumer = new Consumer(urlOf(running), 'pa:ss')
  consumer.start()
  await consumer.tap.addRepos([repo.did])
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)

  for (const password of [undefined, 'wrong']) {
    await using stranger = new Consumer(urlOf(running), password)
    stranger.start()
    await expect(stranger.tap.addRepos([repo.did])).rejects.toThrow('Unauthorized')
    await expect(stranger.ended).rejects.toThrow('401')
  }
})

test('an error in the app: the event comes again, in its place', async () => {
  await using network = await startNetwork({ seed: 'errors', clock: 'system' })
  const [bad, good] = [network.createRepo({ records: 2 }), network.createRepo({ records: 2 })]
  await using running = await runAsTap(network, {
    config: { server: { port: 0 }, track: {}, delivery: { retryTimeoutMs: 300 } },
  })
  await using consumer = new Consumer(urlOf(running))
  consumer.start()
  await consumer.tap.addRepos([bad.did, good.did])
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  let failures = 0
  consumer.before = (event) => {
    if (event.type === 'record' && event.live && event.did === bad.did && failures++ < 2)
      throw new Error('not now')
  }
  const first = bad.create(STATUS, status('1'))
  const second = bad.create(STATUS, status('2'))
  const other = good.create(STATUS, status('3'))
  await expect.poll(() => consumer.records.has(other.uri), soon).toBe(true)
  expect(consumer.records.has(second.uri)).toBe(false)
  await expect.poll(() => consumer.records.has(second.uri), soon).toBe(true)
  const live = consumer.of(bad).filter((event) => event.live)
  expect(live.map(({ rkey }) => rkey)).toEqual([first.rkey, second.rkey])
  expect(consumer.errors.map((error) => error.message.replace(/\d+/, 'n'))).toEqual([
    'Failed to process event n',
    'Failed to process event n',
  ])
})

test('lextap restarts: the client comes back by itself, nothing is lost', async () => {
  await using network = await startNetwork({ seed: 'restart', clock: 'system' })
  const repos = Array.from({ length: 5 }, () => network.createRepo({ records: 30 }))
  const first = await runAsTap(network, { config: { server: { port: 0 }, track: { network: 'full' } } })
  const { database } = first.config
  const port = Number(new URL(urlOf(first)).port)
  await using consumer = new Consumer(urlOf(first))
  consumer.start()
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  for (const repo of repos) repo.create(STATUS, status('first'))
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  // The official client waits for ever when the connection ends while it handles an event.
  await expect.poll(() => first.tap.store.outbox.count(), soon).toBe(0)
  await first.tap.stop()
  for (const repo of repos) repo.create(STATUS, status('while away'))
  await using second = await runAsTap(network, {
    database,
    config: { server: { port }, track: { network: 'full' } },
  })
  for (const repo of repos) repo.create(STATUS, status('back'))
  await expect.poll(() => consumer.records.size, soon).toBe(network.truth().size)
  expect(consumer.records).toEqual(cidsOf(network))
  await expect.poll(() => second.tap.store.outbox.count(), soon).toBe(0)
})

test('an app that dies in the middle of an event: the next one gets it again', async () => {
  await using network = await startNetwork({ seed: 'crash', clock: 'system' })
  const repos = Array.from({ length: 4 }, () => network.createRepo({ records: 25 }))
  await using running = await runAsTap(network, {
    config: { server: { port: 0 }, track: { network: 'full' } },
  })
  const records = new Map<string, string>()
  for (let life = 0; life < 4; life++) {
    const consumer = new Consumer(urlOf(running))
    for (const [uri, cid] of records) consumer.records.set(uri, cid)
    let left = 7 + life * 5
    consumer.before = () => {
      if (--left < 0) return new Promise(() => {}) // dead
    }
    consumer.start()
    repos[life % 4]?.create(STATUS, status(`life ${life}`))
    await expect.poll(() => left, soon).toBeLessThan(0)
    for (const [uri, cid] of consumer.records) records.set(uri, cid)
    // What a crash leaves of a connection: nothing. `destroy` would wait for the handler.
    void consumer.stop()
    await expect.poll(() => running.tap.status().then(({ outbox }) => outbox?.clients), soon).toBe(0)
  }
  await using last = new Consumer(urlOf(running))
  for (const [uri, cid] of records) last.records.set(uri, cid)
  last.start()
  await expect.poll(() => last.records.size, soon).toBe(network.truth().size)
  expect(last.records).toEqual(cidsOf(network))
  await expect.poll(() => running.tap.store.outbox.count(), soon).toBe(0)
})

test('two apps share the events of many repos', async () => {
  await using network = await startNetwork({ seed: 'two', clock: 'system' })
  for (let i = 0; i < 10; i++) network.createRepo({ records: 40 })
  await using running = await runAsTap(network, { config: { server: { port: 0 }, track: {} } })
  await using a = new Consumer(urlOf(running))
  await using b = new Consumer(urlOf(running))
  a.start()
  b.start()
  await expect.poll(() => running.tap.status().then(({ outbox }) => outbox?.clients), soon).toBe(2)
  await a.tap.addRepos(network.repos.map((repo) => repo.did))
  await expect.poll(() => a.records.size + b.records.size, soon).toBe(network.truth().size)
  expect(new Map([...a.records, ...b.records])).toEqual(cidsOf(network))
  expect(Math.min(a.records.size, b.records.size)).toBeGreaterThan(20)
})
