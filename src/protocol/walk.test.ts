import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { verifyRepoCar } from '@atproto/repo'
import { describe, expect, test } from 'vitest'
import {
  carOf,
  carPieces,
  commitBlock,
  DID,
  fixture,
  hasFixture,
  KEY,
  type RepoBytes,
  randomOf,
  repoOf,
  type Section,
  section,
  shuffled,
} from '../../test/support/repo-bytes.ts'
import {
  body,
  isNode,
  large,
  paths,
  refused,
  small,
  temporary,
  truth,
  walk,
} from '../../test/support/walked.ts'
import { TemporaryError } from '../errors.ts'
import { parseCar } from './car.ts'
import { decode, encode } from './cbor.ts'
import { type Cid, cidForBlock, cidToString, digestOfCid } from './cid.ts'
import { buildTree, EMPTY_NODE, EMPTY_ROOT, parseNode } from './mst.ts'
import { RepoWalk, type RepoWalkOptions } from './walk.ts'

test.each([1, 2, 7, 100, 4096, 1e9])('every record comes once, whatever the chunks (%i bytes)', (size) => {
  const { records, streamed, deferred, did } = walk(small.car, size)
  expect(records).toEqual(truth(small))
  expect(streamed).toBe(40)
  expect(deferred).toBe(false)
  expect(did).toBe(DID)
})

test('records come as soon as they are proven, and the commit before them', () => {
  const walker = new RepoWalk()
  const pieces = carPieces(small.root, small.blocks)
  expect(walker.push(pieces[0] as Buffer)).toEqual([])
  expect(walker.commit).toBeNull()
  expect(walker.push(pieces[1] as Buffer)).toEqual([])
  expect(walker.commit).toMatchObject({ did: DID, version: 3 })
  expect(pieces.slice(2).map((piece) => walker.push(piece).length)).toContain(1)
  expect([...walker.finish()]).toEqual([])
})

test('@atproto/repo proves the same records from the same bytes', async () => {
  const { creates } = await verifyRepoCar(large.car, DID, KEY.didKey)
  const theirs = new Map(
    creates.map(({ collection, rkey, cid }) => [`${collection}/${rkey}`, cid.toString()]),
  )
  expect(walk(large.car).records).toEqual(theirs)
  expect(theirs.size).toBe(1500)
})

const storages: Record<string, RepoWalkOptions> = {
  'in memory': {},
  'with early blocks in a file': { spillBytes: 0 },
  'with most of it in a file': { spillBytes: 5000 },
  'deferred, in memory': { maxTracked: 20 },
  'deferred, in a file': { maxTracked: 20, spillBytes: 0 },
  'deferred from the start': { maxTracked: 0, spillBytes: 0 },
}
describe.each(Object.entries(storages))('%s', (name, options) => {
  test('any block order, with duplicates and foreign blocks, gives the same records', () => {
    const random = randomOf(5)
    const foreign: Section[] = [section(encode({ not: 'ours' })), section(EMPTY_NODE)]
    const raw: Section = [cidForBlock(Buffer.from('a blob'), 0x55), Buffer.from('a blob')]
    for (let round = 0; round < 3; round++) {
      const blocks = shuffled([...large.blocks, ...large.blocks.slice(0, 300), ...foreign, raw], random)
      const { records, deferred } = walk(carOf(large.root, blocks), 1 + Math.floor(random() * 3000), options)
      expect(records).toEqual(truth(large))
      if (name.startsWith('deferred')) expect(deferred).toBe(true)
    }
  })

  test('children before parents, and all nodes before all records', () => {
    expect(walk(carOf(large.root, large.blocks.toReversed()), 500, options).records).toEqual(truth(large))
    const nodesFirst = [...large.blocks.filter(isNode), ...large.blocks.filter((block) => !isNode(block))]
    expect(walk(carOf(large.root, nodesFirst), 500, options).records).toEqual(truth(large))
    expect(walk(carOf(large.root, nodesFirst.toReversed()), 500, options).records).toEqual(truth(large))
  })

  test('records that share a CID come under each of their paths, though their block comes once', () => {
    const repo = repoOf(paths(300).map((path, i) => [path, body(i % 4)] as const))
    expect(repo.blocks.length).toBeLessThan(200)
    const random = randomOf(9)
    for (const blocks of [
      repo.blocks,
      repo.blocks.toReversed(),
      shuffled(repo.blocks, random),
      shuffled(repo.blocks, random),
    ])
      expect(walk(carOf(repo.root, blocks), 333, options).records).toEqual(truth(repo))
  })

  test('F3: every cut between two blocks is noticed at the end', () => {
    const random = randomOf(2)
    for (const blocks of [small.blocks, small.blocks.toReversed(), shuffled(small.blocks, random)]) {
      const pieces = carPieces(small.root, blocks)
      for (let count = 0; count < pieces.length; count++)
        expect(() => walk(Buffer.concat(pieces.slice(0, count)), 700, options), String(count)).toThrow(
          refused,
        )
    }
  })

  test('F3: every single missing block is noticed at the end', () => {
    small.blocks.forEach((_, i) => {
      const blocks = small.blocks.filter((__, j) => i !== j)
      expect(() => walk(carOf(small.root, blocks), 700, options), String(i)).toThrow(refused)
    })
  })
})

