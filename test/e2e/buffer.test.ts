import { expect, test } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import { type Network, slowDrip, startNetwork, type TestRepo } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** Live commits of a repo that is being fetched (rules C6, F5): they wait in a bounded buffer. */
const STATUS = 'xyz.statusphere.status'
const GET_REPO = 'com.atproto.sync.getRepo'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

interface Setup {
  readonly network: Network
  readonly repo: TestRepo
  readonly running: RunningTap
  /** Ends the slowness of the fetch. */
  hurry(): void
}

async function counted(running: RunningTap, name: string): Promise<number> {
  const values = await running.observer.metrics.values(name)
  return values.reduce((sum, { value }) => sum + value, 0)
}

async function level({ network, running }: Setup): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

onEachDatabase(({ runTap }) => {
  /** A repo whose fetch is under way and takes its time. */
  async function fetching(config: TapConfig): Promise<Setup> {
    const network = await startNetwork({ seed: 'buffer', clock: 'system' })
    const repo = network.createRepo({ records: 60, collections: [STATUS] })
    const fault = network.faults.add(slowDrip({ bytes: 200, everyMs: 10 }), { route: GET_REPO })
    const running = await runTap({ network, config })
    await network.waitForSubscribers(1)
    await fault.hit(1)
    await expect.poll(async () => (await running.tap.store.repos.get(repo.did))?.state).toBe('resyncing')
    return { network, repo, running, hurry: () => fault.remove() }
  }

  test('C6, F5: commits and syncs that arrive during a fetch wait, and are applied after it, each once', async () => {
    const all = await fetching({})
    await using _network = all.network
    await using running = all.running
    const { repo, network } = all
    const { rkey } = repo.create(STATUS, status('one'))
    repo.update(STATUS, rkey, status('two'))
    repo.delete(STATUS, rkey)
    repo.create(STATUS, status('three'))
    repo.sync()
    await network.relayIdle()
    await expect.poll(async () => (await running.tap.store.buffer.counts()).frames).toBeGreaterThan(0)
    await level(all)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    // No row is leaked.
    expect(await running.tap.store.buffer.counts()).toEqual({ repos: 0, frames: 0, bytes: 0 })
    expect(await counted(running, 'lextap_buffer_overflows_total')).toBe(0)
  })

  test.each([
    ['frames', { bufferFrames: 3 }],
    ['bytes', { bufferBytes: 4096 }],
  ])(
    'F5: a buffer that is full of %s starts the fetch over, and nothing is lost or twice',
    async (_what, limits) => {
      const all = await fetching({ backfill: limits })
      await using _network = all.network
      await using running = all.running
      const { repo, network } = all
      for (let i = 0; i < 12; i++) repo.create(STATUS, status(`${i}`))
      await expect.poll(() => counted(running, 'lextap_buffer_overflows_total')).toBeGreaterThan(0)
      all.hurry()
      await level(all)
      await expectTruth(running, network.truth())
      await expectEachOnce(running)
      expect(await running.tap.store.buffer.counts()).toEqual({ repos: 0, frames: 0, bytes: 0 })
      // And it goes on live.
      repo.create(STATUS, status('after'))
      await level(all)
      await expectTruth(running, network.truth())
    },
  )

  test('F5: a buffered commit that does not stack on the fetched head is no end: the repo is fetched again', async () => {
    const all = await fetching({})
    await using _network = all.network
    await using running = all.running
    const { repo, network } = all
    repo.create(STATUS, status('heard'))
    repo.commit([{ action: 'create', collection: STATUS, record: status('unheard') }], { announce: false })
    repo.create(STATUS, status('heard again'))
    await network.relayIdle()
    all.hurry()
    await level(all)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    expect(await running.tap.store.buffer.counts()).toEqual({ repos: 0, frames: 0, bytes: 0 })
  })
})
