import { afterAll, expect, test } from 'vitest'
import { startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { DIALECTS, stopDatabases } from '../support/databases.ts'
import { runTap } from '../support/run-tap.ts'

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })
const postgres = DIALECTS.filter(({ name }) => name === 'postgres')
afterAll(stopDatabases)

test.each(postgres)(
  'two processes on one database ($name) share the repos, and every effect comes once',
  async ({ fresh }) => {
    await using database = await fresh()
    await using network = await startNetwork({ seed: 'shared', pdses: 3, clock: 'system' })
    const repos = Array.from({ length: 150 }, () => network.createRepo({ records: 4, collections: [STATUS] }))
    const options = { network, database: database.url, config: { backfill: { leaseMs: 2_000 } } }
    const one = await runTap(options)
    await using two = await runTap(options)
    const fetched = async ({ observer }: typeof one) =>
      (await observer.metrics.values('lextap_resyncs_total')).reduce((sum, { value }) => sum + value, 0)
    await expect.poll(async () => (await two.tap.store.repos.counts()).states.active).toBe(150)
    expect([await fetched(one), await fetched(two)].every((n) => n > 0)).toBe(true)
    expect((await fetched(one)) + (await fetched(two))).toBe(150)
    await network.waitForSubscribers(2)
    for (const repo of repos.slice(0, 40)) repo.create(STATUS, status('live'))
    await network.relayIdle()
    await one.tap.settled({ seq: network.relayStream.seq })
    await two.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(two, network.truth())
    await expectEachOnce(two)
    await one.tap.stop()
    for (const repo of repos) repo.create(STATUS, status('alone'))
    await network.relayIdle()
    await two.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(two, network.truth())
    await expectEachOnce(two)
  },
)
