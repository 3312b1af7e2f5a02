import { expect, test } from 'vitest'
import { UserError } from '../../src/errors.ts'
import type { RepoRow } from '../../src/store/repo-row.ts'
import {
  errorFrames,
  type Fault,
  failWith,
  flipFrameBits,
  flippedCarBit,
  foreignRepo,
  forgedTree,
  htmlPage,
  missingBlock,
  type Network,
  redirect,
  resetConnection,
  startNetwork,
  type TestRepo,
  truncatedCar,
  wrongCommit,
} from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { type RunningTap, runTap } from '../support/run-tap.ts'

/**
 * What goes wrong outside, and that it gives a clear word, a retry, and no wrong row.
 * On SQLite alone: what is refused never gets to the database.
 */
const STATUS = 'xyz.statusphere.status'
const GET_REPO = 'com.atproto.sync.getRepo'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })
const quick = { backfill: { retryMs: { first: 30, longest: 100 } } }

async function repoRow(running: RunningTap, did: string): Promise<RepoRow | null> {
  return running.tap.store.repos.get(did)
}

/** Until the repo failed; then what it says. */
async function failureOf(running: RunningTap, repo: TestRepo): Promise<string> {
  await expect
    .poll(async () => (await repoRow(running, repo.did))?.error ?? null, { timeout: 20_000 })
    .not.toBe(null)
  return (await repoRow(running, repo.did))?.error ?? ''
}

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

const LIES: [string, (network: Network) => Fault, RegExp][] = [
  ['cut at a block boundary', () => truncatedCar(), /incomplete|missing|early/],
  ['with a flipped bit', () => flippedCarBit(), /./],
  ['without one of its records', () => missingBlock('record'), /missing|incomplete/],
  ['without a part of its tree', () => missingBlock('node'), /missing|incomplete/],
  ['that is another account’s', (network) => foreignRepo(network.createRepo({ records: 3 })), /another/],
  ['signed by a stranger', () => wrongCommit('key'), /signed|signature/],
  ['with a high-S signature', () => wrongCommit('high-s'), /signed|signature/],
  ['with a rev in the future', () => wrongCommit('future-rev'), /future/],
  ['with keys on the wrong layer', () => forgedTree('wrong-depth'), /./],
  ['that is a web page', () => htmlPage(), /web page/],
]

test.each(LIES)(
  'F3: a repo %s is refused, keeps every row, and is fetched again later',
  async (_name, lie, message) => {
    await using network = await startNetwork({ seed: `lie ${_name}`, clock: 'system' })
    const repo = network.createRepo({ records: 25, collections: [STATUS] })
    await using running = await runTap({ network, config: { track: { dids: [repo.did] }, ...quick } })
    await running.tap.settled()
    await expectTruth(running, network.truth())

    const fault = network.faults.add(lie(network), { route: GET_REPO, did: repo.did })
    const everything = network.faults.add(lie(network), { did: repo.did, route: GET_REPO })
    everything.remove()
    const kept = new Map(network.truth())
    await running.tap.resync(repo.did)
    expect(await failureOf(running, repo)).toMatch(message)
    expect(fault.hits).toBeGreaterThan(0)
    // Whatever the lie: what was proven before stays.
    const rows = await running.rows('rec')
    for (const uri of kept.keys())
      if (uri.includes(repo.did)) expect(rows.some((row) => row.uri === uri)).toBe(true)
    fault.remove()
    await expect
      .poll(async () => (await repoRow(running, repo.did))?.state, { timeout: 20_000 })
      .toBe('active')
    repo.create(STATUS, status('honest again'))
    await level(network, running)
    await expectTruth(running, new Map([...network.truth()].filter(([uri]) => uri.includes(repo.did))))
    await expectEachOnce(running)
  },
)

