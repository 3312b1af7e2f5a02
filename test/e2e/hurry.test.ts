import { expect, test } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import {
  type Fault,
  failWith,
  lyingCommits,
  type Network,
  startNetwork,
  type TestRepo,
  wrongCommit,
} from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { type RunningTap, runTap } from '../support/run-tap.ts'

/**
 * A repo that could not be fetched, and what brings it back before its time, which is a minute away or more.
 * On SQLite alone: when a fetch is due is decided by the scheduler, whose claims test/simulation tries on each database.
 */
const STATUS = 'xyz.statusphere.status'
const GET_REPO = 'com.atproto.sync.getRepo'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

const stateOf = async (running: RunningTap, repo: TestRepo) =>
  (await running.tap.store.repos.get(repo.did))?.state

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

const failures = async (running: RunningTap) =>
  (await running.observer.metrics.values('lextap_resyncs_total'))
    .filter(({ labels }) => labels.outcome === 'failed')
    .reduce((sum, { value }) => sum + value, 0)

/** One repo whose first fetch fails by `fault`, which strikes `times` times. */
async function failing(fault: Fault, times?: number, config: TapConfig = {}) {
  const network = await startNetwork({ seed: 'hurry', pdses: 2 })
  const repo = network.createRepo({ records: 20, collections: [STATUS] })
  const active = network.faults.add(fault, { route: GET_REPO, ...(times === undefined ? {} : { times }) })
  const running = await runTap({ network, config })
  await expect.poll(() => stateOf(running, repo)).toBe('error')
  return { network, repo, running, active }
}

test('F13: a repo that could not be fetched is level after its next write', async () => {
  const { network, repo, running } = await failing(wrongCommit('key'), 1)
  await using _ = network
  await using __ = running
  expect((await running.tap.store.repos.get(repo.did))?.error).toContain('not signed by the account')
  expect(await running.rows('rec')).toEqual([])
  repo.create(STATUS, status('news'))
  await level(network, running)
  expect(await running.tap.store.repos.get(repo.did)).toMatchObject({ state: 'active', error: null })
  await expectTruth(running, network.truth())
  repo.create(STATUS, status('live again'))
  await level(network, running)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

test('F13: so it is after a sync', async () => {
  const { network, repo, running } = await failing(wrongCommit('key'), 1)
  await using _ = network
  await using __ = running
  repo.commit([], { announce: false })
  repo.sync()
  await level(network, running)
  expect(await stateOf(running, repo)).toBe('active')
  await expectTruth(running, network.truth())
})

test('F13: news that do not verify hurry nothing, and are counted', async () => {
  const { network, repo, running } = await failing(wrongCommit('key'))
  await using _ = network
  await using __ = running
  const before = await running.tap.store.repos.get(repo.did)
  network.faults.add(lyingCommits('foreign-key'))
  repo.create(STATUS, status('forged'))
  await level(network, running)
  expect(await running.tap.store.repos.get(repo.did)).toEqual(before)
  expect(await failures(running)).toBe(1)
  const messages = await running.observer.metrics.values('lextap_messages_total')
  expect(messages.filter(({ labels }) => labels.rule === 'B10')).toMatchObject([
    { labels: { outcome: 'invalid' }, value: 1 },
  ])
})

test('F13: a repo that always fails is fetched five times an hour more at most, however often it is written to', async () => {
  const config = { backfill: { resyncsPerMinute: 1000 } }
  const { network, repo, running } = await failing(wrongCommit('key'), undefined, config)
  await using _ = network
  await using __ = running
  for (let i = 0; i < 9; i++) {
    repo.create(STATUS, status(`${i}`))
    await level(network, running)
    await expect.poll(() => stateOf(running, repo)).toBe('error')
  }
  expect(await failures(running)).toBe(6)
})

test('D4: one that could not be fetched is fetched from its new home at once', async () => {
  const { network, repo, running, active } = await failing(failWith(500))
  await using _ = network
  await using __ = running
  active.remove()
  const [first, second] = network.pdses
  const [home, away] = repo.host === first ? [first, second ?? first] : [second ?? first, first]
  network.faults.add(failWith(500), { host: home.name })
  repo.moveTo(away, { newKey: false })
  await level(network, running)
  expect(await running.tap.store.repos.get(repo.did)).toMatchObject({ state: 'active', pds: repo.host.url })
  await expectTruth(running, network.truth())
})

test('D4: one whose signature failed is fetched again when its key changes', async () => {
  const network = await startNetwork({ seed: 'late key' })
  await using _ = network
  const repo = network.createRepo({ records: 5, collections: [STATUS] })
  // Signed with a key that the directory does not know yet.
  repo.rotateKey({ publish: 'never' })
  await using running = await runTap({ network })
  await expect.poll(() => stateOf(running, repo)).toBe('error')
  repo.publish()
  await level(network, running)
  expect(await running.tap.store.repos.get(repo.did)).toMatchObject({
    state: 'active',
    signingKey: repo.key.didKey,
  })
  await expectTruth(running, network.truth())
})
