import { expect, test } from 'vitest'
import type { TapConfig } from '../../src/config/types.ts'
import type { HandlerDefinition, RecordSchema } from '../../src/dispatch/handler.ts'
import { openStore } from '../../src/store/open.ts'
import {
  duplicateFrames,
  type Fault,
  flipFrameBits,
  legacyCommits,
  lengthenFrames,
  loseEvents,
  lyingCommits,
  type Network,
  oversizedFrames,
  reorderFrames,
  rewriteJson,
  startNetwork,
  textFrames,
  truncateFrames,
} from '../../src/testing/index.ts'
import { expectEachOnce, expectTruth } from '../support/compare.ts'
import { put, remove } from '../support/plain-handlers.ts'
import { quietObserver, type RunningTap, runTap } from '../support/run-tap.ts'

/**
 * Rules that only show in a whole running tap.
 * On SQLite alone: they are about frames and what others say, before anything is stored.
 */
const STATUS = 'xyz.statusphere.status'
const status = (text: string) => ({ $type: STATUS, status: text, createdAt: '2026-01-01T00:00:00.000Z' })
const LONG = { timeout: 10_000 }
const quick = { stream: { cursorIntervalMs: 20, reconnectMs: { first: 10, longest: 50 } } }

async function level(network: Network, running: RunningTap): Promise<void> {
  await network.relayIdle()
  await running.tap.settled({ seq: network.relayStream.seq })
}

