import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { Indexer } from '../support/indexer.ts'
import { COLLECTIONS } from '../support/plain-handlers.ts'
import type { RealAccount } from '../support/real-account.ts'
import { type RealNetwork, startRealNetwork } from '../support/real-network.ts'
import { type RunningTap, runTap, tempDatabase } from '../support/run-tap.ts'

/**
 * The real PLC directory and the real PDS, used as host and as upstream, through the official client.
 * On SQLite alone: it is about what they say and do; the sandbox says the same to every database (sandbox, kill, accounts).
 */
let network: RealNetwork
beforeAll(async () => {
  network = await startRealNetwork()
})
afterAll(() => network.close())

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ status: text, createdAt: '2026-01-01T00:00:00.000Z' })
const many = (count: number, text: string) =>
  Array.from({ length: count }, (_, i) => ({ collection: STATUS, record: status(`${text} ${i}`) }))

const sandboxed = () => {
  const [pds] = network.pdses
  return { relay: pds.ws, relayHttp: pds.url, plc: network.plc, resolveHandle: network.resolveHandle }
}

/** Everything the PDS has announced so far is in the tables. */
async function level(running: RunningTap): Promise<void> {
  const [pds] = network.pdses
  await expect.poll(async () => (await pds.pds.ctx.sequencer.curr()) ?? 0).toBeGreaterThan(0)
  await running.tap.settled({ seq: (await pds.pds.ctx.sequencer.curr()) ?? 0 })
}

async function expectLevel(running: RunningTap): Promise<void> {
  await level(running)
  await expectTruth(running, await network.truth([...COLLECTIONS]))
  await expectEachOnce(running)
}

test('a real PDS: backfill, live changes, a new handle, pause and return, a rotated key, deletion', async () => {
  const [alice, bob, carla] = await Promise.all(
    ['alice', 'bob', 'carla'].map((name) => network.createAccount(name)),
  )
  if (!alice || !bob || !carla) throw new Error('no accounts')
  await alice.createMany(many(120, 'before'))
  await bob.create(STATUS, status('hello'), 'self')
  await carla.createMany(many(3, 'short life'))
  await using running = await runTap({ network: sandboxed() })
  // Nothing has happened since: level by what was fetched.
  await running.tap.settled()
  await expectTruth(running, await network.truth([...COLLECTIONS]))
  expect((await running.rows('seen')).every((row) => row.source === 'backfill')).toBe(true)

  const made = await alice.create(STATUS, status('live'))
  await bob.put(STATUS, 'self', status('changed'))
  await alice.createMany(many(30, 'one commit'))
  await expectLevel(running)
  await alice.delete(STATUS, made.rkey)
  await bob.updateHandle('robert.test')
  await expectLevel(running)
  expect((await running.tap.store.repos.get(bob.did))?.handle).toBe('robert.test')

  await bob.deactivate()
  await level(running)
  expect((await running.tap.store.repos.get(bob.did))?.standing).toBe('deactivated')
  await bob.activate()
  await bob.create(STATUS, status('back'))
  await expectLevel(running)

  const before = (await running.tap.store.repos.get(alice.did))?.signingKey
  await alice.rotateSigningKey()
  await alice.create(STATUS, status('signed with the new key'))
  await expectLevel(running)
  expect((await running.tap.store.repos.get(alice.did))?.signingKey).not.toBe(before)

  await carla.remove()
  await expectLevel(running)
  expect(await running.tap.store.repos.get(carla.did)).toBe(null)
  expect((await running.rows('rec')).filter((row) => row.did === carla.did)).toEqual([])
  const accounts = (await running.rows('account_seen')).map((row) => `${row.did} ${row.was} → ${row.status}`)
  expect(accounts.sort()).toEqual(
    [
      `${bob.did} active → deactivated`,
      `${bob.did} deactivated → active`,
      `${carla.did} active → deleted`,
    ].sort(),
  )
})

