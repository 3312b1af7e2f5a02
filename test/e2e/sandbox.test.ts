import { expect, test } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import { startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { quietObserver } from '../support/run-tap.ts'

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

onEachDatabase(({ runTap }) => {
  test('a network is discovered, backfilled and followed live, each event once', async () => {
    await using network = await startNetwork({ seed: 'follow', pdses: 2, clock: 'system' })
    for (let i = 0; i < 12; i++) network.createRepo({ records: 40, curve: i % 2 === 0 ? 'k256' : 'p256' })
    await using running = await runTap({ network })
    await running.tap.settled()
    await expectTruth(running, network.truth())

    const [first, second] = network.repos
    const made = first?.create(STATUS, status('🦋'))
    second?.create(STATUS, status('👍'), 'self')
    second?.update(STATUS, 'self', status('🎉'))
    second?.delete(STATUS, 'self')
    network.createRepo({ records: 5 }).create(STATUS, status('new here'))
    await network.relayIdle()
    await running.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    const seen = await running.rows('seen')
    expect(seen.find((row) => row.uri === made?.uri)).toMatchObject({
      live: 1,
      source: 'live',
      action: 'create',
    })
    expect(seen.filter((row) => row.source === 'backfill').length).toBeGreaterThanOrEqual(12 * 40)
  })

  test('whoever waits for what never comes is told when the tap is stopped', async () => {
    await using network = await startNetwork({ seed: 'never' })
    network.createRepo({ records: 3 })
    await using running = await runTap({ network })
    await running.tap.settled()
    const waiting = running.tap.settled({ seq: network.relayStream.seq + 1000 })
    const told = expect(waiting).rejects.toThrow('stopped before it was settled')
    await running.tap.stop()
    await told
  })

  test('P4: commits that were lost on the way are made up for, deletes included', async () => {
    await using network = await startNetwork({ seed: 'lost', clock: 'system' })
    const repo = network.createRepo({ records: 20, collections: [STATUS] })
    await using running = await runTap({ network })
    await running.tap.settled()

    const [gone, changed] = [...repo.records()].map((record) => record.path.split('/')[1] ?? '')
    repo.commit([{ action: 'delete', collection: STATUS, rkey: gone ?? '' }], { announce: false })
    repo.commit([{ action: 'update', collection: STATUS, rkey: changed ?? '', record: status('changed') }], {
      announce: false,
    })
    repo.create(STATUS, status('after the gap'))
    await network.relayIdle()
    await running.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    const deletes = (await running.rows('seen')).filter((row) => row.action === 'delete')
    expect(deletes).toMatchObject([{ uri: `at://${repo.did}/${STATUS}/${gone}`, source: 'resync' }])
  })

  test('accounts: a handle change, a rotated key, deactivation, return and deletion', async () => {
    await using network = await startNetwork({ seed: 'accounts', pdses: 2, clock: 'system' })
    const [renamed, rotated, paused, deleted, moved] = Array.from({ length: 5 }, () =>
      network.createRepo({ records: 10, collections: [STATUS] }),
    )
    if (!renamed || !rotated || !paused || !deleted || !moved) throw new Error('no repos')
    await using running = await runTap({ network })
    await running.tap.settled()
    const level = async () => {
      await network.relayIdle()
      await running.tap.settled({ seq: network.relayStream.seq })
    }

    renamed.setHandle('renamed.test')
    rotated.rotateKey()
    rotated.create(STATUS, status('with the new key'))
    paused.setStatus('deactivated')
    await level()
    expect((await running.tap.store.repos.get(paused.did))?.standing).toBe('deactivated')
    paused.setStatus('active')
    paused.create(STATUS, status('back again'))
    deleted.setStatus('deleted')
    moved.moveTo(network.pdses[1] === moved.host ? network.pdses[0] : (network.pdses[1] ?? network.pdses[0]))
    moved.create(STATUS, status('from the new home'))
    await level()

    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    expect((await running.tap.store.repos.get(renamed.did))?.handle).toBe('renamed.test')
    expect(await running.tap.store.repos.get(deleted.did)).toBe(null)
    const accounts = (await running.rows('account_seen')).filter((row) =>
      [paused.did, deleted.did].includes(String(row.did)),
    )
    expect(accounts.map((row) => `${row.was} → ${row.status}`).sort()).toEqual([
      'active → deactivated',
      'active → deleted',
      'deactivated → active',
    ])
  })

  test('a stopped tap goes on where it was: nothing lost, nothing twice', async () => {
    await using network = await startNetwork({ seed: 'restart', clock: 'system' })
    const repos = Array.from({ length: 6 }, () => network.createRepo({ records: 30 }))
    const first = await runTap({ network })
    await first.tap.settled()
    repos[0]?.create(STATUS, status('so that there is a cursor'))
    await network.relayIdle()
    await first.tap.settled({ seq: network.relayStream.seq })
    const database = first.config.database
    await first.tap.stop()
    for (const repo of repos) {
      repo.create(STATUS, status('while you slept'))
      for (const { path } of [...repo.records()].slice(0, 3)) {
        const [collection = '', rkey = ''] = path.split('/')
        repo.delete(collection, rkey)
      }
    }
    await using second = await runTap({ network, database })
    await network.relayIdle()
    await second.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
    expect((await second.rows('seen')).filter((row) => row.source === 'resync')).toEqual([])
  })

  test('A4: without a cursor to go on from, repos that moved meanwhile are found by their revs', async () => {
    await using network = await startNetwork({ seed: 'no cursor', clock: 'system' })
    const repos = Array.from({ length: 4 }, () => network.createRepo({ records: 10, collections: [STATUS] }))
    const config = { stream: { noReplay: true }, discovery: { reconcileGraceMs: 0 } }
    const first = await runTap({ network, config })
    await first.tap.settled()
    const database = first.config.database
    await first.tap.stop()
    repos[0]?.create(STATUS, status('nobody listened'))
    const [{ path } = { path: '' }] = [...(repos[1]?.records() ?? [])]
    repos[1]?.delete(STATUS, path.split('/')[1] ?? '')

    await using second = await runTap({ network, config, database })
    await expect
      .poll(async () => (await second.rows('seen')).filter((row) => row.source === 'resync').length)
      .toBe(2)
    await second.tap.settled()
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
  })

  test('E9: a replay of old account events does nothing twice', async () => {
    await using network = await startNetwork({ seed: 'replay', clock: 'system' })
    const repo = network.createRepo({ records: 5, collections: [STATUS] })
    const config = { stream: { cursorIntervalMs: 3_600_000 } }
    const first = await runTap({ network, config })
    await first.tap.settled()
    await network.waitForSubscribers(1)
    repo.setStatus('deactivated')
    repo.setStatus('active')
    repo.create(STATUS, status('back'))
    await network.relayIdle()
    await first.tap.settled({ seq: network.relayStream.seq })
    const before = await first.rows('account_seen')
    const database = first.config.database
    await first.tap.stop()
    // As after a crash that lost the cursor's last saves: everything since the start comes again.
    {
      await using store = await openStore(database, { observer: quietObserver() })
      await store.db.run(
        "update lextap_cursor set value = '0' where kind = 'com.atproto.sync.subscribeRepos'",
      )
    }
    await using second = await runTap({ network, config, database })
    await network.relayIdle()
    await second.tap.settled({ seq: network.relayStream.seq })
    expect(await second.rows('account_seen')).toEqual(before)
    await expectTruth(second, network.truth())
    await expectEachOnce(second)
  })
})
