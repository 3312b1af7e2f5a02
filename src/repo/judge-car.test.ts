import { afterAll, beforeAll, expect, test } from 'vitest'
import { carBytes } from '../testing/car.ts'
import {
  extraBlocks,
  type Fault,
  flippedCarBit,
  foreignRepo,
  forgedTree,
  missingBlock,
  type Network,
  repeatedBlocks,
  shuffledBlocks,
  startNetwork,
  type TestRepo,
  truncatedCar,
  wrongCommit,
  wrongRoot,
} from '../testing/index.ts'
import { judgeCar, type RepoJudgement } from './judge-car.ts'

let network: Network
let repo: TestRepo
let other: TestRepo
beforeAll(async () => {
  network = await startNetwork({ seed: 'cars', clock: 'system' })
  repo = network.createRepo({ records: 40, collections: ['xyz.statusphere.status'] })
  other = network.createRepo({ records: 5 })
})
afterAll(() => network.close())

/** What the repo is worth as a host with this fault serves it, and how many records were told. */
async function judged(fault: Fault): Promise<{ judgement: RepoJudgement; told: number }> {
  const active = network.faults.add(fault)
  const car = carBytes(network.faults.cars(repo.export('pds', network.random.fork('car')), repo, 'pds1'))
  active.remove()
  expect(active.hits).toBe(1)
  let told = 0
  const keyOf = async () => repo.published.signingKey
  const chunks = async function* () {
    for (let at = 0; at < car.length; at += 1000) yield Buffer.from(car.subarray(at, at + 1000))
  }
  const judgement = await judgeCar(chunks(), { did: repo.did, keyOf, onRecord: () => told++ })
  return { judgement, told }
}

const LIES: readonly (readonly [string, string, () => Fault])[] = [
  ['F3', 'a record missing', () => missingBlock('record')],
  ['F3', 'a node missing', () => missingBlock('node')],
  ['F3', 'no commit', () => missingBlock('commit')],
  ['F3', 'no root', () => wrongRoot('none')],
  ['F3', 'a root that is not there', () => wrongRoot('absent')],
  ['F3', 'a root that is no commit', () => wrongRoot('node')],
  ['F3', 'a flipped bit', () => flippedCarBit()],
  ['F3', 'its end cut at a block', () => truncatedCar()],
  ['F3', 'another account in it', () => foreignRepo(other)],
  ['F3', 'another account in its commit', () => wrongCommit('did')],
  ['F3', 'a foreign signature', () => wrongCommit('key')],
  ['F3', 'a broken signature', () => wrongCommit('signature')],
  ['F3', 'a high-S signature', () => wrongCommit('high-s')],
  ['F3', 'another version', () => wrongCommit('version')],
  ['B13', 'a rev of the future', () => wrongCommit('future-rev')],
  ['F3', 'keys at the wrong depth', () => forgedTree('wrong-depth')],
  ['F3', 'keys out of order', () => forgedTree('unordered-keys')],
  ['F3', 'a key that comes twice', () => forgedTree('repeated-key')],
  ['F3', 'keys spelled out', () => forgedTree('lazy-prefix')],
  ['F3', 'a path that is none', () => forgedTree('bad-path')],
]
test.each(LIES)('%s: a repo with %s is invalid', async (rule, _, fault) => {
  const { judgement, told } = await judged(fault())
  expect(judgement).toMatchObject({ verdict: 'invalid', rule, records: told })
  expect(judgement.reason).not.toBe('')
})

test.each([
  ['blocks nobody needs', extraBlocks],
  ['blocks in any order', shuffledBlocks],
  ['blocks that come twice', repeatedBlocks],
] as const)('B6: a repo with %s is fine', async (_, fault) => {
  const { judgement, told } = await judged(fault())
  const records = [...repo.records()].length
  expect(judgement).toMatchObject({ did: repo.did, rev: repo.rev, verdict: 'ok', rule: null, records })
  expect(told).toBe(records)
})
