import { expect, test } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import { type Network, startNetwork, type TestRepo } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import type { RunningTap, RunTapOptions } from '../support/run-tap.ts'

/** Events that went past us because there was no cursor to go on from (rule A4). */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

const gaps = async ({ observer }: RunningTap) =>
  (await observer.metrics.values('lextap_gaps_total')).map(({ value }) => value)

/** Of a network that is followed over its relay, or one whose only PDS is. */
function sourceOf(network: Network, direct: boolean): RunTapOptions['network'] {
  const [pds] = network.pdses
  const { plc, resolveHandle } = network
  return direct ? { relay: pds.url.replace('http', 'ws'), relayHttp: pds.url, plc, resolveHandle } : network
}

onEachDatabase(({ runTap, fresh }) => {
  test.each([
    ['the whole network', false, () => ({ network: 'full' as const })],
    ['named accounts', false, (dids: string[]) => ({ dids })],
    ['named accounts of a PDS', true, (dids: string[]) => ({ dids })],
  ])('A4: stopped before the first event came, %s is level again', async (_, direct, track) => {
    await using network = await startNetwork({ seed: 'quiet', clock: 'system' })
    const [writes, deletes, goes] = Array.from({ length: 3 }, () =>
      network.createRepo({ records: 4, collections: [STATUS] }),
    ) as [TestRepo, TestRepo, TestRepo]
    const config: TapConfig = {
      track: track(network.repos.map(({ did }) => did)),
      discovery: { reconcileGraceMs: 0 },
    }
    const database = await fresh()
    const options = { network: sourceOf(network, direct), config, database }
    const first = await runTap(options)
    await first.tap.settled()
    // A first start misses nothing: what it follows was never fetched.
    expect(await gaps(first)).toEqual([])
    expect((await first.tap.status()).relay.cursor).toBeNull()
    await first.tap.stop()
    writes.create(STATUS, status('nobody listened'))
    const [{ path } = { path: '' }] = [...deletes.records()]
    deletes.delete(STATUS, path.split('/')[1] ?? '')
    // A relay lists who is gone as such, a PDS does not list it any more.
    goes.remove()

    await using second = await runTap(options)
    expect(await gaps(second)).toEqual([1])
    await expect.poll(async () => (await second.rows('account_seen')).length).toBe(1)
    await expect
      .poll(async () => (await second.rows('seen')).filter((row) => row.source === 'resync').length)
      .toBe(2)
    await second.tap.settled()
    // A host that does not know an account does not say that it is deleted: its records stay.
    expect(await second.rows('account_seen')).toMatchObject([{ status: direct ? 'not-found' : 'deleted' }])
    if (direct) await second.tap.removeRepo(goes.did)
    await second.tap.settled()
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
    await expect.poll(() => second.tap.store.meta.get('gap')).toBeNull()
  })

  test('A4: a gap that was not closed at a stop is closed after the next start, whatever cursor is saved by then', async () => {
    await using network = await startNetwork({ seed: 'stopped twice', clock: 'system' })
    const [quiet, busy] = [1, 2].map(() => network.createRepo({ records: 2, collections: [STATUS] }))
    const database = await fresh()
    const run = (reconcileGraceMs: number) =>
      runTap({ network, database, config: { track: { network: 'full' }, discovery: { reconcileGraceMs } } })
    const first = await run(0)
    await first.tap.settled()
    await first.tap.stop()
    quiet?.create(STATUS, status('nobody listened'))

    const second = await run(3_600_000)
    await network.waitForSubscribers(1)
    busy?.create(STATUS, status('heard'))
    await network.relayIdle()
    await second.tap.settled({ seq: network.relayStream.seq })
    await expect
      .poll(async () => (await second.tap.status()).listings.find(({ list }) => list === 'revs')?.rounds)
      .toBe(1)
    expect((await second.tap.status()).relay.cursor).not.toBeNull()
    await second.tap.stop()

    await using third = await run(0)
    await expect.poll(async () => (await third.rows('rec')).length).toBe(6)
    await expectTruth(third, network.truth())
    expect(await gaps(third)).toEqual([])
  })
})
