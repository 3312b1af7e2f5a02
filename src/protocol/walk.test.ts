import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyRepoCar } from '@atproto/repo'
import { afterAll, describe, expect, test } from 'vitest'
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
  varint,
} from '../../test/support/repo-bytes.ts'
import { InvalidError, TemporaryError } from '../errors.ts'
import { parseCar } from './car.ts'
import { decode, decodeJson, encode } from './cbor.ts'
import { Cid, cidForBlock, cidToString, type Digest, digestOf, digestOfCid } from './cid.ts'
import { buildTree, EMPTY_NODE, EMPTY_ROOT, encodeNode, keyDepth, parseNode } from './mst.ts'
import { RepoWalk, type RepoWalkOptions, type WalkedRecord } from './walk.ts'

const temporary = mkdtempSync(join(tmpdir(), 'lextap-walk-test-'))
afterAll(() => rmSync(temporary, { recursive: true }))

interface Walked {
  /** Path to CID and decoded record, for records given while the CAR came and at its end. */
  readonly records: Map<string, string>
  readonly streamed: number
  readonly deferred: boolean
  readonly did: string | undefined
}

/** Walks a CAR in chunks of `size` and takes everything; fails when a path comes twice. */
function walk(car: Uint8Array, size = 1000, options: RepoWalkOptions = {}): Walked {
  using walker = new RepoWalk({ dir: temporary, ...options })
  const records = new Map<string, string>()
  const take = (batch: readonly WalkedRecord[]) => {
    for (const { collection, rkey, cid, block } of batch) {
      const path = `${collection}/${rkey}`
      expect(records.has(path), `twice: ${path}`).toBe(false)
      expect(cidForBlock(block)).toEqual(Uint8Array.from(cid))
      records.set(path, cidToString(cid))
    }
  }
  for (let at = 0; at < car.length; at += size) take(walker.push(car.subarray(at, at + size)))
  const streamed = records.size
  for (const batch of walker.finish()) take(batch)
  return { records, streamed, deferred: walker.deferred, did: walker.commit?.did }
}

const truth = (repo: RepoBytes) => new Map([...repo.paths].map(([path, cid]) => [path, cidToString(cid)]))
const body = (i: number) => ({ $type: 'com.example.a', n: i, text: 'x'.repeat(i % 50) })
const paths = (count: number) =>
  Array.from({ length: count }, (_, i) => `com.example.${'abc'[i % 3]}/${(i * 7919).toString(36)}`)
const isNode = ([, block]: Section) => block[0] === 0xa2 && block[2] === 0x65
const refused = expect.objectContaining({ rule: 'F3' })

const small = repoOf(paths(40).map((path, i) => [path, body(i)] as const))
const large = repoOf(paths(1500).map((path, i) => [path, body(i)] as const))

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

