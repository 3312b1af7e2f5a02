import { expect, test } from 'vitest'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { type Network, startNetwork, type TestRepo } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { onEachDatabase } from '../support/each-database.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** Records that go while their handler is away: it is told when it is there again (rule E4). */
const STATUS = 'xyz.statusphere.status'
const POST = 'app.bsky.feed.post'

async function setUp(): Promise<{ network: Network; repos: TestRepo[] }> {
  const network = await startNetwork({ seed: 'away', clock: 'system' })
  const repos = Array.from({ length: 3 }, () =>
    network.createRepo({ records: 10, collections: [STATUS, POST] }),
  )
  return { network, repos }
}

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

const postsOf = async (running: RunningTap, { did }: TestRepo) =>
  (await running.rows('rec')).filter((row) => row.did === did && row.collection === POST)
const owed = (running: RunningTap) => running.tap.store.db.all('select * from lextap_owed_delete')

/** Takes a delete only once it is mended. */
function brittle(): { definitions: HandlerDefinition[]; mend: () => void } {
  let broken = true
  const definitions = plainHandlers([STATUS, POST]).map((definition): HandlerDefinition => {
    if (definition.kind !== 'record' || definition.pattern !== POST) return definition
    const { delete: remove } = definition.handlers
    return {
      ...definition,
      handlers: {
        ...definition.handlers,
        delete: async (event, context) => {
          if (broken) throw new Error('not today')
          await remove?.(event, context)
        },
      },
    }
  })
  return { definitions, mend: () => (broken = false) }
}

onEachDatabase(({ fresh, runTap }) => {
  test('E4: rows of accounts that are gone go when their handler is there again, once', async () => {
    const { network, repos } = await setUp()
    await using _network = network
    const [gone, removed, stays] = repos as [TestRepo, TestRepo, TestRepo]
    const database = await fresh()
    const run = async (handle: readonly string[]) => {
      const running = await runTap({ network, database, definitions: plainHandlers(handle) })
      await network.waitForSubscribers(1)
      await running.tap.settled()
      return running
    }
    const first = await run([STATUS, POST])
    const posts = await Promise.all([gone, removed].map((repo) => postsOf(first, repo)))
    expect(posts.map((rows) => rows.length)).not.toContain(0)
    await first.tap.stop()

    const second = await run([STATUS])
    gone.remove()
    await level(network, second)
    await second.tap.stop()

    // Away for a second start too.
    const third = await run([STATUS])
    await third.tap.removeRepo(removed.did)
    await third.tap.settled()
    expect(await third.tap.store.repos.get(removed.did)).toBeNull()
    expect((await owed(third)).length).toBe(posts.flat().length)
    await third.tap.stop()

    const fourth = await run([STATUS, POST])
    expect(await owed(fourth)).toEqual([])
    expect(new Set((await fourth.rows('rec')).map(({ did }) => did))).toEqual(new Set([stays.did]))
    const told = (await fourth.rows('seen')).filter(({ action, uri }) =>
      posts.flat().some((row) => action === 'delete' && row.uri === uri),
    )
    expect(told.map(({ uri }) => uri).sort()).toEqual(posts.flat().map(({ uri }) => uri))
    await expectEachOnce(fourth)
    const before = await fourth.rows('seen')
    await fourth.tap.stop()
    await using fifth = await run([STATUS, POST])
    expect(await fifth.rows('seen')).toEqual(before)
  })

  test('a delete of what is indexed without its handler is told too, and a handler that fails leaves a dead letter', async () => {
    const { network, repos } = await setUp()
    await using _network = network
    const [repo] = repos as [TestRepo]
    const database = await fresh()
    const config = { track: { network: 'full' as const }, collections: [STATUS, POST] }
    const { definitions, mend } = brittle()
    const run = async (handlers: readonly HandlerDefinition[]) => {
      const running = await runTap({ network, database, config, definitions: handlers })
      await network.waitForSubscribers(1)
      await running.tap.settled()
      return running
    }
    const first = await run(definitions)
    const [{ uri } = { uri: '' }] = await postsOf(first, repo)
    await first.tap.stop()

    const second = await run(plainHandlers([STATUS]))
    repo.delete(POST, String(uri).split('/').at(-1) ?? '')
    await level(network, second)
    expect(await owed(second)).toHaveLength(1)
    await second.tap.stop()

    await using third = await run(definitions)
    expect(await owed(third)).toEqual([])
    const letters = await third.tap.store.deadLetters.list()
    expect(letters).toMatchObject([{ uri, action: 'delete' }])
    mend()
    expect(await third.tap.retryDeadLetter(letters[0]?.id ?? 0)).toBe('applied')
    await expectTruth(third, network.truth([STATUS, POST]))
  })
})
