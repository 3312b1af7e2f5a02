import { expect, test } from 'vitest'
import type { IdentityEvent } from '../../src/dispatch/event.ts'
import {
  type Fault,
  failWith,
  loseEvents,
  type Network,
  startNetwork,
  type TestRepo,
} from '../../src/testing/index.ts'
import { type OnDatabase, onEachDatabase } from '../support/each-database.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import type { RunningTap } from '../support/run-tap.ts'

/** What an account changed unheard is found once its identity is older than it is trusted (rule D2). */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

/** The directory says that an account has the key of another. */
function keyOf({ did }: TestRepo, other: TestRepo): Fault {
  return {
    name: 'revoked',
    http: async (_request, next) => {
      const reply = await next()
      const document = JSON.parse(String(reply.body))
      if (document.id !== did) return reply
      document.verificationMethod[0].publicKeyMultibase = other.key.didKey.slice('did:key:'.length)
      return { ...reply, body: JSON.stringify(document) }
    },
  }
}

/** A network whose accounts were indexed long ago. */
async function longAgo(
  { runTap, fresh }: OnDatabase,
  seed: string,
): Promise<{ network: Network; repos: TestRepo[]; database: string }> {
  const network = await startNetwork({ seed, clock: 'system' })
  const repos = Array.from({ length: 2 }, () => network.createRepo({ records: 2, collections: [STATUS] }))
  const database = await fresh()
  await using running = await runTap({ network, database })
  await running.tap.settled()
  for (const { did } of repos) {
    const row = await running.tap.store.repos.get(did)
    expect(row?.identifiedAt).toBeGreaterThan(Date.now() - 60_000)
    await running.tap.store.repos.patch(row?.id ?? 0, { identifiedAt: Date.now() - 24 * 3_600_000 })
  }
  return { network, repos, database }
}

onEachDatabase((on) => {
  const { runTap } = on
  test('D2: the next commit of an old identity brings the handle and the key that nobody told us of', async () => {
    const { network, repos, database } = await longAgo(on, 'unheard')
    await using _network = network
    const [repo, other] = repos as [TestRepo, TestRepo]
    const identities: IdentityEvent[] = []
    const definitions = [
      ...plainHandlers([STATUS]).filter(({ kind }) => kind === 'record'),
      { kind: 'identity' as const, handle: (event: IdentityEvent) => void identities.push(event) },
    ]
    network.faults.add(loseEvents('identity'))
    const before = repo.handle
    repo.setHandle('changed.test')
    network.faults.add(keyOf(repo, other), { host: 'plc' })

    await using running = await runTap({ network, database, definitions })
    await network.waitForSubscribers(1)
    repo.create(STATUS, status('shows that it is old'))
    await level(network, running)
    const changed = {
      handle: { from: before, to: 'changed.test' },
      signingKey: { from: repo.key.didKey, to: other.key.didKey },
    }
    expect(identities).toMatchObject([{ did: repo.did, changed }])
    const row = await running.tap.store.repos.get(repo.did)
    expect(row).toMatchObject({ handle: 'changed.test', signingKey: other.key.didKey })
    expect(row?.identifiedAt).toBeGreaterThan(Date.now() - 60_000)

    repo.create(STATUS, status('signed with a key that is not its own any more'))
    await level(network, running)
    const rows = await running.rows('rec')
    expect(rows.filter(({ did }) => did === repo.did)).toHaveLength(3)
    expect(JSON.stringify(rows)).not.toContain('not its own')
  })

  test('D2: a directory out of reach is asked once, and what is known holds', async () => {
    const { network, repos, database } = await longAgo(on, 'no directory')
    await using _network = network
    const [repo] = repos as [TestRepo]
    const down = network.faults.add(failWith(503), { host: 'plc' })
    await using running = await runTap({ network, database })
    await network.waitForSubscribers(1)
    for (let i = 0; i < 20; i++) {
      repo.create(STATUS, status(`commit ${i}`))
      await level(network, running)
    }
    expect((await running.rows('rec')).filter(({ did }) => did === repo.did)).toHaveLength(22)
    expect(await running.tap.store.repos.get(repo.did)).toMatchObject({
      state: 'active',
      handle: repo.handle,
    })
    // What one look-up makes of it: the client tries a few times.
    expect(down.hits).toBeGreaterThan(0)
    expect(down.hits).toBeLessThan(6)
  })
})