test('B7, B10: commits with flipped bits never become rows, and the repo heals', async () => {
  await using network = await startNetwork({ seed: 'flips', clock: 'system' })
  const repos = Array.from({ length: 5 }, () => network.createRepo({ records: 5, collections: [STATUS] }))
  await using running = await runTap({ network, config: quick })
  await running.tap.settled()
  await network.waitForSubscribers(1)
  const flips = network.faults.add(flipFrameBits('blocks'), { chance: 0.5 })
  for (let i = 0; i < 10; i++) for (const repo of repos) repo.create(STATUS, status(`flip ${i}`))
  await network.relayIdle()
  expect(flips.hits).toBeGreaterThan(5)
  flips.remove()
  for (const repo of repos) repo.create(STATUS, status('clean'))
  await level(network, running)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

test('E8: an unreachable PDS, a broken directory or a lost connection changes nothing and heals by itself', async () => {
  await using network = await startNetwork({ seed: 'outage', clock: 'system' })
  const repo = network.createRepo({ records: 10, collections: [STATUS] })
  await using running = await runTap({ network, config: quick })
  await running.tap.settled()
  await network.host('pds1').stop()
  await network.host('plc').stop()
  repo.commit([{ action: 'create', collection: STATUS, record: status('unheard') }], { announce: false })
  repo.create(STATUS, status('heard'))
  await expect.poll(async () => (await repoRow(running, repo.did))?.state).not.toBe('active')
  expect((await running.rows('rec')).length).toBe(10)
  await network.host('relay').stop()
  await expect.poll(async () => (await running.tap.status()).relay.connected).toBe(false)
  for (const name of ['plc', 'pds1', 'relay']) await network.host(name).start()
  await expect
    .poll(async () => (await repoRow(running, repo.did))?.state, { timeout: 60_000, interval: 100 })
    .toBe('active')
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

test('an unreachable relay at the start is waited for', async () => {
  await using network = await startNetwork({ seed: 'no relay', clock: 'system' })
  network.createRepo({ records: 3 })
  await network.host('relay').stop()
  await using running = await runTap({ network })
  expect((await running.tap.status()).relay.connected).toBe(false)
  await network.host('relay').start()
  await expect.poll(async () => (await running.tap.status()).relay.connected, { timeout: 20_000 }).toBe(true)
  await running.tap.settled()
  await expectTruth(running, network.truth())
})

test('a DID that does not exist stays listed with its error and blocks nobody', async () => {
  await using network = await startNetwork({ seed: 'nobody', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  const nobody = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
  await using running = await runTap({ network, config: { track: { dids: [nobody, repo.did] } } })
  await running.tap.settled()
  expect(await repoRow(running, nobody)).toMatchObject({ state: 'error', retryCount: 1 })
  expect((await repoRow(running, nobody))?.error).toMatch(/does not exist/)
  await expectTruth(running, network.truth())
  await expect(running.tap.addRepos(['did:plc:ok', 'alice.test', 'did:'])).rejects.toThrow(
    /not a DID: alice.test, did:/,
  )
})

test('F7: what a host says of an account sets its standing instead of being retried', async () => {
  await using network = await startNetwork({ seed: 'standing', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  network.faults.add(failWith(400, 'RepoTakendown'), { route: GET_REPO })
  await using running = await runTap({ network })
  await running.tap.settled()
  expect(await repoRow(running, repo.did)).toMatchObject({ standing: 'takendown' })
  expect((await running.rows('account_seen')).map((row) => row.status)).toEqual(['takendown'])
})

test('F8: a host that fails is left alone, which is no failure of its repos', async () => {
  await using network = await startNetwork({ seed: 'busy', clock: 'system' })
  for (let i = 0; i < 6; i++) network.createRepo({ records: 3, collections: [STATUS] })
  const fault = network.faults.add(resetConnection(), { route: GET_REPO, times: 2 })
  const config = { backfill: { retryMs: { first: 200, longest: 400 } } }
  await using running = await runTap({ network, config })
  await fault.hit(2)
  await expect
    .poll(async () => (await running.tap.store.repos.counts()).states.active, { timeout: 20_000 })
    .toBe(6)
  await expectTruth(running, network.truth())
})

test('F10: a repo is not fetched from where a redirect to a private address leads', async () => {
  await using network = await startNetwork({ seed: 'redirect', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  network.faults.add(redirect('http://169.254.169.254/latest/meta-data'), { route: GET_REPO })
  const config = { backfill: { ...quick.backfill, allowPrivateHosts: false } }
  await using running = await runTap({ network, config })
  expect(await failureOf(running, repo)).toMatch(/private|address|refused/)
  expect(await running.rows('rec')).toEqual([])
})

test('A3: a cursor in the future stops with the operator’s next step, and touches nothing', async () => {
  await using network = await startNetwork({ seed: 'future', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  await using running = await runTap({ network })
  await running.tap.settled()
  network.faults.add(errorFrames('FutureCursor'))
  repo.create(STATUS, status('x'))
  const error = await running.tap.finished.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UserError)
  expect(String(error)).toMatch(/--reset-cursor/)

  // What the operator is told to do does help, and finds what was missed.
  network.faults.clear()
  const config = { discovery: { reconcileGraceMs: 0 } }
  await using again = await runTap({ network, database: running.config.database, config, resetCursor: true })
  await expect.poll(async () => (await again.rows('rec')).length).toBe(4)
  await expectTruth(again, network.truth())
})
