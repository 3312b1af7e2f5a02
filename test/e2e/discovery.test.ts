import { expect, test } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { type Network, startNetwork, type TestRepo } from '../../src/testing/index.ts'
import { expectEachOnce } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { listener } from '../support/observer.ts'
import { anySchema, plainHandlers, put, remove } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** Which repos are followed: named, signalling, all of them, tracked by handlers or from outside, in any mix. */
const STATUS = 'xyz.statusphere.status'
const LIKE = 'app.bsky.feed.like'
const POST = 'app.bsky.feed.post'
const FOLLOW = 'app.bsky.graph.follow'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.waitForSubscribers(1)
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

async function tracked(running: RunningTap): Promise<string[]> {
  return (await running.tap.store.repos.list({ limit: 100 })).map(({ did }) => did).sort()
}

const didsOf = (repos: readonly TestRepo[]) => repos.map(({ did }) => did).sort()

/** The table holds all records of these repos, and of nobody else. */
async function expectRows(running: RunningTap, network: Network, repos: readonly TestRepo[]): Promise<void> {
  const truth = [...network.truth().keys()].filter((uri) => repos.some(({ did }) => uri.includes(did)))
  expect((await running.rows('rec')).map(({ uri }) => uri).sort()).toEqual(truth.sort())
}

