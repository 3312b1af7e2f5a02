import { decodeCid } from '@atproto/lex-data'
import { MemoryBlockstore, MST } from '@atproto/repo'
import { describe, expect, test } from 'vitest'
import { fixtureJson, hasFixture, randomOf } from '../../test/support/repo-bytes.ts'
import { encode } from './cbor.ts'
import { Cid, cidForBlock, cidOfDigest, cidToString, digestOfCid } from './cid.ts'
import { buildTree, commonPrefix, EMPTY_NODE, EMPTY_ROOT, encodeNode, keyDepth, parseNode } from './mst.ts'

const cid = (n: number) => cidForBlock(Uint8Array.of(n & 255, n >> 8))

describe.skipIf(!hasFixture('interop/mst'))('MST vectors', () => {
  test('key heights', () => {
    const cases = fixtureJson<{ key: string; height: number }[]>('interop/mst/key_heights.json')
    expect(cases.length).toBeGreaterThan(5)
    for (const { key, height } of cases) expect(keyDepth(key), key).toBe(height)
  })
  test('common prefixes', () => {
    const cases = fixtureJson<{ left: string; right: string; len: number }[]>(
      'interop/mst/common_prefix.json',
    )
    expect(cases.length).toBeGreaterThan(5)
    for (const { left, right, len } of cases) expect(commonPrefix(left, right)).toBe(len)
  })
})

test('the empty tree is the one every implementation knows', () => {
  expect(cidToString(EMPTY_ROOT)).toBe('bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm')
  expect(Buffer.from(buildTree([]).root)).toEqual(Buffer.from(EMPTY_ROOT))
  expect(parseNode(EMPTY_NODE)).toEqual({ keys: [], values: [], trees: [], left: 0 })
})

test('trees of random keys have the roots and blocks that @atproto/repo gives them', async () => {
  const random = randomOf(3)
  for (const size of [1, 2, 3, 10, 100, 400]) {
    const entries = Array.from({ length: size }, (_, i): [string, Uint8Array] => [
      `com.example.${'abc'[i % 3]}/${Math.floor(random() * 1e9).toString(36)}`,
      cid(i),
    ])
    let theirs = await MST.create(new MemoryBlockstore())
    for (const [key, value] of entries) theirs = await theirs.add(key, decodeCid(value))
    const ours = buildTree(entries)
    expect(cidToString(ours.root)).toBe((await theirs.getPointer()).toString())
    const { blocks } = await theirs.getUnstoredBlocks()
    expect(new Set([...ours.blocks.keys()].map((digest) => cidToString(cidOfDigest(digest))))).toEqual(
      new Set(blocks.entries().map((entry) => entry.cid.toString())),
    )
    for (const block of ours.blocks.values()) {
      const { keys, values, trees, left } = parseNode(block)
      const digest = (at: number) => (at === 0 ? null : digestOfCid(block, at))
      const again = encodeNode({
        keys,
        values: values.map((at) => digestOfCid(block, at)),
        trees: [left, ...trees].map(digest),
      })
      expect(again).toEqual(block)
    }
  }
})

