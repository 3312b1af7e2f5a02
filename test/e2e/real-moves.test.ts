import { afterAll, beforeAll, expect, test } from 'vitest'
import { bulkCar } from '../support/bulk-car.ts'
import {
  expectAccountLevel,
  expectImportFollowed,
  failures,
  only,
  patient,
  rowOf,
  upstreamOf,
} from '../support/real-import.ts'
import { type RealNetwork, startRealNetwork } from '../support/real-network.ts'
import type { RealPds } from '../support/real-pds.ts'
import { RealRelay } from '../support/real-relay.ts'
import { type RunningTap, runTap } from '../support/run-tap.ts'

/**
 * Repos that are imported and accounts that move between two real PDSes, followed through a relay. The reference PDS
 * keeps the commit of an imported CAR as it is and gives it another rev, so that the repo verifies with nobody until
 * its next write: lextap keeps what it has, says so, does not ask again and again, and is level after that write.
 * On SQLite alone, as real-pds.
 */
let network: RealNetwork
let relay: RealRelay
let home: RealPds
let away: RealPds
beforeAll(async () => {
  network = await startRealNetwork({ pdses: 2 })
  ;[home, away] = network.pdses as readonly RealPds[] as [RealPds, RealPds]
  relay = await RealRelay.start(network)
})
afterAll(async () => {
  await relay.close()
  await network.close()
})

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ status: text, createdAt: '2026-01-01T00:00:00.000Z' })
const many = (count: number, text: string) =>
  Array.from({ length: count }, (_, i) => ({ collection: STATUS, record: status(`${text} ${i}`) }))
const upstream = () => upstreamOf(network, relay)
const level = async (running: RunningTap) => running.tap.settled({ seq: await relay.level() })
const expectLevel = (running: RunningTap, did: string) => expectAccountLevel(network, relay, running, did)

test('D4: an account moves to another real PDS, and nothing is lost or comes twice', async () => {
  const dana = await network.createAccount('dana', home)
  await dana.createMany(many(150, 'before'))
  await using running = await runTap({ network: upstream(), config: only(dana.did) })
  await running.tap.settled()
  const gone = await dana.create(STATUS, status('at home'))
  await expectLevel(running, dana.did)
  const before = await rowOf(running, dana.did)
  expect(before).toMatchObject({ pds: home.url, state: 'active' })

  await dana.moveTo(away)
  await expect.poll(async () => (await rowOf(running, dana.did))?.state, patient).toBe('error')
  const moved = await rowOf(running, dana.did)
  expect(moved).toMatchObject({ pds: away.url, standing: 'active' })
  expect(moved?.error).toContain("not signed by the account's key")
  expect(moved?.signingKey).not.toBe(before?.signingKey)
  // It is the same repo, and it is still here.
  await expectLevel(running, dana.did)
  expect(await failures(running)).toBe(1)

  const live = await dana.create(STATUS, status('away'), 'away')
  await expectLevel(running, dana.did)
  await dana.put(STATUS, 'away', status('changed'))
  await dana.delete(STATUS, gone.rkey)
  await expectLevel(running, dana.did)
  expect(await rowOf(running, dana.did)).toMatchObject({ state: 'active', error: null })
  expect(await failures(running)).toBe(1)
  const seen = (await running.rows('seen')).filter(({ uri }) => uri === live.uri)
  expect(seen.map(({ action }) => action).sort()).toEqual(['create', 'update'])
  const identities = (await running.rows('identity_seen')).filter(({ pds }) => pds === away.url)
  expect(identities).toMatchObject([{ did: dana.did, changed: expect.stringMatching(/pds.*signingKey/) }])
  // The old home's word on who left it does not reach us, or is not believed.
  expect(await running.rows('account_seen')).toEqual([])
})

test('G1: followed directly, the old home is not believed once the account is gone', async () => {
  const emil = await network.createAccount('emil', home)
  await emil.createMany(many(20, 'before'))
  const direct = { ...upstream(), relay: home.ws, relayHttp: home.url }
  await using running = await runTap({ network: direct, config: only(emil.did) })
  await running.tap.settled()
  await emil.moveTo(away)
  await emil.create(STATUS, status('away'))
  await running.tap.settled({ seq: (await home.pds.ctx.sequencer.curr()) ?? 0 })
  await expect.poll(async () => (await rowOf(running, emil.did))?.pds, patient).toBe(away.url)
  await expect.poll(async () => (await rowOf(running, emil.did))?.state, patient).toBe('active')
  expect(await rowOf(running, emil.did)).toMatchObject({ standing: 'active' })
  expect(await running.rows('account_seen')).toEqual([])
})

test('F4: a repo whose contents are replaced by an import: what vanished is deleted', async () => {
  const fred = await network.createAccount('fred', home)
  await fred.createMany(many(50, 'before'))
  await using running = await runTap({ network: upstream(), config: only(fred.did) })
  await running.tap.settled()
  await fred.importRepo(bulkCar(fred.did, 300))
  // Nobody was told yet. Somebody else is heard of, or there might be nothing to wait for: all was said before we listened.
  await network.createAccount('gus', home)
  await level(running)
  expect((await running.rows('rec')).length).toBe(50)
  await fred.resign()
  await expectLevel(running, fred.did)
  const deletes = (await running.rows('seen')).filter(({ action }) => action === 'delete')
  expect(deletes.length).toBe(50)
  expect(deletes.every(({ source }) => source === 'resync')).toBe(true)
})

test('F3, F13: an imported repo is not believed before its host signed it, and then it is whole', () =>
  expectImportFollowed(network, relay, 2000))