onEachDatabase(({ runTap, fresh }) => {
  async function start(network: Network, track: TapConfig['track']): Promise<RunningTap> {
    const running = await runTap({ network, config: { track: track ?? {} } })
    await running.tap.settled()
    return running
  }

  test('two signals that name one repo are one repo, fetched once', async () => {
    await using network = await startNetwork({ seed: 'two signals', clock: 'system' })
    const both = network.createRepo({ records: 20, collections: [STATUS, LIKE] })
    const one = network.createRepo({ records: 20, collections: [LIKE] })
    network.createRepo({ records: 20, collections: [FOLLOW] })
    await using running = await start(network, { signal: [STATUS, LIKE, 'app.bsky.feed.*'] })
    expect(await tracked(running)).toEqual(didsOf([both, one]))
    expect((await running.tap.status()).backfill.done).toBe(2)
    await expectRows(running, network, [both, one])
    // Live: a commit with both signals.
    const late = network.createRepo({ announce: false })
    late.commit([
      { action: 'create', collection: STATUS, record: status('a') },
      { action: 'create', collection: LIKE, record: network.records.record(LIKE) },
    ])
    await level(network, running)
    expect(await tracked(running)).toEqual(didsOf([both, one, late]))
    expect((await running.tap.status()).backfill.done).toBe(3)
    await expectRows(running, network, [both, one, late])
    await expectEachOnce(running)
  })

  test('a wildcard signal finds repos by every collection below it, listed and live', async () => {
    await using network = await startNetwork({ seed: 'wildcard', clock: 'system' })
    const liker = network.createRepo({ records: 5, collections: [LIKE] })
    const poster = network.createRepo({ records: 5, collections: [POST] })
    network.createRepo({ records: 5, collections: [FOLLOW, STATUS] })
    const observer = listener()
    const config = { track: { signal: ['app.bsky.feed.*'] } }
    await using running = await runTap({ network, config, observer })
    await running.tap.settled()
    expect(observer.lines.filter(({ signal }) => signal !== undefined)).toMatchObject([
      { level: 40, signal: 'app.bsky.feed.*', listed: expect.arrayContaining([LIKE, POST]) },
    ])
    expect(await tracked(running)).toEqual(didsOf([liker, poster]))
    const late = network.createRepo({ announce: false })
    late.create(FOLLOW, network.records.record(FOLLOW))
    await level(network, running)
    expect(await tracked(running)).toEqual(didsOf([liker, poster]))
    late.create(POST, network.records.record(POST))
    await level(network, running)
    expect(await tracked(running)).toEqual(didsOf([liker, poster, late]))
    await expectRows(running, network, [liker, poster, late])
  })

  test('named, signalling and added from outside: the modes combine', async () => {
    await using network = await startNetwork({ seed: 'mix', clock: 'system' })
    const named = network.createRepo({ records: 5, collections: [FOLLOW] })
    const signalling = network.createRepo({ records: 5, collections: [STATUS] })
    const added = network.createRepo({ records: 5, collections: [LIKE] })
    const stranger = network.createRepo({ records: 5, collections: [LIKE] })
    await using running = await start(network, { dids: [named.did, signalling.did], signal: STATUS })
    expect(await running.tap.addRepos([added.did, named.did])).toBe(1)
    await running.tap.settled()
    expect(await tracked(running)).toEqual(didsOf([named, signalling, added]))
    for (const repo of [named, signalling, added, stranger]) repo.create(LIKE, network.records.record(LIKE))
    await level(network, running)
    await expectRows(running, network, [named, signalling, added])
    await expectEachOnce(running)
  })

  /** Follows whom its accounts follow: `track` with the follow, `untrack` without it. */
  function followGraph(keepRows: boolean): HandlerDefinition[] {
    const graph: HandlerDefinition = {
      kind: 'record',
      pattern: FOLLOW,
      schemas: [anySchema(FOLLOW)],
      handlers: {
        async put(event, context) {
          await put(event, context)
          const { subject } = event.record as { subject: string }
          await context.track(subject)
          if (event.rkey === 'fails') throw new Error('after it asked')
        },
        async delete(event, context) {
          await remove(event, context)
          // The rkey of these follows is the end of whom they are about.
          const repos = await context.tx.selectFrom('rec').select('did').distinct().execute()
          const gone = repos.find(({ did }: { did: string }) => did.endsWith(event.rkey))
          if (gone !== undefined) await context.untrack(gone.did, { keepRows })
        },
      },
    }
    return [graph, ...plainHandlers([STATUS])]
  }

  const follow = (subject: string) => ({ $type: FOLLOW, subject, createdAt: '2026-01-01T00:00:00.000Z' })

  test.each([false, true])(
    'track and untrack from handlers are part of their transaction (keepRows: %s)',
    async (keepRows) => {
      await using network = await startNetwork({ seed: `handlers ${keepRows}`, clock: 'system' })
      const [alice, bob, carla] = Array.from({ length: 3 }, () =>
        network.createRepo({ records: 4, collections: [STATUS] }),
      )
      if (!alice || !bob || !carla) throw new Error('no repos')
      await using running = await runTap({
        network,
        definitions: followGraph(keepRows),
        config: { track: { dids: [alice.did] }, handling: { attempts: 1 } },
      })
      await running.tap.settled()
      await expectRows(running, network, [alice])

      const rkey = bob.did.slice(-5)
      alice.create(FOLLOW, follow(bob.did), rkey)
      // The handler throws: nothing it asked for happens.
      alice.create(FOLLOW, follow(carla.did), 'fails')
      await level(network, running)
      expect(await tracked(running)).toEqual(didsOf([alice, bob]))
      expect((await running.rows('rec')).filter(({ did }) => did === bob.did).length).toBe(4)
      expect((await running.tap.store.deadLetters.list()).map((letter) => letter.rkey)).toEqual(['fails'])
      bob.create(STATUS, status('followed live'))
      await level(network, running)
      expect((await running.rows('rec')).filter(({ did }) => did === bob.did).length).toBe(5)

      alice.delete(FOLLOW, rkey)
      await level(network, running)
      await expect.poll(() => tracked(running)).toEqual([alice.did])
      const rows = (await running.rows('rec')).filter(({ did }) => did === bob.did)
      expect(rows.length).toBe(keepRows ? 5 : 0)
      const deletes = (await running.rows('seen')).filter(
        ({ action, uri }) => action === 'delete' && String(uri).includes(bob.did),
      )
      expect(deletes.length).toBe(keepRows ? 0 : 5)
      bob.create(STATUS, status('unheard'))
      await level(network, running)
      expect((await running.rows('rec')).filter(({ did }) => did === bob.did).length).toBe(rows.length)
    },
  )

  test('an account that a handler excludes stays away, one that it merely untracks is found again', async () => {
    await using network = await startNetwork({ seed: 'opts out', clock: 'system' })
    const [host, out, back, stays] = Array.from({ length: 4 }, () =>
      network.createRepo({ records: 3, collections: [STATUS] }),
    )
    if (!host || !out || !back || !stays) throw new Error('no repos')
    const early = network.createRepo()
    const leaving: HandlerDefinition = {
      kind: 'record',
      pattern: FOLLOW,
      schemas: [anySchema(FOLLOW)],
      handlers: {
        async create(event, { untrack }) {
          const { subject } = event.record as { subject: string }
          await untrack(subject, { exclude: event.rkey.startsWith('exclude') })
          if (event.rkey.endsWith('fails')) throw new Error('after it asked')
        },
      },
    }
    await using running = await runTap({
      network,
      definitions: [leaving, ...plainHandlers([STATUS])],
      config: { track: { signal: STATUS }, handling: { attempts: 1 } },
    })
    await running.tap.settled()
    host.create(FOLLOW, follow(out.did), 'exclude-out')
    host.create(FOLLOW, follow(back.did), 'untrack-back')
    host.create(FOLLOW, follow(early.did), 'exclude-early')
    host.create(FOLLOW, follow(stays.did), 'exclude-fails')
    await level(network, running)
    await expect.poll(() => tracked(running)).toEqual(didsOf([host, stays]))
    for (const repo of [out, back, early, stays]) repo.create(STATUS, status('again'))
    await level(network, running)
    await running.tap.reconcile({ graceMs: 0 })
    await running.tap.settled()
    expect(await tracked(running)).toEqual(didsOf([host, back, stays]))
    await running.tap.addRepos([out.did])
    await running.tap.settled()
    expect(await tracked(running)).toEqual(didsOf([host, back, stays, out]))
  })

  test('a repo that was removed is not found again, listed, live or after a restart, until it is added', async () => {
    await using network = await startNetwork({ seed: 'stays away', clock: 'system' })
    const [away, stays] = Array.from({ length: 2 }, () =>
      network.createRepo({ records: 4, collections: [STATUS] }),
    )
    if (!away || !stays) throw new Error('no repos')
    const database = await fresh()
    const signalling = () => runTap({ network, database, config: { track: { signal: STATUS } } })
    {
      await using running = await signalling()
      await running.tap.settled()
      expect(await running.tap.removeRepo(away.did)).toBe(true)
      await running.tap.settled()
      away.create(STATUS, status('unheard'))
      await level(network, running)
      await running.tap.reconcile({ graceMs: 0 })
      expect(await tracked(running)).toEqual([stays.did])
      await expectRows(running, network, [stays])
    }
    await using running = await signalling()
    await running.tap.settled()
    away.create(STATUS, status('unheard too'))
    await level(network, running)
    expect(await tracked(running)).toEqual([stays.did])
    await running.tap.addRepos([away.did])
    await running.tap.settled()
    await expectRows(running, network, [away, stays])
    // Taken out but not kept out, as Tap does it: the next listing finds it.
    expect(await running.tap.removeRepo(away.did, { exclude: false })).toBe(true)
    await running.tap.settled()
    expect(await running.tap.reconcile({ graceMs: 0 })).toBe(1)
    await running.tap.settled()
    await expectRows(running, network, [away, stays])
  })

  test('removing a repo takes its rows along, or leaves them; both are forgotten, and either may come back', async () => {
    await using network = await startNetwork({ seed: 'remove', clock: 'system' })
    const [all, none] = Array.from({ length: 2 }, () =>
      network.createRepo({ records: 6, collections: [STATUS] }),
    )
    if (!all || !none) throw new Error('no repos')
    await using running = await start(network, { dids: [] })
    await running.tap.addRepos([all.did, none.did])
    await running.tap.settled()
    await expectRows(running, network, [all, none])
    expect(await running.tap.removeRepo(all.did)).toBe(true)
    expect(await running.tap.removeRepo(none.did, { keepRows: true })).toBe(true)
    expect(await running.tap.removeRepo('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')).toBe(false)
    await running.tap.settled()
    expect(await tracked(running)).toEqual([])
    expect(await running.tap.store.records.count()).toBe(0)
    await expectRows(running, network, [none])
    // Rows that were left are written over by the fetch that follows.
    await running.tap.addRepos([all.did, none.did])
    await running.tap.settled()
    await expectRows(running, network, [all, none])
  })

  test('F4: rows that were kept go when their records went while nobody followed, and once', async () => {
    await using network = await startNetwork({ seed: 'kept', clock: 'system' })
    const [back, out] = Array.from({ length: 2 }, () =>
      network.createRepo({ records: 6, collections: [STATUS] }),
    )
    if (!back || !out) throw new Error('no repos')
    await using running = await start(network, { dids: [] })
    await running.tap.addRepos([back.did, out.did])
    await running.tap.settled()
    for (const repo of [back, out]) await running.tap.removeRepo(repo.did, { keepRows: true })
    await running.tap.settled()
    const paths = [...back.records()].map(({ path }) => path.split('/')[1] ?? '')
    const record = { $type: STATUS, status: 'x', createdAt: '2026-01-01T00:00:00.000Z' }
    back.delete(STATUS, paths[0] ?? '')
    back.delete(STATUS, paths[1] ?? '')
    back.update(STATUS, paths[2] ?? '', record)
    back.create(STATUS, record)
    await running.tap.addRepos([back.did])
    await running.tap.settled()
    await expectRows(running, network, [back, out])
    const seen = (await running.rows('seen')).filter(({ uri }) => String(uri).includes(back.did))
    const count = (wanted: string) => seen.filter(({ action }) => action === wanted).length
    // Six before; then the whole repo anew, and what is gone.
    expect([count('create'), count('update'), count('delete')]).toEqual([6 + 5, 0, 2])

    // Taken out for good before it was fetched again: what was kept goes as well.
    await network.pdses[0].host.stop()
    await running.tap.addRepos([out.did])
    await running.tap.removeRepo(out.did)
    await expect.poll(() => tracked(running)).toEqual([back.did])
    await expectRows(running, network, [back])
  })
})
