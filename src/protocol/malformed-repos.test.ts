import { describe, expect, test } from 'vitest'
import {
  carOf,
  carPieces,
  commitBlock,
  repoOf,
  type Section,
  section,
  varint,
} from '../../test/support/repo-bytes.ts'
import { body, paths, refused, small, truth, walk } from '../../test/support/walked.ts'
import { InvalidError } from '../errors.ts'
import { decodeJson, encode } from './cbor.ts'
import { Cid, cidForBlock, cidToString, type Digest, digestOf } from './cid.ts'
import { buildTree, EMPTY_NODE, EMPTY_ROOT, encodeNode, keyDepth } from './mst.ts'
import { RepoWalk } from './walk.ts'

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
