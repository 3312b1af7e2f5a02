import { expect, test } from 'vitest'
import { readBackfill } from '../../src/backfill/notes.ts'
import { rateLimit, stall, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { runTap } from '../support/run-tap.ts'

/**
 * Directories, handles and hosts that take their time, and that nobody else waits for them.
 * On SQLite alone: who waits for whom is decided before the database, and hundreds of repos on each would cost minutes.
 */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

/** Never answers. */
const mute = {
  resolve: (_handle: string, signal?: AbortSignal) =>
    new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
}

test('D3: records wait for no handle: a mute handle server holds nothing up, and handles are proven when it speaks', async () => {
  await using network = await startNetwork({ seed: 'mute handles', clock: 'system' })
  // More than are waited for at once.
  const repos = Array.from({ length: 100 }, () => network.createRepo({ records: 2, collections: [STATUS] }))
  const first = await runTap({ network, handles: mute })
  await expect.poll(async () => (await first.tap.store.repos.counts()).states.active).toBe(100)
  await network.waitForSubscribers(1)
  for (const repo of repos.slice(0, 20)) {
    repo.publish()
    repo.create(STATUS, status('behind its identity message'))
  }
  await expect.poll(async () => (await first.rows('rec')).length).toBe(220)
  await expectTruth(first, network.truth())
  // Nobody has said that these handles are theirs.
  expect((await first.tap.store.repos.list({ limit: 200 })).every(({ handle }) => handle === null)).toBe(true)
  expect((await first.rows('identity_seen')).every(({ changed }) => changed === 'pds,signingKey')).toBe(true)
  await first.tap.stop()

  await using again = await runTap({ network, database: first.config.database })
  await network.relayIdle()
  await again.tap.settled({ seq: network.relayStream.seq })
  const rows = await again.tap.store.repos.list({ limit: 200 })
  expect(rows.map(({ did, handle }) => [did, handle]).sort()).toEqual(
    repos.map(({ did, handle }) => [did, handle]).sort(),
  )
  const told = (await again.rows('identity_seen')).filter(({ changed }) => changed === 'handle')
  expect(told.map(({ did, handle }) => [did, handle]).sort()).toEqual(
    repos.map(({ did, handle }) => [did, handle]).sort(),
  )
  expect(await again.tap.store.identityDue.list('', 10)).toEqual([])
  await expectEachOnce(again)
})

test('D3: an outage of DNS takes no handle away, tells of none, and is made good when it is over', async () => {
  await using network = await startNetwork({ seed: 'no dns', clock: 'system' })
  const old = network.createRepo({ records: 2 })
  const first = await runTap({ network })
  await first.tap.settled()
  await first.tap.stop()
  const { database } = first.config
  const timeout = Object.assign(new Error('queryTxt ETIMEOUT'), { code: 'ETIMEOUT' })
  const during = await runTap({ network, database, handles: { resolve: () => Promise.reject(timeout) } })
  await network.waitForSubscribers(1)
  // Nothing has changed.
  old.publish()
  const young = network.createRepo({ records: 2, collections: [STATUS] })
  await network.relayIdle()
  await during.tap.settled({ seq: network.relayStream.seq })
  await expect.poll(async () => (await during.tap.store.repos.get(young.did))?.state).toBe('active')
  expect((await during.tap.store.repos.get(old.did))?.handle).toBe(old.handle)
  expect((await during.tap.store.repos.get(young.did))?.handle).toBe(null)
  expect((await during.rows('identity_seen')).map(({ did, changed }) => [did, changed]).sort()).toEqual(
    [
      [old.did, 'handle,pds,signingKey'],
      [young.did, 'pds,signingKey'],
    ].sort(),
  )
  expect((await during.tap.store.identityDue.list('', 9)).sort()).toEqual([old.did, young.did].sort())
  await during.tap.stop()

  await using again = await runTap({ network, database })
  await expect.poll(() => again.tap.store.identityDue.list('', 9)).toEqual([])
  expect((await again.tap.store.repos.get(young.did))?.handle).toBe(young.handle)
  expect((await again.rows('identity_seen')).map(({ changed }) => changed).sort()).toEqual([
    'handle',
    'handle,pds,signingKey',
    'pds,signingKey',
  ])
})

test('E8: an account that is known is fetched while the directory is out of reach, and what it says later holds', async () => {
  await using network = await startNetwork({ seed: 'no directory', pdses: 2, clock: 'system' })
  const [stays, moves] = [network.createRepo({ records: 4 }), network.createRepo({ records: 4 })]
  const first = await runTap({ network })
  await first.tap.settled()
  await first.tap.stop()
  const { database } = first.config
  await using again = await runTap({ network, database })
  await again.tap.settled()
  await network.host('plc').stop()
  stays.commit([{ action: 'create', collection: STATUS, record: status('unheard') }], { announce: false })
  await again.tap.resync(stays.did)
  await expect.poll(async () => (await again.rows('rec')).length).toBe(9)
  await expect.poll(async () => (await again.tap.store.repos.get(stays.did))?.state).toBe('active')
  await network.host('plc').start()
  moves.moveTo(network.pdses.find((pds) => pds !== moves.host) as never)
  moves.create(STATUS, status('from the new home'))
  await network.relayIdle()
  await again.tap.settled({ seq: network.relayStream.seq })
  expect((await again.tap.store.repos.get(moves.did))?.pds).toBe(moves.host.url)
  await expectTruth(again, network.truth())
})

test('F8: while only a mute host is left, status says so and gives no time of arrival', async () => {
  await using network = await startNetwork({ seed: 'mute host', pdses: 2, clock: 'system' })
  const repos = Array.from({ length: 10 }, () => network.createRepo({ records: 2, collections: [STATUS] }))
  const mutePds = network.pdses.find((pds) => pds === repos[0]?.host)
  const there = repos.filter((repo) => repo.host === mutePds).length
  expect(there).toBeLessThan(10)
  network.faults.add(stall(), { route: 'com.atproto.sync.getRepo', host: mutePds?.name ?? '' })
  const config = { backfill: { stallMs: 20_000 } }
  await using running = await runTap({ network, config })
  const left = async () => (await running.tap.status()).backfill.left
  await expect.poll(async () => (await running.tap.store.repos.counts()).states.active).toBe(10 - there)
  await expect.poll(left).toMatchObject({ repos: there, etaMs: null, waiting: { repos: there, hosts: 1 } })
  // What a process beside it is told.
  await expect
    .poll(() => readBackfill(running.tap.store))
    .toMatchObject({ processes: 1, left: { etaMs: null } })
})

test.each(['retry-after', 'ratelimit'] as const)(
  'F8: a directory that answers 429 (%s) is asked no more until it wants',
  async (headers) => {
    await using network = await startNetwork({ seed: `plc ${headers}`, clock: 'system' })
    for (let i = 0; i < 200; i++) network.createRepo({ records: 1, collections: [STATUS] })
    const limited = network.faults.add(rateLimit({ headers, seconds: 4 }), { host: 'plc' })
    await using running = await runTap({ network, config: { backfill: { concurrency: 4 } } })
    await limited.hit(1)
    await expect.poll(async () => (await running.tap.status()).backfill.waiting).toBe(0)
    // What was under way when it said so, and nobody since.
    expect(limited.hits).toBeLessThanOrEqual(16)
    limited.remove()
    await expect.poll(async () => (await running.tap.store.repos.counts()).states.active).toBeGreaterThan(180)
    expect((await running.tap.store.repos.counts()).states.error).toBe(0)
  },
)
