import { expect, test } from 'vitest'
import type { BlockMap } from './car.ts'
import { cidForBlock, cidOfDigest, type Digest, digestOf, digestOfCid } from './cid.ts'
import { buildTree, EMPTY_NODE, EMPTY_ROOT, encodeNode, keyDepth } from './mst.ts'
import { PartialTree } from './partial-tree.ts'

const leaf = digestOf(Uint8Array.of(1))
const paths = Array.from({ length: 3000 }, (_, i) => `com.example.a/${i.toString(36)}`)
/** The first paths of a layer, in order. */
const onLayer = (layer: number, count: number) =>
  paths
    .filter((path) => keyDepth(path) === layer)
    .slice(0, count)
    .toSorted()
const rule = (id: string) => expect.objectContaining({ rule: id })

/** A tree of hand-made nodes; the last is the root. */
function treeOf(...nodes: Uint8Array[]): PartialTree {
  const blocks: BlockMap = new Map(nodes.map((block) => [digestOf(block), block]))
  return new PartialTree(cidForBlock(nodes.at(-1) as Uint8Array), blocks)
}
const node = (keys: string[], trees: (Digest | null)[]) =>
  encodeNode({ keys, values: keys.map(() => leaf), trees })

test('a leaf is found, proven absent, or not to be told', () => {
  const entries = paths
    .slice(0, 500)
    .map((path, i) => [path, cidForBlock(Uint8Array.of(i & 255, i >> 8))] as const)
  const { root, blocks } = buildTree(entries)
  const whole = new PartialTree(root, blocks)
  for (const [path, cid] of entries) expect(whole.get(path)).toEqual(cid)
  for (const path of paths.slice(500, 900)) expect(whole.get(path)).toBeNull()
  const trunk = new PartialTree(
    root,
    new Map([[digestOfCid(root), blocks.get(digestOfCid(root)) as Uint8Array]]),
  )
  const answers = new Set(
    entries.map(([path]) => trunk.get(path)).map((x) => (x instanceof Uint8Array ? 'leaf' : x)),
  )
  expect(answers).toEqual(new Set(['leaf', 'missing']))
  expect(
    new PartialTree(EMPTY_ROOT, new Map([[digestOf(EMPTY_NODE), EMPTY_NODE]])).get('com.example.a/1'),
  ).toBeNull()
})

test('a key above the root layer is absent, and needs no block to say so', () => {
  const [low] = onLayer(0, 1) as [string]
  const [high] = onLayer(3, 1) as [string]
  expect(treeOf(node([low], [null, null])).get(high)).toBeNull()
})

test('B17: a root that is not there is a missing proof block', () => {
  expect(() => new PartialTree(EMPTY_ROOT, new Map())).toThrow(rule('B17'))
})

test('B14: a visible node that is out of place is refused, even where no op leads', () => {
  const [a0, b0, c0] = onLayer(0, 3) as [string, string, string]
  const ones = onLayer(1, 40)
  const one = ones.find((path) => path > a0 && path < c0) as string
  const below = node([a0], [null, null])
  const good = treeOf(below, node([one], [digestOf(below), null]))
  expect(good.get(a0)).toEqual(cidOfDigest(leaf))

  const empty = node([], [null])
  const tooFar = node([c0], [null, null])
  const wrongLayer = node([one], [null, null])
  const [two] = onLayer(2, 1) as [string]
  const [p, q] = ones as [string, string]
  const beyond = node(
    [paths.toSorted().find((path) => keyDepth(path) === 0 && path > q) as string],
    [null, null],
  )
  const passage = node([], [digestOf(below)])
  const bad: Uint8Array[][] = [
    [empty, node([one], [digestOf(empty), null])], // an empty node inside
    [tooFar, node([one], [digestOf(tooFar), null])], // after its parent's key, but stands before it
    [below, node([one], [null, digestOf(below)])], // before it, but stands after it
    [beyond, node([p, q], [null, digestOf(beyond), null])], // between two keys, but past the second
    [wrongLayer, node([two], [digestOf(wrongLayer), digestOf(wrongLayer)])], // twice
    [below, node([two], [digestOf(below), null])], // a layer is left out
    [below, passage], // a root without keys
    [node([a0, one], [null, null, null])], // keys of two layers in one node
    [node([one, a0].toSorted(), [null, null, null])],
    [below, node([b0], [digestOf(below), null])], // a subtree below layer 0
    [node([a0], [leaf, null])], // below layer 0, and not even there
    [Uint8Array.of(0xa0)],
  ]
  for (const nodes of bad) expect(() => treeOf(...nodes), String(bad.indexOf(nodes))).toThrow(rule('B14'))
  if (two > a0)
    expect(treeOf(below, passage, node([two], [digestOf(passage), null])).get(a0)).toEqual(cidOfDigest(leaf))
})

test('B14: a node that two places point at can be right in one of them only', () => {
  const [a0] = onLayer(0, 1) as [string]
  const below = node([a0], [null, null])
  const chain = (bottom: Uint8Array, count: number) => {
    const nodes = [bottom]
    for (let i = 0; i < count; i++) nodes.push(node([], [digestOf(nodes.at(-1) as Uint8Array)]))
    return nodes
  }
  const [two] = onLayer(2, 1) as [string]
  const nodes = chain(below, 1)
  const top = digestOf(nodes.at(-1) as Uint8Array)
  expect(() => treeOf(...nodes, node([two], [top, top]))).toThrow(rule('B14'))
})

test('B15: inserting what is there, and removing or replacing what is not, is refused', () => {
  const { root, blocks } = buildTree(paths.slice(0, 200).map((path) => [path, cidOfDigest(leaf)] as const))
  const tree = () => new PartialTree(root, blocks)
  for (const path of paths.slice(0, 40)) expect(() => tree().insert(path, EMPTY_ROOT)).toThrow(rule('B15'))
  for (const path of paths.slice(200, 240)) {
    expect(() => tree().remove(path)).toThrow(rule('B15'))
    expect(() => tree().replace(path, EMPTY_ROOT)).toThrow(rule('B15'))
  }
  const high = paths.slice(200).toSorted((a, b) => keyDepth(b) - keyDepth(a))[0] as string
  expect(keyDepth(high)).toBeGreaterThan(3)
  expect(() => tree().remove(high)).toThrow(rule('B15'))
})

test('taking every key away and putting it back, in any order, leads through the right trees', () => {
  const some = paths.slice(0, 60)
  const full = buildTree(some.map((path) => [path, cidOfDigest(leaf)] as const))
  const tree = new PartialTree(full.root, full.blocks)
  const left = new Set(some)
  for (const path of some.toReversed()) {
    tree.remove(path)
    left.delete(path)
    const expected = buildTree([...left].map((p) => [p, cidOfDigest(leaf)] as const)).root
    expect(tree.digest()).toBe(digestOfCid(expected))
  }
  for (const path of some) tree.insert(path, cidOfDigest(leaf))
  expect(tree.digest()).toBe(digestOfCid(full.root))
})