test('F3: a cut inside a block is noticed, wherever it is', () => {
  for (let end = 0; end < small.car.length; end += 13)
    expect(() => walk(small.car.subarray(0, end))).toThrow(refused)
})

test('deferred records come in the order of their paths, in batches', () => {
  const walker = new RepoWalk({ maxTracked: 0 })
  expect(walker.push(large.car)).toEqual([])
  const batches = [...walker.finish()]
  const order = batches.flat().map(({ collection, rkey }) => `${collection}/${rkey}`)
  expect(order).toEqual([...large.paths.keys()].toSorted())
  expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThan(1000)
  // Deferred on the way, what is left still comes in order.
  const late = new RepoWalk({ maxTracked: 150 })
  late.push(carOf(large.root, [...large.blocks.slice(0, 400), ...large.blocks.slice(400).toReversed()]))
  expect(late.deferred).toBe(true)
  const rest = [...late.finish()].flat().map(({ collection, rkey }) => `${collection}/${rkey}`)
  expect(rest.length).toBeGreaterThan(300)
  expect(rest).toEqual(rest.toSorted())
})

describe('what is kept track of', () => {
  /** Each node behind the records that follow it: nearly every record comes before it is wanted. */
  const recordsFirst = ({ blocks: [commit, ...rest] }: RepoBytes): Section[] => {
    const groups: Section[][] = []
    for (const block of rest)
      if (isNode(block)) groups.push([block])
      else groups.at(-1)?.unshift(block)
    return [commit as Section, ...groups.flat()]
  }
  const options = { maxTracked: 300 }
  test('is forgotten when it is settled: an orderly stream is never deferred, however long', () => {
    expect(walk(large.car, 1000, options).deferred).toBe(false)
    const { records, deferred } = walk(carOf(large.root, recordsFirst(large)), 1000, options)
    expect(deferred).toBe(false)
    expect(records).toEqual(truth(large))
  })
  test('is bounded: too many early blocks, or too many bytes in them, defer the walk', () => {
    expect(walk(carOf(large.root, large.blocks.toReversed()), 1000, options).deferred).toBe(true)
    const heavy = repoOf(paths(60).map((path, i) => [path, { i, text: 'x'.repeat(500_000) }] as const))
    expect(walk(carOf(heavy.root, recordsFirst(heavy)), 65_536).deferred).toBe(false)
    const car = carOf(heavy.root, heavy.blocks.toReversed())
    const walker = new RepoWalk()
    for (let at = 0; at < car.length; at += 65_536) walker.push(car.subarray(at, at + 65_536))
    expect(walker.deferred).toBe(true)
    const batches = [...walker.finish()].map((batch) => batch.length)
    expect(Math.max(...batches)).toBeLessThan(5)
  })
})