describe('B14: a node must have its one canonical form', () => {
  interface Entry {
    p: number
    k: string | Uint8Array
    v: unknown
    t: unknown
  }
  const link = new Cid(cid(1))
  const raw = new Cid(cidForBlock(Uint8Array.of(1), 0x55))
  const entry = (fields: Partial<Entry> & { x?: number } = {}) => ({
    p: 0,
    k: 'com.example.a/1',
    v: link,
    t: null,
    ...fields,
  })
  const node = (e: unknown, fields: Record<string, unknown> = {}) =>
    encode({
      l: null,
      e: (e as Entry[]).map?.((x) => (typeof x.k === 'string' ? { ...x, k: Buffer.from(x.k) } : x)) ?? e,
      ...fields,
    })

  test('and the good form is taken', () => {
    const block = node([entry(), entry({ p: 14, k: '2', t: link }), entry({ p: 12, k: 'b/1' })], { l: link })
    expect(parseNode(block).keys).toEqual(['com.example.a/1', 'com.example.a/2', 'com.example.b/1'])
    const padded = Buffer.concat([Buffer.from([1, 2]), block, Buffer.from([3])])
    expect(parseNode(padded, 2, padded.length - 1).keys).toHaveLength(3)
  })

  const wrong: Record<string, Uint8Array> = {
    'not cbor': Uint8Array.of(0xff),
    empty: new Uint8Array(0),
    'a list': encode([]),
    'an empty map': encode({}),
    'no entries field': encode({ l: null }),
    'no left field': encode({ e: [] }),
    'an extra field': node([], { a: 1 }),
    'an extra field in an entry': node([entry({ x: 1 })]),
    'entries that are a map': node({}),
    'an entry without v': node([{ p: 0, k: Buffer.from('com.example.a/1'), t: null }]),
    'a null value': node([entry({ v: null })]),
    'a raw value': node([entry({ v: raw })]),
    'a raw subtree': node([entry({ t: raw })]),
    'a raw left': node([entry()], { l: raw }),
    'a text key': encode({ l: null, e: [entry()] }),
    'an empty key': node([entry({ k: '' })]),
    'a prefix on the first key': node([entry({ p: 1 })]),
    'a prefix past the key before': node([entry(), entry({ p: 16, k: '1' })]),
    'a negative prefix': node([entry({ p: -1 })]),
    'a prefix too short': node([entry(), entry({ p: 13, k: '/2' })]),
    'keys twice': node([entry(), entry({ p: 15, k: '' })]),
    'keys out of order': node([entry(), entry({ p: 14, k: '0' })]),
    'a key that is the beginning of the one before': node([entry(), entry({ p: 14, k: '' })]),
    'a space in a key': node([entry({ k: 'com.example.a/ 1' })]),
    'a zero byte in a key': node([entry({ k: 'com.example.a/\0' })]),
    'bytes past ascii in a key': node([entry({ k: 'com.example.a/é' })]),
    'a key of 831 bytes': node([entry({ k: `com.example.a/${'1'.repeat(817)}` })]),
    'a key that grows past 830 bytes': node([
      entry({ k: `com.example.a/${'1'.repeat(816)}` }),
      entry({ p: 830, k: '1' }),
    ]),
    '10,001 entries': node(
      Array.from({ length: 10_001 }, (_, i) => (i === 0 ? entry({ k: 'a/00000' }) : near(i))),
    ),
  }
  function near(i: number): Entry {
    const [before, key] = [i - 1, i].map((n) => `a/${String(n).padStart(5, '0')}`) as [string, string]
    const p = commonPrefix(before, key)
    return { p, k: key.slice(p), v: link, t: null }
  }
  test('and 10,000 entries are taken', () => {
    const many = node(Array.from({ length: 10_000 }, (_, i) => (i === 0 ? entry({ k: 'a/00000' }) : near(i))))
    expect(parseNode(many).keys).toHaveLength(10_000)
  })
  test.each(Object.entries(wrong))('%s is refused', (_name, block) => {
    expect(() => parseNode(block)).toThrow(expect.objectContaining({ rule: 'B14' }))
  })
  test('lengths that are not in their shortest form are refused', () => {
    const head = (text: string) => Buffer.from(text, 'hex')
    const key = Buffer.from('com.example.a/1')
    const tail = encode({ v: link }).subarray(1)
    const entryOf = (length: Buffer, prefix: Buffer) =>
      Buffer.concat([head('a4616b'), length, key, head('6170'), prefix, head('6174f6'), tail])
    const nodeOf = (count: Buffer, item: Buffer) =>
      Buffer.concat([head('a26165'), count, item, head('616cf6')])
    expect(parseNode(nodeOf(head('81'), entryOf(head('4f'), head('00')))).keys).toEqual(['com.example.a/1'])
    for (const count of ['9801', '990001', '9a00000001', '9f'])
      expect(() => parseNode(nodeOf(head(count), entryOf(head('4f'), head('00')))), count).toThrow(/mst node/)
    for (const length of ['580f', '59000f', '5a0000000f'])
      expect(() => parseNode(nodeOf(head('81'), entryOf(head(length), head('00')))), length).toThrow(
        /mst node/,
      )
    for (const prefix of ['1800', '190000', '20'])
      expect(() => parseNode(nodeOf(head('81'), entryOf(head('4f'), head(prefix)))), prefix).toThrow(
        /mst node/,
      )
  })
  test('every cut is refused, at the end of the bytes and inside them', () => {
    const block = node([entry(), entry({ p: 14, k: '2', t: link })], { l: link })
    for (let end = 0; end < block.length; end++) {
      expect(() => parseNode(block.subarray(0, end)), String(end)).toThrow(
        expect.objectContaining({ rule: 'B14' }),
      )
      expect(() => parseNode(block, 0, end), String(end)).toThrow(expect.objectContaining({ rule: 'B14' }))
    }
    expect(() => parseNode(Buffer.concat([block, Uint8Array.of(0)]))).toThrow(
      expect.objectContaining({ rule: 'B14' }),
    )
  })
  test('no flipped bit gives other bytes for the same node', () => {
    const block = node([entry(), entry({ p: 14, k: '2', t: link })], { l: link })
    for (let bit = 0; bit < block.length * 8; bit++) {
      const flipped = Buffer.from(block)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      let parsed: ReturnType<typeof parseNode>
      try {
        parsed = parseNode(flipped)
      } catch {
        continue
      }
      const digest = (at: number) => (at === 0 ? null : digestOfCid(flipped, at))
      const again = encodeNode({
        keys: parsed.keys,
        values: parsed.values.map((at) => digestOfCid(flipped, at)),
        trees: [parsed.left, ...parsed.trees].map(digest),
      })
      expect(Buffer.from(again)).toEqual(flipped)
    }
  })
})