test('A6: a repeated seq, and one that falls, end the connection; the next one goes on, nothing lost or twice', async () => {
  await using network = await startNetwork({ seed: 'a6', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  await using running = await runTap({ network, config: quick })
  await running.tap.settled()
  await network.waitForSubscribers(1)
  for (const fault of [duplicateFrames(), reorderFrames()]) {
    const active = network.faults.add(fault, { times: 2 })
    for (let i = 0; i < 6; i++) repo.create(STATUS, status(`${i}`))
    await active.hit(2)
    active.remove()
    await expect
      .poll(async () => (await running.tap.status()).rejections.streams.A6 ?? 0)
      .toBeGreaterThanOrEqual(1)
    repo.create(STATUS, status('after'))
    await expect
      .poll(async () => (await running.rows('rec')).length, { timeout: 10_000 })
      .toBe(network.truth().size)
  }
  await level(network, running)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

test.each<[rule: string, what: string, make: () => Fault]>([
  ['A1', 'a text frame', textFrames],
  ['A1', 'a frame with more behind it', lengthenFrames],
  ['A1', 'a frame cut short', truncateFrames],
  ['A9', 'a frame over 5 MB', oversizedFrames],
])('%s: %s ends the connection, is counted, and costs nothing', async (rule, _, make) => {
  await using network = await startNetwork({ seed: 'a1', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  await using running = await runTap({ network, config: quick })
  await running.tap.settled()
  await network.waitForSubscribers(1)
  // So that there is a cursor to resume after.
  repo.create(STATUS, status('before'))
  await level(network, running)
  const active = network.faults.add(make(), { host: 'relay', times: 1 })
  repo.create(STATUS, status('broken on its way'))
  await active.hit()
  active.remove()
  await expect.poll(async () => (await running.tap.status()).rejections.streams, LONG).toEqual({ [rule]: 1 })
  repo.create(STATUS, status('after'))
  await expect.poll(async () => (await running.rows('rec')).length, LONG).toBe(network.truth().size)
  await level(network, running)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

test.each<[track: string, config: NonNullable<TapConfig['track']>]>([
  ['the whole network', { network: 'full' }],
  ['a signal', { signal: STATUS }],
])('B1: a commit in the name of no DID is counted (tracked: %s)', async (_, track) => {
  await using network = await startNetwork({ seed: 'b1', clock: 'system' })
  const repo = network.createRepo({ records: 1, collections: [STATUS] })
  await using running = await runTap({ network, config: { track } })
  await running.tap.settled()
  await network.waitForSubscribers(1)
  const active = network.faults.add(lyingCommits('bad-did'), { times: 1 })
  repo.create(STATUS, status('whose?'))
  await active.hit()
  await level(network, running)
  expect((await running.tap.status()).rejections.invalid).toEqual({ B1: 1 })
})

test('E2: what our own upstream says of an account is believed; nobody else is asked', async () => {
  await using network = await startNetwork({ seed: 'e2', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  await using running = await runTap({ network })
  await running.tap.settled()
  // The relay's own decision: the account's host knows nothing of it.
  const account = { kind: 'account', did: repo.did, time: network.now() } as const
  network.relayStream.emit({ ...account, active: false, status: 'takendown' })
  await level(network, running)
  expect((await running.tap.store.repos.get(repo.did))?.standing).toBe('takendown')
  repo.create(STATUS, status('unseen'))
  await level(network, running)
  expect((await running.rows('rec')).length).toBe(3)
  network.relayStream.emit({ ...account, active: true })
  await level(network, running)
  await expectTruth(running, network.truth())
})

test('E10: standings that changed unheard are found by the listing, and the host is asked before they are believed', async () => {
  await using network = await startNetwork({ seed: 'e10', clock: 'system' })
  const [paused, deleted, wrongly, back] = Array.from({ length: 4 }, () =>
    network.createRepo({ records: 3, collections: [STATUS] }),
  )
  if (!paused || !deleted || !wrongly || !back) throw new Error('no repos')
  await using running = await runTap({ network })
  await running.tap.settled()
  back.setStatus('suspended')
  await level(network, running)
  const lost = network.faults.add(loseEvents())
  paused.setStatus('deactivated')
  deleted.setStatus('deleted')
  back.setStatus('active')
  lost.remove()
  // A listing that is wrong (or old) about somebody.
  network.faults.add(
    rewriteJson('old listing', (body: { repos: { did: string; active: boolean }[] }) => ({
      ...body,
      repos: body.repos.map((entry) => (entry.did === wrongly.did ? { ...entry, active: false } : entry)),
    })),
    { route: 'com.atproto.sync.listRepos' },
  )
  await running.tap.reconcile({ graceMs: 0 })
  const standing = async (did: string) => (await running.tap.store.repos.get(did))?.standing
  expect(await standing(paused.did)).toBe('deactivated')
  expect(await standing(wrongly.did)).toBe('active')
  expect(await standing(back.did)).toBe('active')
  await running.tap.settled()
})

test('F6: a fetch that brings nothing new calls no handler', async () => {
  await using network = await startNetwork({ seed: 'f6', clock: 'system' })
  const repo = network.createRepo({ records: 40, collections: [STATUS] })
  await using running = await runTap({ network })
  await running.tap.settled()
  const before = await running.rows('seen')
  await running.tap.resync(repo.did)
  await running.tap.settled()
  expect(await running.rows('seen')).toEqual(before)
  // One that brings one change calls them for that one.
  const [{ path } = { path: '' }] = [...repo.records()]
  const rkey = path.split('/')[1] ?? ''
  repo.commit([{ action: 'update', collection: STATUS, rkey, record: status('new') }], { announce: false })
  await running.tap.resync(repo.did)
  await running.tap.settled()
  const after = await running.rows('seen')
  expect(after.length).toBe(before.length + 1)
  expect(after.filter((row) => row.source === 'resync')).toMatchObject([
    { action: 'update', uri: `at://${repo.did}/${path}` },
  ])
})

test('F12: found repos are fetched; a page of inactive ones ends no list; lists are read from the start again', async () => {
  await using network = await startNetwork({ seed: 'f12', clock: 'system' })
  for (let i = 0; i < 4; i++) network.createRepo({ records: 2, collections: [STATUS] })
  let pages = 0
  // A first page with nobody who is active, an empty one, then the honest list.
  network.faults.add(
    rewriteJson('thin pages', (body: { repos: object[] }) => {
      pages++
      if (pages === 1) return { repos: body.repos.map((entry) => ({ ...entry, active: false })), cursor: '0' }
      if (pages === 2) return { repos: [], cursor: '00' }
      return body
    }),
    { route: 'com.atproto.sync.listRepos', times: 3 },
  )
  const config = { discovery: { relistMs: 1000, reconcileGraceMs: 0 } }
  await using running = await runTap({ network, config })
  await running.tap.settled()
  expect(pages).toBeGreaterThanOrEqual(2)
  await expectTruth(running, network.truth())
  // Nobody hears of this one, and it stands on a page that was read already.
  network.createRepo({ records: 2, collections: [STATUS], announce: false })
  await expect.poll(async () => (await running.rows('rec')).length, { timeout: 15_000 }).toBe(10)
  await expectTruth(running, network.truth())
  await expectEachOnce(running)
})

/** A lexicon that knows three statuses. */
const strict: RecordSchema = {
  $nsid: STATUS,
  $safeParse: (value) =>
    ['a', 'b', 'c'].includes((value as { status: string }).status)
      ? { success: true, value }
      : {
          success: false,
          issues: [
            {
              path: ['status'],
              rule: 'enum',
              expected: 'a, b, c',
              received: 'x',
              message: 'status is none of a, b, c',
            },
          ],
        },
}
const handlers: HandlerDefinition[] = [
  { kind: 'record', pattern: STATUS, schemas: [strict], handlers: { put, delete: remove } },
]

test('H1, H2, H3, H4: a record that breaks a rule is a dead letter, and its commit is none the worse', async () => {
  await using network = await startNetwork({ seed: 'h', clock: 'system' })
  const repo = network.createRepo({ records: [{ collection: STATUS, record: status('a') }] })
  await using running = await runTap({ network, definitions: handlers, schemas: { [STATUS]: strict } })
  await running.tap.settled()
  const float = Buffer.from([0xa1, 0x61, 0x78, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0])
  repo.commit([
    { action: 'create', collection: STATUS, rkey: 'good', record: status('b') },
    { action: 'create', collection: STATUS, rkey: 'float', record: float },
    {
      action: 'create',
      collection: STATUS,
      rkey: 'type',
      record: { ...status('a'), $type: 'com.example.other' },
    },
    { action: 'create', collection: STATUS, rkey: 'lexicon', record: status('z') },
  ])
  await level(network, running)
  const letters = await running.tap.store.deadLetters.list()
  expect(letters.map(({ rkey, kind }) => `${rkey} ${kind}`).sort()).toEqual([
    'float undecodable',
    'lexicon invalid',
    'type invalid',
  ])
  expect((await running.rows('rec')).length).toBe(2)
  // H4: it is indexed, and the repo stands at its rev.
  const row = await running.tap.store.repos.get(repo.did)
  expect(row).toMatchObject({ state: 'active', rev: repo.rev })
  expect(await running.tap.store.records.count(row?.id)).toBe(5)
  expect((await running.tap.status()).rejections.records).toEqual({
    'H1 dead-letter': 1,
    'H2 dead-letter': 1,
    'H3 dead-letter': 1,
  })
})

test('rejections are counted by reason, kept over a restart, and shown by status', async () => {
  await using network = await startNetwork({ seed: 'counts', clock: 'system' })
  const repo = network.createRepo({ records: 3, collections: [STATUS] })
  const first = await runTap({ network })
  await first.tap.settled()
  await network.waitForSubscribers(1)
  network.faults.add(flipFrameBits('blocks'), { times: 1 })
  repo.create(STATUS, status('flipped'))
  await level(network, first)
  network.faults.add(loseEvents('commit'), { times: 1 })
  repo.create(STATUS, status('lost'))
  repo.create(STATUS, status('after it'))
  await level(network, first)
  network.faults.add(legacyCommits(), { times: 1 })
  repo.create(STATUS, status('legacy'))
  await level(network, first)
  const { rejections } = await first.tap.status()
  expect(Object.values(rejections.invalid).reduce((a, b) => a + b, 0)).toBe(1)
  expect(rejections).toMatchObject({ discontinuous: { B19: 1 }, legacy: { B18: 1 } })
  await first.tap.stop()

  await using second = await runTap({ network, database: first.config.database })
  await network.waitForSubscribers(1)
  network.faults.add(loseEvents('commit'), { times: 1 })
  repo.create(STATUS, status('lost again'))
  repo.create(STATUS, status('and after it'))
  await level(network, second)
  expect((await second.tap.status()).rejections).toMatchObject({
    discontinuous: { B19: 2 },
    legacy: { B18: 1 },
  })
  await second.tap.stop()
  await using store = await openStore(first.config.database, { observer: quietObserver(), readOnly: true })
  expect((await store.rejections.counts()).discontinuous).toEqual({ B19: 2 })
})
