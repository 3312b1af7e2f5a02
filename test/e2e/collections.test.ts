import { expect, test } from 'vitest'
import { compareCollections } from '../../src/backfill/collections.ts'
import type { TapConfig } from '../../src/config/types.ts'
import { type Network, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** A project that indexes other collections than before. */
const STATUS = 'xyz.statusphere.status'
const LIKE = 'app.bsky.feed.like'
const FOLLOW = 'app.bsky.graph.follow'
const POST = 'app.bsky.feed.post'
const ALL = [STATUS, LIKE, FOLLOW, POST] as const

async function setUp(): Promise<Network> {
  const network = await startNetwork({ seed: 'collections', clock: 'system' })
  for (let i = 0; i < 5; i++) network.createRepo({ records: 40, collections: ALL })
  return network
}

interface Run {
  readonly handle: readonly string[]
  readonly database?: string
  readonly config?: TapConfig
}

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.waitForSubscribers(1)
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

const uris = async (running: RunningTap) => (await running.rows('rec')).map(({ uri }) => String(uri)).sort()
const truth = (network: Network, collections: readonly string[]) =>
  [...network.truth(collections).keys()].sort()
const seenOf = async (running: RunningTap, collection: string) =>
  (await running.rows('seen')).filter(({ uri }) => String(uri).includes(`/${collection}/`))

onEachDatabase(({ runTap }) => {
  async function run(network: Network, { handle, database, config }: Run): Promise<RunningTap> {
    const options = {
      ...(database === undefined ? {} : { database }),
      ...(config === undefined ? {} : { config }),
    }
    const running = await runTap({ network, definitions: plainHandlers(handle), ...options })
    await running.tap.settled()
    return running
  }

  test('a new collection is fetched for all repos, and nobody hears of the others again', async () => {
    await using network = await setUp()
    const first = await run(network, { handle: [STATUS] })
    const before = await first.rows('seen')
    expect(await uris(first)).toEqual(truth(network, [STATUS]))
    const { database } = first.config
    await first.tap.stop()

    await using second = await run(network, { handle: [STATUS, LIKE], database })
    expect(await uris(second)).toEqual(truth(network, [STATUS, LIKE]))
    expect(await seenOf(second, STATUS)).toEqual(before)
    const likes = await seenOf(second, LIKE)
    expect(new Set(likes.map(({ action, source, live }) => `${action} ${source} ${live}`))).toEqual(
      new Set(['create resync 0']),
    )
    // From here on it is live like the others.
    const [repo] = network.repos
    repo?.create(LIKE, network.records.record(LIKE))
    await level(network, second)
    expect(await uris(second)).toEqual(truth(network, [STATUS, LIKE]))
    await expectEachOnce(second)
  })

  test('nothing is fetched again when nothing is new', async () => {
    await using network = await setUp()
    const first = await run(network, { handle: [STATUS, LIKE] })
    const { database } = first.config
    await first.tap.stop()
    await using second = await run(network, { handle: [LIKE, STATUS], database })
    expect((await second.tap.status()).backfill.done).toBe(0)
  })

  test('a handler for a collection that was indexed without one gets all its records', async () => {
    await using network = await setUp()
    const config = { collections: [STATUS, LIKE] }
    const first = await run(network, { handle: [STATUS], config })
    const before = await first.rows('seen')
    expect(await first.tap.store.records.count()).toBe(truth(network, [STATUS, LIKE]).length)
    const { database } = first.config
    await first.tap.stop()
    await using second = await run(network, { handle: [STATUS, LIKE], config, database })
    expect(await uris(second)).toEqual(truth(network, [STATUS, LIKE]))
    expect(await seenOf(second, STATUS)).toEqual(before)
    await expectEachOnce(second)
  })

  test('a collection that is taken out stops and its rows stay; when it comes back it is brought level', async () => {
    await using network = await setUp()
    const [repo, other] = network.repos
    if (repo === undefined || other === undefined) throw new Error('no repos')
    const first = await run(network, { handle: [STATUS, LIKE] })
    const { database } = first.config
    const likes = truth(network, [LIKE])
    await first.tap.stop()

    const second = await run(network, { handle: [STATUS], database })
    const rkeyOf = (uri: string) => uri.slice(uri.lastIndexOf('/') + 1)
    const [gone = '', changed = ''] = likes.filter((uri) => uri.includes(repo.did))
    repo.delete(LIKE, rkeyOf(gone))
    repo.update(LIKE, rkeyOf(changed), network.records.record(LIKE))
    const { uri: made } = other.create(LIKE, network.records.record(LIKE))
    await level(network, second)
    // Not even a fetch touches them.
    await second.tap.resync(repo.did)
    await second.tap.settled()
    expect((await uris(second)).filter((uri) => uri.includes(LIKE))).toEqual(likes)
    expect(await seenOf(second, LIKE)).toHaveLength(likes.length)
    await second.tap.stop()

    await using third = await run(network, { handle: [STATUS, LIKE], database })
    expect(await uris(third)).toEqual(truth(network, [STATUS, LIKE]))
    const since = (await seenOf(third, LIKE)).filter(({ source }) => source === 'resync')
    expect(since.map(({ action, uri }) => `${action} ${uri}`).sort()).toEqual(
      [`create ${made}`, `delete ${gone}`, `update ${changed}`].sort(),
    )
  })

  test('collections are filtered by name and by wildcard', async () => {
    await using network = await setUp()
    await using running = await run(network, {
      handle: [LIKE, POST, FOLLOW],
      config: { collections: ['app.bsky.feed.*', FOLLOW] },
    })
    expect(await uris(running)).toEqual(truth(network, [LIKE, POST, FOLLOW]))
    const [repo] = network.repos
    repo?.create(STATUS, network.records.record(STATUS))
    repo?.create(POST, network.records.record(POST))
    await level(network, running)
    expect(await uris(running)).toEqual(truth(network, [LIKE, POST, FOLLOW]))
    // What is not wanted is verified all the same: the repo stands where it is.
    expect((await running.tap.store.repos.get(repo?.did ?? ''))?.rev).toBe(repo?.rev)
  })

  test('collections are compared by what they cover', () => {
    const on = (indexed: string[], handled: string[] = indexed) => ({ indexed, handled })
    expect(compareCollections(on([STATUS]), on([STATUS, LIKE]))).toEqual({
      added: [LIKE],
      handled: [],
      removed: [],
    })
    expect(compareCollections(on(['*'], []), on(['*', LIKE], [LIKE]))).toEqual({
      added: [],
      handled: [LIKE],
      removed: [],
    })
    expect(compareCollections(on(['app.bsky.*'], []), on([LIKE], []))).toMatchObject({
      added: [],
      removed: ['app.bsky.*'],
    })
    expect(compareCollections(on([LIKE]), on([]))).toEqual({ added: [], handled: [], removed: [LIKE] })
  })
})
