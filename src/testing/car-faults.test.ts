import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseKey } from '../protocol/key.ts'
import { verifySignature } from '../protocol/signature.ts'
import { microsOfTid } from '../protocol/tid.ts'
import { RepoWalk } from '../protocol/walk.ts'
import type { CarOrder } from './car.ts'
import {
  extraBlocks,
  flippedCarBit,
  foreignRepo,
  forgedTree,
  missingBlock,
  oldRevision,
  repeatedBlocks,
  shuffledBlocks,
  truncatedCar,
  wrongCommit,
  wrongRoot,
} from './car-faults.ts'
import type { Fault } from './faults.ts'
import { type Network, startNetwork } from './network.ts'
import type { TestRepo } from './repo.ts'

let network: Network
beforeAll(async () => {
  network = await startNetwork({ seed: 'cars' })
})
afterAll(() => network.close())

const STATUS = 'xyz.statusphere.status'

/** Fetches a repo as a careful reader does; what was wrong with it, or how many records it holds. */
async function fetched(repo: TestRepo, floor = ''): Promise<string | number> {
  using walk = new RepoWalk()
  let records = 0
  try {
    const response = await fetch(`${repo.host.url}/xrpc/com.atproto.sync.getRepo?did=${repo.did}`)
    for await (const chunk of response.body ?? []) records += walk.push(chunk).length
    for (const batch of walk.finish()) records += batch.length
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown'
  }
  const { commit } = walk
  if (commit === null) return 'no commit'
  if (commit.did !== repo.did) return 'did'
  if (!verifySignature(parseKey(repo.key.didKey), commit.signedBytes, commit.sig)) return 'signature'
  if (commit.rev < floor) return 'old'
  if (microsOfTid(commit.rev) > (Date.now() + 300_000) * 1000) return 'future'
  return records
}

const newRepo = () => network.createRepo({ records: 80, collections: [STATUS, 'app.bsky.feed.like'] })

const FALSE: readonly (readonly [Fault, string])[] = [
  [missingBlock('record'), 'InvalidError'],
  [missingBlock('node'), 'InvalidError'],
  [missingBlock('commit'), 'InvalidError'],
  [truncatedCar(), 'InvalidError'],
  [flippedCarBit(), 'InvalidError'],
  [wrongRoot('none'), 'InvalidError'],
  [wrongRoot('absent'), 'InvalidError'],
  [wrongRoot('node'), 'InvalidError'],
  [wrongCommit('key'), 'signature'],
  [wrongCommit('high-s'), 'signature'],
  [wrongCommit('signature'), 'signature'],
  [wrongCommit('did'), 'did'],
  [wrongCommit('version'), 'InvalidError'],
  [wrongCommit('future-rev'), 'future'],
  [forgedTree('wrong-depth'), 'InvalidError'],
  [forgedTree('unordered-keys'), 'InvalidError'],
  [forgedTree('repeated-key'), 'InvalidError'],
  [forgedTree('lazy-prefix'), 'InvalidError'],
  [forgedTree('bad-path'), 'InvalidError'],
]

for (const order of ['preorder', 'pds', 'random'] satisfies CarOrder[]) {
  for (const [fault, verdict] of FALSE) {
    test(`F3: «${fault.name}» in ${order} order is one, and is found`, async () => {
      const repo = newRepo()
      network.carOrder = order
      using active = network.faults.add(fault, { did: repo.did, times: 1 })
      expect(await fetched(repo)).toBe(verdict)
      expect(active.hits).toBe(1)
      expect(await fetched(repo)).toBe(80)
    })
  }

  for (const fault of [extraBlocks(), shuffledBlocks(), repeatedBlocks()]) {
    test(`B6: «${fault.name}» on ${order} order does no harm`, async () => {
      const repo = newRepo()
      network.carOrder = order
      using active = network.faults.add(fault, { did: repo.did })
      expect(await fetched(repo)).toBe(80)
      expect(active.hits).toBe(1)
    })
  }
}

test('F3: another account’s repo and an old revision are found', async () => {
  const [repo, other] = [newRepo(), newRepo()]
  {
    using _ = network.faults.add(foreignRepo(other), { did: repo.did })
    expect(await fetched(repo)).toBe('did')
  }
  using _ = network.faults.add(oldRevision(repo))
  repo.create(STATUS, network.records.record(STATUS))
  expect(await fetched(repo, repo.rev)).toBe('old')
  expect(await fetched(other)).toBe(80)
})
