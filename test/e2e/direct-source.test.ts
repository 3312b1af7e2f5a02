import { expect, test } from 'vitest'
import type { NetworkEvent } from '../../src/testing/event.ts'
import { type Network, startNetwork, type TestPds, type TestRepo } from '../../src/testing/index.ts'
import { expectTruth } from '../support/compare.ts'
import { type OnDatabase, onEachDatabase } from '../support/each-database.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** A PDS followed directly, and what it may say (rule G1). */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

interface Setup {
  readonly network: Network
  readonly pds: TestPds
  readonly other: TestPds
  readonly local: TestRepo
  readonly foreign: TestRepo
  readonly running: RunningTap
}

/** Follows pds1 and tracks an account of it and one of pds2. */
async function setUp(runTap: OnDatabase['runTap']): Promise<Setup> {
  const network = await startNetwork({ seed: 'direct', pdses: 2, clock: 'system' })
  const [pds, other] = network.pdses as unknown as [TestPds, TestPds]
  const options = { records: 5, collections: [STATUS] as const }
  const local = network.createRepo({ ...options, pds })
  const foreign = network.createRepo({ ...options, pds: other })
  const running = await runTap({
    network: {
      ...network,
      relay: pds.url.replace('http', 'ws'),
      plc: network.plc,
      relayHttp: pds.url,
      resolveHandle: network.resolveHandle,
    },
    config: { track: { dids: [local.did, foreign.did] } },
  })
  await running.tap.settled()
  await pds.stream.waitForSubscribers(1)
  return { network, pds, other, local, foreign, running }
}

const lastEvent = (pds: TestPds): NetworkEvent => {
  const event = [...pds.stream.events()].at(-1)
  if (event === undefined) throw new Error('no event')
  return event
}

async function heard({ pds, running }: Setup): Promise<void> {
  await pds.stream.idle()
  await running.tap.settled({ seq: pds.stream.seq })
}

onEachDatabase(({ runTap }) => {
  test('G1: commits and accounts of those who live elsewhere are refused, and change nothing we hold', async () => {
    const all = await setUp(runTap)
    await using _network = all.network
    await using _running = all.running
    const { pds, other, local, foreign, running, network } = all
    const before = await running.tap.store.repos.get(foreign.did)
    local.create(STATUS, status('at home'))
    // A commit that is right in every way, told by the wrong host.
    foreign.create(STATUS, status('elsewhere'))
    pds.stream.emit(lastEvent(other))
    pds.stream.emit({
      kind: 'account',
      did: foreign.did,
      active: false,
      status: 'deleted',
      time: network.now(),
    })
    await heard(all)
    expect(await running.tap.store.repos.get(foreign.did)).toEqual(before)
    expect((await running.rows('rec')).filter(({ uri }) => String(uri).includes(foreign.did)).length).toBe(5)
    expect(await running.rows('account_seen')).toEqual([])
    const metric = await running.observer.metrics.registry.getSingleMetric('lextap_messages_total')?.get()
    const refused = metric?.values.filter(({ labels }) => labels.rule === 'G1')
    expect(refused?.map(({ labels, value }) => [labels.kind, labels.outcome, value]).sort()).toEqual([
      ['account', 'invalid', 1],
      ['commit', 'invalid', 1],
    ])
    expect((await running.rows('rec')).some(({ body }) => String(body).includes('at home'))).toBe(true)
  })

  test('G1: an account that moved in is believed after one refresh, one that moved out is not any more', async () => {
    const all = await setUp(runTap)
    await using _network = all.network
    await using _running = all.running
    const { pds, other, local, foreign, running, network } = all
    foreign.moveTo(pds)
    foreign.create(STATUS, status('moved in'))
    local.moveTo(other)
    local.create(STATUS, status('moved out'))
    await heard(all)
    expect((await running.tap.store.repos.get(local.did))?.standing).toBe('active')
    // What the new home of the one says is not heard here: only what was fetched when it moved.
    const truth = network.truth()
    const rows = await running.rows('rec')
    expect(rows.some(({ body }) => String(body).includes('moved in'))).toBe(true)
    for (const uri of truth.keys())
      if (uri.includes(foreign.did)) expect(rows.some((row) => row.uri === uri)).toBe(true)
    await running.tap.resync(local.did)
    await heard(all)
    await expectTruth(running, network.truth())
  })
})
