import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { quietObserver, runTap, tempDatabase } from '../../test/support/run-tap.ts'
import { openStore } from '../store/open.ts'
import { startNetwork } from '../testing/index.ts'
import { BackfillNotes, readBackfill } from './notes.ts'
import type { SchedulerProgress } from './progress.ts'

const progress = (some: Partial<SchedulerProgress>): SchedulerProgress => ({
  ...{ fetching: 2, idle: 0, waiting: 3, done: 10, failed: 1, records: 100, bytes: 5000 },
  ...{ stuck: { hosts: 0, repos: 0 }, perSecond: { repos: 2, records: 20, bytes: 1000 } },
  mean: { records: 10, bytes: 500 },
  ...some,
})

test('what the processes on a database are at is told together, without those that ended, died or were killed', async () => {
  await using store = await openStore('sqlite::memory:', { observer: quietObserver() })
  await store.repos.add(Array.from({ length: 12 }, (_, i) => `did:plc:a${i}`))
  await store.repos.add(['did:plc:failed'], { state: 'error' })
  expect(await readBackfill(store)).toBe(null)
  const now = Date.now()
  const [one, two, dead, ended] = Array.from({ length: 4 }, () => new BackfillNotes(store.meta))
  await one?.save(progress({}), [], now)
  await two?.save(progress({ stuck: { hosts: 2, repos: 4 }, perSecond: null }), ['https://b'], now)
  await dead?.save(progress({}), [], now - 60_000)
  await ended?.save(progress({}), [], now)
  await ended?.end()
  // Its note is fresh, and its process is no more.
  const { pid } = spawnSync(process.execPath, ['--version'])
  await new BackfillNotes(store.meta, pid).save(progress({}), [], now)
  expect(await readBackfill(store, now)).toEqual({
    processes: 2,
    ...{ fetching: 4, idle: 0, waiting: 6, done: 20, failed: 2, records: 200, bytes: 10_000 },
    ...{ stuck: { hosts: 2, repos: 4 }, perSecond: { repos: 2, records: 20, bytes: 1000 } },
    mean: { records: 10, bytes: 500 },
    left: { repos: 12, records: 120, bytes: 6000, etaMs: 4000, waiting: { repos: 4, hosts: 2 }, failing: 1 },
  })
})

test('who runs alone takes away what killed processes wrote, whatever their ids are now', async () => {
  const database = tempDatabase()
  {
    await using store = await openStore(database, { observer: quietObserver() })
    await new BackfillNotes(store.meta, process.ppid).save(progress({ fetching: 77 }), [])
    expect(await readBackfill(store)).toMatchObject({ processes: 1, fetching: 77 })
  }
  await using network = await startNetwork({ seed: 'killed', clock: 'system' })
  await using running = await runTap({ network, database })
  expect((await readBackfill(running.tap.store))?.fetching ?? 0).toBe(0)
})

test('repos that only wait have no time of arrival', async () => {
  await using store = await openStore('sqlite::memory:', { observer: quietObserver() })
  await store.repos.add(['did:plc:a', 'did:plc:b'])
  const row = await store.repos.get('did:plc:a')
  await store.repos.patch(row?.id ?? 0, { state: 'desynchronized', retryAt: Date.now() + 60_000 })
  const other = await store.repos.get('did:plc:b')
  await store.repos.patch(other?.id ?? 0, { pds: 'https://mute' })
  const notes = new BackfillNotes(store.meta)
  await notes.save(progress({ stuck: { hosts: 1, repos: 0 } }), ['https://mute'])
  expect((await readBackfill(store))?.left).toMatchObject({
    repos: 2,
    etaMs: null,
    waiting: { repos: 2, hosts: 1 },
  })
})