test('P1: killed in the middle of a backfill from a real PDS, every effect happens once', async () => {
  const big = await network.createAccount('big')
  for (let i = 0; i < 15; i++) await big.createMany(many(200, `part ${i}`))
  const database = tempDatabase()
  const indexer = new Indexer(sandboxed(), database, { metric: 'handler_calls', nth: 1800 })
  await indexer.gone
  expect(indexer.signal).toBe('SIGKILL')
  await using running = await runTap({ network: sandboxed(), database })
  await expect.poll(async () => (await running.tap.status()).relay.connected).toBe(true)
  await big.create(STATUS, status('after the crash'))
  await expectLevel(running)
})

test('P1: killed in the middle of live traffic from a real PDS, every effect happens once', async () => {
  const busy: RealAccount = await network.createAccount('busy')
  const database = tempDatabase()
  const indexer = new Indexer(sandboxed(), database, {
    metric: 'lextap_messages_total',
    label: 'applied',
    nth: 9,
  })
  for (let i = 0; !indexer.dead && i < 2000; i++) {
    const { rkey } = await busy.create(STATUS, status(`live ${i}`))
    if (i % 2 === 0) await busy.delete(STATUS, rkey)
  }
  expect(indexer.signal).toBe('SIGKILL')
  await busy.create(STATUS, status('while it was dead'))
  await using running = await runTap({ network: sandboxed(), database })
  await busy.create(STATUS, status('after the crash'))
  await expectLevel(running)
})

test('a real PDS: new accounts, a takedown and its end, an orderly restart, a resync on demand', async () => {
  const frank = await network.createAccount('frank')
  await frank.createMany(many(10, 'before'))
  const database = tempDatabase()
  const fetched = async (running: RunningTap) => {
    const rows = await running.rows('seen')
    return rows.filter(({ source, uri }) => source !== 'live' && String(uri).includes(frank.did)).length
  }
  let before = 0
  {
    await using running = await runTap({ network: sandboxed(), database })
    await running.tap.settled()
    const gina = await network.createAccount('gina')
    await gina.create(STATUS, status('new here'))
    await expectLevel(running)
    expect(await running.tap.store.repos.get(gina.did)).toMatchObject({
      state: 'active',
      handle: 'gina.test',
    })

    await frank.takedown()
    await level(running)
    const standing = async () => (await running.tap.store.repos.get(frank.did))?.standing
    expect(await standing()).toBe('takendown')
    expect((await running.rows('rec')).filter((row) => row.did === frank.did)).toHaveLength(10)
    await frank.takedown(false)
    await frank.create(STATUS, status('given back'))
    await expectLevel(running)
    expect(await standing()).toBe('active')
    await running.tap.resync(frank.did)
    await expectLevel(running)
    before = await fetched(running)
  }
  const missed = await frank.create(STATUS, status('while nobody listened'))
  await frank.createMany(many(20, 'missed'))
  await frank.delete(STATUS, missed.rkey)
  await using again = await runTap({ network: sandboxed(), database })
  await expectLevel(again)
  // What was missed came by the cursor.
  expect(await fetched(again)).toBe(before)
})

test('F12: a real PDS has no list by collection: accounts are found when they write such a record', async () => {
  const [hugo, ida] = [await network.createAccount('hugo'), await network.createAccount('ida')]
  await hugo.createMany(many(5, 'before'))
  await using running = await runTap({ network: sandboxed(), config: { track: { signal: [STATUS] } } })
  await running.tap.settled()
  await expect.poll(async () => (await running.tap.status()).relay.connected, { timeout: 30_000 }).toBe(true)
  expect(await running.tap.store.repos.get(hugo.did)).toBe(null)
  await hugo.create(STATUS, status('found by this'))
  await ida.create('app.bsky.feed.post', { text: 'no status', createdAt: '2026-01-01T00:00:00.000Z' })
  await level(running)
  expect(await running.tap.store.repos.get(hugo.did)).toMatchObject({ state: 'active' })
  expect(await running.tap.store.repos.get(ida.did)).toBe(null)
  const truth = [...(await hugo.records([...COLLECTIONS])).keys()].sort()
  const rows = (await running.rows('rec')).filter(({ did }) => did === hugo.did)
  expect(rows.map(({ uri }) => uri).sort()).toEqual(truth)
  expect(truth).toHaveLength(6)
})