describe('malformed trees', () => {
  const leaf = section(encode(body(1)))
  const value = digestOf(leaf[1])
  const many = Array.from({ length: 4000 }, (_, i) => `com.example.a/${i.toString(36)}`)
  const onLayer = (layer: number) => many.filter((path) => keyDepth(path) === layer).toSorted()
  const node = (keys: string[], trees: (Digest | null)[]) =>
    encodeNode({ keys, values: keys.map(() => value), trees })
  /** The CAR of hand-made nodes, root last, in both orders. */
  const cars = (...nodes: Uint8Array[]) => {
    const commit = section(commitBlock(cidForBlock(nodes.at(-1) as Uint8Array)))
    const blocks = [commit, ...nodes.toReversed().map(section), leaf]
    return [carOf(commit[0], blocks), carOf(commit[0], blocks.toReversed())]
  }
  const [a0, b0] = onLayer(0) as [string, string]
  const one = onLayer(1).find((path) => path > b0) as string
  const two = onLayer(2).find((path) => path > one) as string
  const low = node([a0, b0], [null, null, null])
  const past = onLayer(0).find((path) => path > two) as string
  const high = node([past], [null, null])
  const [p, q] = onLayer(1) as [string, string]
  const beyond = node([onLayer(0).find((path) => path > q) as string], [null, null])
  const mid = node([one], [digestOf(low), null])
  const passage = node([], [digestOf(low)])
  const empty = node([], [null])
  const path = (text: string) => node([text], [null, null])
  const zero = (prefix: string) => {
    for (let i = 0; ; i++) if (keyDepth(`${prefix}${i}`) === 0) return `${prefix}${i}`
  }

  test('the good ones are taken', () => {
    for (const car of [
      ...cars(low, mid),
      ...cars(low, mid, node([two], [digestOf(mid), null])),
      ...cars(low),
    ])
      expect(walk(car).records.size).toBeGreaterThan(0)
    const over = node([two], [digestOf(passage), null])
    for (const car of cars(low, passage, over)) expect(walk(car).records.size).toBe(3)
    for (const car of cars(path(zero('com.example.a/')))) expect(walk(car).records.size).toBe(1)
  })

  const bad: Record<string, Uint8Array[]> = {
    'a key on a layer too high': [node([a0, one], [null, null, null])],
    'a key on a layer too low': [low, node([one, past], [digestOf(low), null, null])],
    'a layer left out': [low, node([two], [digestOf(low), null])],
    'a subtree after its place': [high, node([one], [digestOf(high), null])],
    'a subtree before its place': [low, node([one], [null, digestOf(low)])],
    'a subtree past the next key': [beyond, node([p, q], [null, digestOf(beyond), null])],
    'the same subtree twice': [low, node([one], [digestOf(low), digestOf(low)])],
    'an empty node inside': [empty, node([one], [digestOf(empty), null])],
    'a root without keys': [low, passage],
    'a subtree below layer 0': [low, node([past], [digestOf(low), null])],
    'a record in the place of a node': [leaf[1], node([one], [value, null])],
    'a path without slash': [path(zero('com.example.a'))],
    'a path with two slashes': [path(zero('com.example.a/b/'))],
    'a collection that is no NSID': [path(zero('post/'))],
    'no collection': [path(zero('/'))],
    'a record key with a bad letter': [path(zero('com.example.a/$'))],
    'a record key that is too long': [path(zero(`com.example.a/${'x'.repeat(512)}`))],
  }
  test.each(Object.entries(bad))('F3: %s is refused', (_name, nodes) => {
    for (const car of cars(...nodes))
      for (const options of [{}, { maxTracked: 0 }]) expect(() => walk(car, 1e9, options)).toThrow(refused)
  })

  test('F3: a tree deeper than allowed is refused', () => {
    const deep = cars(low, mid, node([two], [digestOf(mid), null]))
    for (const car of deep) {
      expect(() => walk(car, 100, { maxNodeDepth: 1 })).toThrow(refused)
      expect(walk(car, 100, { maxNodeDepth: 2 }).records.size).toBe(4)
    }
  })

  test('F3: prefixes that are not as long as they can be, and keys out of order, are refused', () => {
    const link = new Cid(leaf[0])
    const entry = (p: number, k: string) => ({ p, k: Buffer.from(k), v: link, t: null })
    const prefix = a0.slice(0, -1).length
    const short = encode({ l: null, e: [entry(0, a0), entry(prefix - 1, b0.slice(prefix - 1))] })
    const wrong = encode({ l: null, e: [entry(0, b0), entry(prefix, a0.slice(prefix))] })
    for (const block of [short, wrong])
      for (const car of cars(block)) expect(() => walk(car)).toThrow(refused)
  })

  test('B8: a commit that is not one is refused', () => {
    for (const fields of [
      { version: 2 },
      { did: 'x' },
      { rev: '1' },
      { data: null },
      { data: new Cid(cidForBlock(low, 0x55)) },
    ]) {
      const commit = section(commitBlock(cidForBlock(low), fields))
      expect(() => walk(carOf(commit[0], [commit, section(low), leaf]))).toThrow(refused)
    }
    expect(() => walk(carOf(leaf[0], [leaf]))).toThrow(refused)
  })

  test('F8: a small CAR does not become an endless repo by naming one large record many times', () => {
    const big = section(encode({ $type: 'com.example.a', text: 'x'.repeat(1_000_000) }))
    const tree = buildTree(many.slice(0, 600).map((p) => [p, big[0]] as const))
    const commit = section(commitBlock(tree.root))
    const car = carOf(commit[0], [commit, ...[...tree.blocks.values()].map(section), big])
    expect(() => walk(car)).toThrow(/too many paths/)
    const few = buildTree(many.slice(0, 50).map((p) => [p, big[0]] as const))
    const honest = section(commitBlock(few.root))
    expect(walk(carOf(honest[0], [honest, ...[...few.blocks.values()].map(section), big])).records.size).toBe(
      50,
    )
  })
})