test('F3: a cut inside a block nobody needs is still a cut', () => {
  const extra = carPieces(small.root, [section(encode({ extra: 'x'.repeat(100) }))])[1] as Buffer
  expect(walk(Buffer.concat([small.car, extra])).records).toEqual(truth(small))
  for (const end of [1, 2, 30, 60])
    expect(() => walk(Buffer.concat([small.car, extra.subarray(0, end)]))).toThrow(refused)
})

test('F3: a block under a CID of another codec is not the block that is wanted', () => {
  const blocks = small.blocks.map(
    ([cid, block], i): Section => (i === 5 ? [cidForBlock(block, 0x55), block] : [cid, block]),
  )
  for (const options of [{}, { maxTracked: 0 }])
    expect(() => walk(carOf(small.root, blocks), 100, options)).toThrow(refused)
})

test('an empty repo has no records and is complete', () => {
  const empty = repoOf([])
  expect(walk(empty.car).records.size).toBe(0)
  expect(() => walk(carOf(empty.root, empty.blocks.slice(0, 1)))).toThrow(refused)
})

test('a leaf that points at a node, or at the commit, is a leaf all the same', () => {
  const inner = buildTree(paths(60).map((path) => [path, EMPTY_ROOT] as const))
  const nodes = [...inner.blocks.values()].map(section)
  const target = (nodes[1] as Section)[0]
  const all = buildTree([
    ...paths(60).map((path) => [path, EMPTY_ROOT] as const),
    ['com.example.z/1', target],
  ])
  const commit = section(commitBlock(all.root))
  const blocks = [commit, ...[...all.blocks.values()].map(section), ...nodes, section(EMPTY_NODE)]
  for (const order of [blocks, blocks.toReversed()])
    for (const options of [{}, { maxTracked: 0, spillBytes: 0 }])
      expect(walk(carOf(commit[0], order), 999, options).records.get('com.example.z/1')).toBe(
        cidToString(target),
      )
})

describe('the temporary file', () => {
  test('has no name, and everything is given back when the walk is closed, finished or not', () => {
    const dir = mkdtempSync(join(temporary, 'own-'))
    const files = () => readdirSync('/proc/self/fd').length
    const before = existsSync('/proc/self/fd') ? files() : 0
    for (const share of [1, 0.5]) {
      const walker = new RepoWalk({ dir, spillBytes: 100, maxTracked: 0 })
      walker.push(large.car.subarray(0, large.car.length * share))
      expect(readdirSync(dir)).toEqual([])
      walker.close()
      walker.close()
    }
    if (before > 0) expect(files()).toBe(before)
  })
  test('that cannot be made is a temporary error, not a malformed repo', () => {
    const walker = new RepoWalk({ dir: join(temporary, 'nowhere'), spillBytes: 100 })
    expect(() => walker.push(large.car)).toThrow(TemporaryError)
  })
})

describe.skipIf(!hasFixture('indigo/fakermaker.repo.car'))('a real repo', () => {
  // Read in the tests: the body of a skipped suite runs all the same.
  const read = () => {
    const old = parseCar(fixture('indigo/fakermaker.repo.car'))
    const { data } = decode(old.blocks.get(digestOfCid(old.root)) as Uint8Array) as { data: Cid }
    return { old, data }
  }

  test('F3: is refused for its version 2 commit', () => {
    expect(() => walk(fixture('indigo/fakermaker.repo.car'))).toThrow(/version is not 3/)
  })

  test('under a commit of version 3 its whole tree is proven, with the records of each leaf', () => {
    const { old, data } = read()
    const commit = section(commitBlock(data.bytes))
    const sections = [...old.blocks.values()].map(section)
    const leaves = [...old.blocks.values()].flatMap((block) => {
      try {
        return parseNode(block).keys
      } catch {
        return []
      }
    })
    for (const blocks of [sections, sections.toReversed()]) {
      const { records } = walk(carOf(commit[0], [commit, ...blocks]))
      expect(new Set(records.keys())).toEqual(new Set(leaves))
      expect(records.size).toBe(142)
    }
  })
})
