import { expect, test } from 'vitest'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { failWith, loseEvents, type Network, slowDrip, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

const STATUS = 'xyz.statusphere.status'
const GET_REPO = 'com.atproto.sync.getRepo'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

onEachDatabase(({ runTap }) => {
  test('F7: the old home of an account that moved says deactivated, and is not believed', async () => {
    await using network = await startNetwork({ seed: 'old home', pdses: 2 })
    const repo = network.createRepo({ records: 10, collections: [STATUS] })
    await using running = await runTap({ network })
    await running.tap.settled()
    const [first, second] = network.pdses
    {
      using _ = network.faults.add(loseEvents())
      repo.moveTo(repo.host === first ? (second ?? first) : first)
      repo.create(STATUS, status('unheard'))
    }
    await running.tap.resync(repo.did)
    await running.tap.settled()
    expect(await running.tap.store.repos.get(repo.did)).toMatchObject({
      standing: 'active',
      pds: repo.host.url,
      rev: repo.rev,
    })
    await expectTruth(running, network.truth())
  })

  test('E9: what the stream and the host both say of an account is told once', async () => {
    await using network = await startNetwork({ seed: 'told once' })
    const repo = network.createRepo({ records: 5 })
    await using running = await runTap({ network })
    await running.tap.settled()
    const answer = Promise.withResolvers<void>()
    const late = network.faults.add(
      {
        name: 'late',
        http: async (_, next) => {
          await answer.promise
          return next()
        },
      },
      { route: GET_REPO },
    )
    await running.tap.resync(repo.did)
    await late.hit()
    repo.setStatus('takendown')
    const standing = async () => (await running.tap.store.repos.get(repo.did))?.standing
    await expect.poll(standing).toBe('takendown')
    answer.resolve()
    await level(network, running)
    expect(await running.rows('account_seen')).toMatchObject([{ status: 'takendown', was: 'active' }])
  })

  test('F5: commits that wait for a fetch leave no row behind when their account is taken down', async () => {
    await using network = await startNetwork({ seed: 'left in the buffer' })
    const repo = network.createRepo({ records: 60 })
    const drip = network.faults.add(slowDrip({ bytes: 100, everyMs: 20 }), { route: GET_REPO })
    await using running = await runTap({ network })
    await drip.hit()
    repo.create(STATUS, status('waits'))
    await expect.poll(async () => (await running.tap.store.buffer.counts()).frames).toBe(1)
    repo.setStatus('takendown')
    await expect.poll(async () => (await running.tap.store.buffer.counts()).frames).toBe(0)
  })

  test('a repo that is removed while it is fetched leaves no record behind', async () => {
    await using network = await startNetwork({ seed: 'removed in between' })
    const [repo, other] = [network.createRepo({ records: 2500 }), network.createRepo({ records: 5 })]
    network.faults.add(slowDrip({ bytes: 30_000, everyMs: 10 }), { route: GET_REPO, did: repo.did })
    const config = { track: { dids: [repo.did, other.did] }, collections: ['*'] }
    await using running = await runTap({ network, config })
    const ours = async () => (await running.rows('rec')).filter((row) => row.did === repo.did).length
    await expect.poll(ours).toBeGreaterThan(0)
    await running.tap.removeRepo(repo.did)
    await running.tap.settled()
    expect(await ours()).toBe(0)
    expect(await running.tap.store.repos.get(repo.did)).toBe(null)
  })

  test('a repo that is tracked again while it is being removed stays, complete', async () => {
    await using network = await startNetwork({ seed: 'changed my mind' })
    const repo = network.createRepo({ records: 3000 })
    const config = { track: { dids: [repo.did] } }
    await using running = await runTap({ network, config })
    await running.tap.settled()
    await running.tap.removeRepo(repo.did)
    await running.tap.addRepos([repo.did])
    await running.tap.settled()
    await expectTruth(running, network.truth())
    expect(await running.tap.store.repos.get(repo.did)).toMatchObject({ state: 'active', removal: null })
  })

  test('E10: account events that were lost are found by asking the upstream', async () => {
    await using network = await startNetwork({ seed: 'unheard accounts' })
    const [paused, back, deleted] = Array.from({ length: 3 }, () => network.createRepo({ records: 8 }))
    if (!paused || !back || !deleted) throw new Error('no repos')
    await using running = await runTap({ network })
    await running.tap.settled()
    back.setStatus('deactivated')
    await level(network, running)
    {
      using _ = network.faults.add(loseEvents('account'))
      paused.setStatus('suspended')
      deleted.setStatus('deleted')
      back.setStatus('active')
      back.create(STATUS, status('nobody heard that I am back'))
    }
    await level(network, running)
    expect(await running.tap.reconcile({ graceMs: 0 })).toBe(3)
    await running.tap.settled()
    expect((await running.tap.store.repos.get(paused.did))?.standing).toBe('suspended')
    expect((await running.tap.store.repos.get(back.did))?.standing).toBe('active')
    expect(await running.tap.store.repos.get(deleted.did)).toBe(null)
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
    expect(await running.tap.reconcile({ graceMs: 0 })).toBe(0)
  })

  test('P6: a delete that failed while its account was removed is still owed, and can be applied later', async () => {
    await using network = await startNetwork({ seed: 'owed' })
    const [repo, other] = [network.createRepo({ records: 4, collections: [STATUS] }), network.createRepo()]
    let broken = true
    const definitions = plainHandlers().map((definition): HandlerDefinition => {
      if (definition.kind !== 'record') return definition
      const remove: typeof definition.handlers.delete = async (event, context) => {
        if (broken) throw new Error('not today')
        await definition.handlers.delete?.(event, context)
      }
      return { ...definition, handlers: { ...definition.handlers, delete: remove } }
    })
    await using running = await runTap({ network, definitions })
    await running.tap.settled()
    repo.setStatus('deleted')
    await level(network, running)
    await expect.poll(async () => running.tap.store.repos.get(repo.did)).toBe(null)
    const letters = await running.tap.store.deadLetters.list()
    expect(letters).toHaveLength(4)
    // Another repo takes its place in the tables, not its letters.
    other.create(STATUS, status('unharmed'), 'self')
    await level(network, running)
    broken = false
    for (const { id } of letters) expect(await running.tap.retryDeadLetter(id)).toBe('applied')
    expect(await running.tap.store.deadLetters.list()).toEqual([])
    await expectTruth(running, network.truth())
  })

  test('F7: a repo its host did not know and that speaks again is told as active', async () => {
    await using network = await startNetwork({ seed: 'found again' })
    const repo = network.createRepo({ records: 4 })
    await using running = await runTap({ network })
    await running.tap.settled()
    const standing = async () => (await running.tap.store.repos.get(repo.did))?.standing
    {
      using _ = network.faults.add(failWith(400, 'RepoNotFound'), { route: GET_REPO })
      await running.tap.resync(repo.did)
      await expect.poll(standing).toBe('not-found')
    }
    repo.create(STATUS, status('here I am'))
    await level(network, running)
    expect(await standing()).toBe('active')
    expect(await running.rows('account_seen')).toMatchObject([
      { status: 'active', was: 'not-found' },
      { status: 'not-found', was: 'active' },
    ])
    await expectTruth(running, network.truth())
  })
})
