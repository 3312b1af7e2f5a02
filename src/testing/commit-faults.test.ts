import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodeFrame } from '../protocol/frame.ts'
import { parseKey } from '../protocol/key.ts'
import { type Head, verifyCommit, verifySync } from '../repo/verify.ts'
import {
  legacyCommits,
  loseEvents,
  lyingCommits,
  lyingSyncs,
  repeatEvents,
  swapEvents,
} from './commit-faults.ts'
import { COMMIT_LIES, type CommitLie } from './commit-lies.ts'
import { frameOf } from './event.ts'
import { type Network, startNetwork } from './network.ts'
import type { TestRepo } from './repo.ts'

let network: Network
beforeAll(async () => {
  network = await startNetwork({ seed: 'lies' })
})
afterAll(() => network.close())

const STATUS = 'xyz.statusphere.status'

/** One commit with a create, an update and a delete, through whatever faults are on. */
function mixedCommit(repo: TestRepo): { frames: Uint8Array[]; head: Head } {
  const head = { rev: repo.rev, data: repo.data }
  const from = network.relayStream.seq
  const [update, remove] = [...repo.records()].map(({ path }) => path.slice(STATUS.length + 1))
  const record = network.records.record(STATUS)
  repo.commit([
    { action: 'create', collection: STATUS, record },
    { action: 'update', collection: STATUS, rkey: update ?? '', record: network.records.record(STATUS) },
    { action: 'delete', collection: STATUS, rkey: remove ?? '' },
  ])
  const frames: Uint8Array[] = []
  for (let seq = from; ; ) {
    const entry = network.relayStream.after(seq)
    if (entry === null) return { frames, head }
    frames.push(frameOf(entry.event, entry.seq))
    seq = entry.seq
  }
}

function verdict(frame: Uint8Array, repo: TestRepo, head: Head): string {
  try {
    const message = decodeFrame(frame)
    if (message.kind !== 'commit') return message.kind
    const { legacy } = verifyCommit(message, parseKey(repo.key.didKey), head, {
      legacy: 'proven',
      now: Date.now(),
    })
    return legacy ? 'legacy' : 'ok'
  } catch (error) {
    if (error instanceof Error && 'rule' in error) return String(error.rule)
    throw error
  }
}

/** Rules that a reader may as well name first, because it looks in another order. */
const ALSO: Partial<Record<CommitLie, readonly string[]>> = {
  'no-proof': ['B17', 'B15'],
  'big-blocks': ['A9'],
  'envelope-rev': ['B10'],
  'delete-with-cid': ['B1'],
}

for (const lie of Object.keys(COMMIT_LIES) as CommitLie[]) {
  const { rule } = COMMIT_LIES[lie]
  test(`${rule}: the lie «${lie}» is one, and is found`, () => {
    const repo = network.createRepo({ records: 60, collections: [STATUS] })
    const fault = network.faults.add(lyingCommits(lie))
    const { frames, head } = mixedCommit(repo)
    fault.remove()
    expect(fault.hits).toBe(1)
    expect([rule, ...(ALSO[lie] ?? [])]).toContain(verdict(frames[0] as Uint8Array, repo, head))
    const honest = mixedCommit(repo)
    expect(verdict(honest.frames[0] as Uint8Array, repo, honest.head)).toBe('ok')
  })
}

const SYNC_LIES = [
  ['C1', 'no-blocks'],
  ['C2', 'rev'],
  ['C2', 'did'],
  ['C3', 'key'],
  ['C3', 'high-s'],
] as const
for (const [rule, lie] of SYNC_LIES) {
  test(`${rule}: a sync that lies about its ${lie} is found`, () => {
    const repo = network.createRepo({ records: 3 })
    using fault = network.faults.add(lyingSyncs(lie), { did: repo.did })
    const from = network.relayStream.seq
    repo.sync()
    const { event } = network.relayStream.after(from) ?? {}
    if (event === undefined) throw new Error('no event')
    expect(() => {
      const message = decodeFrame(frameOf(event, 1))
      if (message.kind === 'sync') verifySync(message, parseKey(repo.key.didKey))
    }).toThrow(expect.objectContaining({ rule }))
    expect(fault.hits).toBe(1)
  })
}

test('B18: legacy commits lack what hosts before Sync 1.1 did not send', () => {
  for (const without of ['prevData', 'prev', 'both'] as const) {
    const repo = network.createRepo({ records: 10, collections: [STATUS] })
    const fault = network.faults.add(legacyCommits(without))
    const { frames, head } = mixedCommit(repo)
    fault.remove()
    expect(verdict(frames[0] as Uint8Array, repo, head)).toBe('legacy')
  }
})

test('events of an account can be told in another order, under rising numbers', () => {
  const repo = network.createRepo({ records: 10, collections: [STATUS] })
  const from = network.relayStream.seq
  using fault = network.faults.add(swapEvents(), { did: repo.did, times: 2 })
  const revs = [1, 2, 3].map(() => repo.commit([]).rev)
  const told = [1, 2, 3].map((n) => network.relayStream.after(from + n - 1)?.event as { rev?: string })
  expect(told.map(({ rev }) => rev)).toEqual([revs[1], revs[0], revs[2]])
  expect(fault.hits).toBe(2)
})

test('events can be lost for everybody or told twice', () => {
  const repo = network.createRepo({ records: 10, collections: [STATUS] })
  const lost = network.faults.add(loseEvents('commit'), { host: 'relay' })
  expect(mixedCommit(repo).frames).toEqual([])
  lost.remove()
  const twice = network.faults.add(repeatEvents(), { did: repo.did, times: 1 })
  expect(mixedCommit(repo).frames.length).toBe(2)
  expect(mixedCommit(repo).frames.length).toBe(1)
  twice.remove()
  using _ = network.faults.add(repeatEvents('commit'), { did: repo.did, host: 'relay' })
  expect(mixedCommit(repo).frames.length).toBe(2)
  expect(network.faults.hits.get('repeat-event')).toBe(2)
})
