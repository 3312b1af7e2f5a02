import { afterAll, expect, test } from 'vitest'
import { slowDrip, startNetwork } from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { DIALECTS, stopDatabases, type TestDialect } from '../support/databases.ts'
import { Indexer, type KillAt } from '../support/indexer.ts'
import { runTap } from '../support/run-tap.ts'

afterAll(stopDatabases)

const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })

const BACKFILL: KillAt[] = [
  { metric: 'handler_calls', nth: 1 },
  { metric: 'handler_calls', nth: 2345 },
  { metric: 'lextap_batches_total', nth: 3 },
  { metric: 'lextap_resyncs_total', label: 'done', nth: 1 },
  { metric: 'lextap_resyncs_total', label: 'done', nth: 4 },
]
/** Inside a transaction, and at the end of a resync. */
const BACKFILL_ELSEWHERE = [1, 4].flatMap((i) => BACKFILL[i] ?? [])
const LIVE: KillAt[] = [
  { metric: 'lextap_messages_total', label: 'applied', nth: 1 },
  { metric: 'lextap_messages_total', label: 'applied', nth: 40 },
  { metric: 'lextap_messages_total', label: 'buffered', nth: 1 },
]

const LIVE_ELSEWHERE = [1].flatMap((i) => LIVE[i] ?? [])

/** Every moment on SQLite, the telling ones on the others. */
const on = (sqlite: readonly KillAt[], others: readonly KillAt[]) =>
  DIALECTS.flatMap(({ name, fresh }) =>
    (name === 'sqlite' ? sqlite : others).map((killAt) => ({ name, fresh, ...killAt })),
  )
type Case = KillAt & TestDialect

test.each<Case>(on(BACKFILL, BACKFILL_ELSEWHERE))(
  'P1: killed in the middle of a backfill on $name ($metric $label, $nth), the tables end up equal',
  async ({ fresh, ...killAt }) => {
    await using network = await startNetwork({
      seed: `kill backfill ${killAt.metric}${killAt.nth}`,
      clock: 'system',
    })
    for (let i = 0; i < 6; i++) network.createRepo({ records: i === 0 ? 3000 : 150 })
    await using database = await fresh()
    const indexer = new Indexer(network, database.url, killAt)
    await indexer.gone
    expect(indexer.signal).toBe('SIGKILL')

    await using running = await runTap({ network, database: database.url })
    await running.tap.settled()
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
  },
)

test.each<Case>(on(LIVE, LIVE_ELSEWHERE))(
  'P1: killed in the middle of live traffic on $name ($label, $nth), the tables end up equal',
  async ({ fresh, ...killAt }) => {
    await using network = await startNetwork({
      seed: `kill live ${killAt.label}${killAt.nth}`,
      clock: 'system',
    })
    const repos = Array.from({ length: 8 }, () => network.createRepo({ records: 400 }))
    // Repos that arrive drop by drop: commits have to wait for their cut-over.
    if (killAt.label === 'buffered')
      network.faults.add(slowDrip({ bytes: 2000, everyMs: 20 }), { route: 'com.atproto.sync.getRepo' })
    await using database = await fresh()
    const indexer = new Indexer(network, database.url, killAt)
    await network.waitForSubscribers(1)
    // Traffic until it dies: while repos are fetched at first (buffered), then live (applied).
    for (let i = 0; !indexer.dead && i < 100_000; i++) {
      for (const repo of repos) {
        const { rkey } = repo.create(STATUS, status(`${i}`))
        if (i % 3 === 0) repo.delete(STATUS, rkey)
      }
      // At a pace after a while: all of it has to be caught up with, and some start slowly.
      await new Promise((resolve) => setTimeout(resolve, i < 20 ? 0 : 25))
    }
    expect(indexer.signal).toBe('SIGKILL')
    network.faults.clear()
    await using running = await runTap({ network, database: database.url })
    await network.waitForSubscribers(1)
    for (const repo of repos) repo.create(STATUS, status('after the crash'))
    await network.relayIdle()
    await running.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(running, network.truth())
    await expectEachOnce(running)
  },
)