describe('B6, B7: malformed CARs', () => {
  const header = (value: unknown) => {
    const bytes = encode(value)
    return Buffer.concat([Buffer.from(varint(bytes.length)), bytes])
  }
  const rest = Buffer.concat(carPieces(small.root, small.blocks).slice(1))
  const root = new Cid(small.root)
  const [first] = small.blocks as [Section]
  const piece = (...parts: Uint8Array[]) => {
    const bytes = Buffer.concat(parts)
    return Buffer.concat([small.car, Buffer.from(varint(bytes.length)), bytes])
  }
  const bad: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'a web page': Buffer.from('<!doctype html><html><body>502 Bad Gateway</body></html>'),
    'version 2': Buffer.concat([header({ version: 2, roots: [root] }), rest]),
    'no version': Buffer.concat([header({ roots: [root] }), rest]),
    'no roots': Buffer.concat([header({ version: 1, roots: [] }), rest]),
    'a text root': Buffer.concat([header({ version: 1, roots: ['x'] }), rest]),
    'a raw root': Buffer.concat([
      header({ version: 1, roots: [new Cid(cidForBlock(first[1], 0x55))] }),
      rest,
    ]),
    'a header that is a list': Buffer.concat([header([]), rest]),
    'an empty header': Buffer.concat([Buffer.from([0]), rest]),
    'a section of no bytes': Buffer.concat([small.car, Buffer.from([0])]),
    'a section that is a CID alone': piece(first[0]),
    'a section shorter than a CID': piece(first[0].subarray(0, 20)),
    'a block under the CID of another': piece(first[0], EMPTY_NODE),
    'a CIDv0': piece(Buffer.concat([Buffer.from([0x12, 0x20]), first[0].subarray(4)]), first[1]),
    'a dag-pb block': piece(
      Uint8Array.from(first[0], (byte, i) => (i === 1 ? 0x70 : byte)),
      first[1],
    ),
    'an identity hash': piece(Uint8Array.of(1, 0x71, 0, 4, 1, 2, 3, 4), new Uint8Array(60)),
    'an endless length': Buffer.concat([small.car, Buffer.alloc(20, 0xff)]),
    'a length of 2^60': Buffer.concat([
      small.car,
      Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]),
    ]),
    'a length not in its shortest form': Buffer.concat([small.car, Buffer.from([0x80, 0x80, 0])]),
    'a section over 2 MiB': piece(new Uint8Array(2_097_153)),
  }
  test.each(Object.entries(bad))('%s is refused', (_name, car) => {
    for (const size of [1000, 1]) {
      if (size === 1 && car.length > 100_000) continue
      for (const options of [{}, { maxTracked: 0, spillBytes: 0 }])
        expect(() => walk(car, size, options)).toThrow(refused)
    }
  })
  test('more than one root is tolerated: the first is the one', () => {
    const car = Buffer.concat([header({ version: 1, roots: [root, new Cid(EMPTY_ROOT)] }), rest])
    expect(walk(car).records).toEqual(truth(small))
  })
})

test('no flipped bit of a CAR lets other content through', () => {
  const repo = repoOf(paths(4).map((path, i) => [path, body(i)] as const))
  const seen = (car: Uint8Array) => {
    using walker = new RepoWalk()
    const records = [...walker.push(car)]
    for (const batch of walker.finish()) records.push(...batch)
    const content = records.map(({ collection, rkey, cid, block }) => [
      collection,
      rkey,
      cidToString(cid),
      decodeJson(block),
    ])
    const { did, rev, sig, signedBytes } = walker.commit ?? {}
    return JSON.stringify([content, did, rev, sig, signedBytes])
  }
  const good = seen(repo.car)
  let accepted = 0
  for (let bit = 0; bit < repo.car.length * 8; bit++) {
    const flipped = Uint8Array.from(repo.car)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    let content: string
    try {
      content = seen(flipped)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidError)
      continue
    }
    accepted++
    expect(content).toBe(good)
  }
  expect(accepted).toBe(0)
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
