import { expect, test } from 'vitest'
import type { AccountEvent, IdentityEvent } from '../../src/dispatch/event.ts'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { loseEvents, type Network, startNetwork, type TestPds } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { Indexer } from '../support/indexer.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** Who accounts are, where they live and how they stand, over their whole life. */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.waitForSubscribers(1)
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

/** The handlers of these tests, and what the identity and account handlers were told. */
function listening(): {
  definitions: HandlerDefinition[]
  identities: IdentityEvent[]
  accounts: AccountEvent[]
} {
  const identities: IdentityEvent[] = []
  const accounts: AccountEvent[] = []
  const definitions: HandlerDefinition[] = [
    ...plainHandlers([STATUS]).filter(({ kind }) => kind === 'record'),
    { kind: 'identity', handle: (event) => void identities.push(event) },
    { kind: 'account', handle: (event) => void accounts.push(event) },
  ]
  return { definitions, identities, accounts }
}

const other = (network: Network, pds: unknown) => network.pdses.find((p) => p !== pds) as TestPds

onEachDatabase(({ name, runTap, fresh }) => {
  test('D6: onIdentity says what changed, from what to what', async () => {
    await using network = await startNetwork({ seed: 'changes', pdses: 2, clock: 'system' })
    const repo = network.createRepo({ records: 3, collections: [STATUS], handle: 'before.test' })
    const { definitions, identities } = listening()
    await using running = await runTap({ network, definitions })
    await running.tap.settled()
    const { did } = repo
    const from = { handle: repo.handle, pds: repo.host.url, signingKey: repo.key.didKey }
    expect(identities).toEqual([
      {
        did,
        ...from,
        changed: Object.fromEntries(Object.entries(from).map(([name, to]) => [name, { from: null, to }])),
      },
    ])
    identities.length = 0

    repo.setHandle('after.test')
    await level(network, running)
    expect(identities).toEqual([
      { did, ...from, handle: 'after.test', changed: { handle: { from: 'before.test', to: 'after.test' } } },
    ])
    identities.length = 0

    const old = { pds: repo.host.url, signingKey: repo.key.didKey }
    repo.moveTo(other(network, repo.host))
    await level(network, running)
    const now = { handle: 'after.test', pds: repo.host.url, signingKey: repo.key.didKey }
    expect(identities).toEqual([
      {
        did,
        ...now,
        changed: {
          pds: { from: old.pds, to: now.pds },
          signingKey: { from: old.signingKey, to: now.signingKey },
        },
      },
    ])
    // Told again, nothing has changed.
    identities.length = 0
    repo.publish()
    await level(network, running)
    expect(identities).toEqual([])
    await expectTruth(running, network.truth())
  })

  test('a did:web account is fetched and followed like any other: keys, handles and moves', async () => {
    await using network = await startNetwork({ seed: 'web', pdses: 2, clock: 'system' })
    const repo = await network.createWebRepo({ records: 12, collections: [STATUS] })
    const { definitions, identities } = listening()
    await using running = await runTap({ network, definitions })
    await running.tap.settled()
    expect(repo.did).toMatch(/^did:web:localhost%3A\d+$/)
    await expectTruth(running, network.truth())
    repo.create(STATUS, status('live'))
    repo.rotateKey({ curve: 'p256' })
    repo.create(STATUS, status('with the new key'))
    repo.setHandle('web.test')
    repo.moveTo(other(network, repo.host))
    repo.create(STATUS, status('from the new home'))
    await level(network, running)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    expect(await running.tap.store.repos.get(repo.did)).toMatchObject({
      handle: 'web.test',
      pds: repo.host.url,
    })
    expect(identities.at(-1)?.pds).toBe(repo.host.url)

    // Its document is out of reach for a while: nothing happens to what we hold.
    const port = Number(repo.did.split('%3A')[1])
    const web =
      Array.from({ length: 9 }, (_, i) => `web${i}`).find((name) => portOf(network, name) === port) ?? ''
    await network.host(web).stop()
    repo.publish()
    await network.relayIdle()
    await running.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(running, network.truth())
    await network.host(web).start()
    repo.create(STATUS, status('back'))
    await level(network, running)
    await expectTruth(running, network.truth())
  })

  function portOf(network: Network, name: string): number | null {
    try {
      return network.host(name).port
    } catch {
      return null
    }
  }

  test('E1, E3, E4, E5: onAccount says what changed from what to what; what an inactive account missed is fetched', async () => {
    await using network = await startNetwork({ seed: 'standings', clock: 'system' })
    const repo = network.createRepo({ records: 5, collections: [STATUS] })
    const { definitions, accounts } = listening()
    await using running = await runTap({ network, definitions })
    await running.tap.settled()
    const { did } = repo
    const [first] = [...repo.records()].map(({ path }) => path.split('/')[1] ?? '')
    for (const away of ['deactivated', 'suspended', 'takendown'] as const) {
      repo.setStatus(away)
      await level(network, running)
      expect((await running.tap.store.repos.get(did))?.standing).toBe(away)
      // The records stay.
      expect((await running.rows('rec')).length).toBe(5)
      const lost = network.faults.add(loseEvents('commit'))
      repo.setStatus('active')
      repo.update(STATUS, first ?? '', status(`unheard after ${away}`))
      lost.remove()
      repo.sync()
      await level(network, running)
      await expectTruth(running, network.truth())
    }
    expect(accounts.map(({ from, status: to, active }) => `${from} → ${to} ${active}`)).toEqual([
      'active → deactivated false',
      'deactivated → active true',
      'active → suspended false',
      'suspended → active true',
      'active → takendown false',
      'takendown → active true',
    ])
    // A status nobody knows is kept as its host spells it, and `active` rules.
    network.relayStream.emit({
      kind: 'account',
      did,
      active: false,
      status: 'hibernating',
      time: network.now(),
    })
    await level(network, running)
    expect((await running.tap.store.repos.get(did))?.standing).toBe('hibernating')
    network.relayStream.emit({ kind: 'account', did, active: true, status: 'throttled', time: network.now() })
    await level(network, running)
    expect((await running.tap.store.repos.get(did))?.standing).toBe('active')
    await expectEachOnce(running)
  })

  test('E7: a DID that its directory buried is deleted, whoever tells of it', async () => {
    await using network = await startNetwork({ seed: 'tombstones', clock: 'system' })
    const [heard, fetched] = Array.from({ length: 2 }, () =>
      network.createRepo({ records: 5, collections: [STATUS] }),
    )
    if (!heard || !fetched) throw new Error('no repos')
    const { definitions, accounts } = listening()
    await using running = await runTap({ network, definitions })
    await running.tap.settled()
    await network.waitForSubscribers(1)
    const lost = network.faults.add(loseEvents())
    for (const repo of [heard, fetched]) repo.remove({ tombstone: true })
    lost.remove()
    network.relayStream.emit({ kind: 'identity', did: heard.did, time: network.now() })
    await level(network, running)
    expect(await running.tap.store.repos.get(heard.did)).toBe(null)
    expect((await running.rows('rec')).length).toBe(5)
    // The other one is found when it is fetched, once its identity is not taken from memory.
    network.relayStream.emit({ kind: 'identity', did: fetched.did, time: network.now() })
    await running.tap.resync(fetched.did)
    await level(network, running)
    await expect.poll(() => running.tap.store.repos.get(fetched.did)).toBe(null)
    expect(await running.rows('rec')).toEqual([])
    expect(accounts.map(({ status: to }) => to)).toEqual(['deleted', 'deleted'])
    expect((await running.rows('seen')).filter(({ action }) => action === 'delete').length).toBe(10)
  })

  test('an account that was deleted may come back under its DID, and is new then', async () => {
    await using network = await startNetwork({ seed: 'phoenix', clock: 'system' })
    const repo = network.createRepo({ records: 3, collections: [STATUS] })
    await using running = await runTap({ network, config: { track: { dids: [repo.did] } } })
    await running.tap.settled()
    const time = network.now()
    network.relayStream.emit({ kind: 'account', did: repo.did, active: false, status: 'deleted', time })
    await level(network, running)
    await expect.poll(() => running.tap.store.repos.get(repo.did)).toBe(null)
    expect(await running.rows('rec')).toEqual([])
    network.relayStream.emit({ kind: 'account', did: repo.did, active: true, time })
    await level(network, running)
    await expectTruth(running, network.truth())
  })

  // Elsewhere one moment and fewer records tell it: PGlite takes its time.
  const big = name === 'sqlite' ? 3000 : 1000
  const moments: [metric: string, nth: number][] = [
    ['delete_calls', 700],
    ...(name === 'sqlite'
      ? ([
          ['delete_calls', 1],
          ['delete_calls', 2999],
          ['lextap_batches_total', 4],
        ] as [string, number][])
      : []),
  ]
  test.each(moments)(
    'E4: killed in the middle of a big deletion (%s %i), the next start goes on; each record is deleted once',
    async (metric, nth) => {
      await using network = await startNetwork({ seed: `deletion ${metric} ${nth}`, clock: 'system' })
      const repo = network.createRepo({ records: big, collections: [STATUS] })
      const kept = network.createRepo({ records: 30, collections: [STATUS] })
      const database = await fresh()
      const first = await runTap({ network, database })
      await first.tap.settled()
      await network.waitForSubscribers(1)
      kept.create(STATUS, status('so that there is a cursor'))
      await level(network, first)
      await first.tap.stop()
      repo.setStatus('deleted')
      const indexer = new Indexer(network, database, { metric, nth })
      await indexer.gone
      expect(indexer.signal).toBe('SIGKILL')

      await using running = await runTap({ network, database })
      await level(network, running)
      await expect.poll(() => running.tap.store.repos.get(repo.did), { timeout: 30_000 }).toBe(null)
      await running.tap.settled()
      await expectTruth(running, network.truth())
      const deletes = (await running.rows('seen')).filter(({ action }) => action === 'delete')
      expect(deletes.length).toBe(big)
      expect(new Set(deletes.map(({ uri }) => uri)).size).toBe(big)
      expect(await running.tap.store.records.count()).toBe(31)
      expect((await running.rows('account_seen')).map((row) => `${row.was} → ${row.status}`)).toEqual([
        'active → deleted',
      ])
    },
  )
})
