import { describe, expect, test } from 'vitest'
import { fixture, fixtureJson, hasFixture, randomOf, shuffled } from '../../test/support/repo-bytes.ts'
import { type BlockMap, parseCar } from './car.ts'
import { cidForBlock, cidFromString, cidOfDigest, cidToString, digestOfCid } from './cid.ts'
import { decodeCommit } from './commit.ts'
import { invertOps, normalise } from './invert.ts'
import type { MessageOp } from './message.ts'
import { buildTree, EMPTY_ROOT } from './mst.ts'
import { PartialTree } from './partial-tree.ts'

const digest = (text: string) => digestOfCid(cidFromString(text))
/** The part of a tree that a message would carry. */
const only = (blocks: BlockMap, cids: readonly string[]): BlockMap =>
  new Map(cids.map((cid) => [digest(cid), blocks.get(digest(cid)) as Uint8Array]))
const create = (path: string, cid: Uint8Array): MessageOp => ({
  action: 'create',
  path,
  cid,
  prev: undefined,
})
const remove = (path: string, prev: Uint8Array): MessageOp => ({ action: 'delete', path, cid: null, prev })

describe.skipIf(!hasFixture('mst-diff'))('the MST diff cases', () => {
  interface Case {
    a: string
    b: string
    ops: { rpath: string; old_value: string | null; new_value: string | null }[]
    proof: string[]
    inductive: string[]
  }
  const cases = hasFixture('mst-diff')
    ? (fixture('mst-diff/cases.jsonl')
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)) as Case[])
    : []
  const trees = new Map<string, ReturnType<typeof parseCar>>()
  const tree = (name: string) => {
    const known = trees.get(name) ?? parseCar(fixture(`mst-diff/cars/${name}.car`))
    trees.set(name, known)
    return known
  }
  const opsOf = ({ ops }: Case): MessageOp[] =>
    ops.map(({ rpath, old_value, new_value }) => ({
      action: old_value === null ? 'create' : new_value === null ? 'delete' : 'update',
      path: rpath,
      cid: new_value === null ? null : cidFromString(new_value),
      prev: old_value === null ? undefined : cidFromString(old_value),
    }))

  test('there are 2,048 of them', () => expect(cases).toHaveLength(2048))

  test('applying the ops to the first tree gives the second', () => {
    for (const c of cases) {
      const { root, blocks } = tree(c.a)
      const changed = new PartialTree(root, blocks)
      for (const { action, path, cid } of opsOf(c)) {
        if (action === 'delete') changed.remove(path)
        else if (action === 'create') changed.insert(path, cid as Uint8Array)
        else changed.replace(path, cid as Uint8Array)
      }
      expect(changed.digest(), `${c.a} → ${c.b}`).toBe(digestOfCid(tree(c.b).root))
    }
  })

  test('B17: undoing the ops on the second tree gives the first', () => {
    for (const c of cases) {
      const { root, blocks } = tree(c.b)
      expect(cidToString(invertOps(root, blocks, opsOf(c)))).toBe(cidToString(tree(c.a).root))
    }
  })

  test('B17: the blocks of the inductive proof alone are enough to undo the ops', () => {
    for (const c of cases) {
      const { root, blocks } = tree(c.b)
      const before = invertOps(root, only(blocks, c.inductive), opsOf(c))
      expect(cidToString(before), `${c.a} → ${c.b}`).toBe(cidToString(tree(c.a).root))
    }
  })

  test('B17: hardly a block of the inductive proof can be taken away', () => {
    let refused = 0
    for (const c of cases)
      for (const missing of c.inductive) {
        const { root, blocks } = tree(c.b)
        const rest = only(
          blocks,
          c.inductive.filter((cid) => cid !== missing),
        )
        let before: string | null = null
        try {
          before = cidToString(invertOps(root, rest, opsOf(c)))
        } catch (error) {
          expect(error).toMatchObject({ rule: 'B17' })
        }
        // Another root than prevData is a refusal as well.
        if (before !== cidToString(tree(c.a).root)) refused++
      }
    expect(refused).toBeGreaterThan(6000)
  })

  test('B15: the blocks of the inclusion proof prove every leaf present or absent', () => {
    for (const c of cases.filter(({ ops }) => ops.length > 0)) {
      const { root, blocks } = tree(c.b)
      const part = new PartialTree(root, only(blocks, c.proof))
      for (const { path, cid } of opsOf(c)) expect(part.get(path)).toEqual(cid)
    }
  })
})

describe.skipIf(!hasFixture('interop/firehose'))('the commit proof vectors', () => {
  interface Case {
    comment: string
    leafValue: string
    keys: string[]
    adds: string[]
    dels: string[]
    rootBeforeCommit: string
    rootAfterCommit: string
    blocksInProof: string[]
  }
  const file = 'interop/firehose/commit-proof-fixtures.json'
  const cases = hasFixture(file) ? fixtureJson<Case[]>(file) : []
  test.each(cases)('B17: $comment', (c) => {
    const value = cidFromString(c.leafValue)
    const build = (keys: string[]) => buildTree(keys.map((key) => [key, value] as const))
    expect(cidToString(build(c.keys).root)).toBe(c.rootBeforeCommit)
    const after = build([...c.keys.filter((key) => !c.dels.includes(key)), ...c.adds])
    expect(cidToString(after.root)).toBe(c.rootAfterCommit)
    const ops = [...c.adds.map((path) => create(path, value)), ...c.dels.map((path) => remove(path, value))]
    const before = invertOps(after.root, only(after.blocks, c.blocksInProof), ops)
    expect(cidToString(before)).toBe(c.rootBeforeCommit)
  })
})

describe.skipIf(!hasFixture('indigo'))('commits of real hosts from before Sync 1.1', () => {
  interface Event {
    blocks: { $bytes: string }
    prevData?: unknown
    ops: { action: 'create'; path: string; cid: { $link: string } }[]
  }
  // A legacy message carries what changed and no neighbours: leaves are provable, the tree before often not.
  test.each([
    [4621317030, false],
    [4621317332, false],
    [4621332152, true],
    [4623075231, true],
  ])('B18: %i proves its leaves; that its ops can be undone: %s', (seq, invertible) => {
    const event = fixtureJson<Event>(`indigo/firehose_commit_${seq}.json`)
    expect(event.prevData).toBeUndefined()
    const { root, blocks } = parseCar(Buffer.from(event.blocks.$bytes, 'base64'))
    const { data } = decodeCommit(blocks.get(digestOfCid(root)) as Uint8Array)
    const ops = event.ops.map(({ path, cid }) => create(path, cidFromString(cid.$link)))
    for (const { path, cid } of ops) expect(new PartialTree(data, blocks).get(path)).toEqual(cid)
    const undo = () => invertOps(data, blocks, ops)
    if (invertible) expect(undo()).toHaveLength(36)
    else expect(undo).toThrow(expect.objectContaining({ rule: 'B17' }))
  })
})

const random = randomOf(11)
const value = (n: number) => cidForBlock(Uint8Array.of(n & 255, (n >> 8) & 255))
const keys = Array.from({ length: 600 }, (_, i) => `com.example.${'abc'[i % 3]}/${(i * 7919).toString(36)}`)

interface Change {
  before: ReturnType<typeof buildTree>
  after: ReturnType<typeof buildTree>
  ops: MessageOp[]
}

function randomChange(): Change {
  const size = Math.floor(random() * 80)
  const chosen = shuffled(keys, random).slice(0, size + 1 + Math.floor(random() * 12))
  const kept = chosen.slice(0, size).map((key, i) => [key, value(i)] as const)
  const before = new Map(kept)
  const after = new Map(kept)
  const ops = chosen.slice(size).map((path, i): MessageOp => {
    const [old, cid] = [value(1000 + i), value(2000 + i)]
    const kind = Math.floor(random() * 3)
    if (kind !== 0) before.set(path, old)
    if (kind !== 1) after.set(path, cid)
    return kind === 0
      ? create(path, cid)
      : kind === 1
        ? remove(path, old)
        : { action: 'update', path, cid, prev: old }
  })
  return { before: buildTree(before), after: buildTree(after), ops: shuffled(ops, random) }
}

test('B17: random commits are undone, whatever the order of their ops', () => {
  for (let i = 0; i < 400; i++) {
    const { before, after, ops } = randomChange()
    expect(cidToString(invertOps(after.root, after.blocks, ops))).toBe(cidToString(before.root))
  }
})

test('B15, B17: no lie about an op leads back to the tree before', () => {
  const lies: ((op: MessageOp) => MessageOp)[] = [
    (op) => ({ ...op, cid: op.cid && value(9999) }),
    (op) => ({ ...op, prev: op.prev && value(9999) }),
    (op) => ({ ...op, path: `${op.path}x` }),
    (op) => ({ ...op, action: 'create', cid: op.cid ?? value(1), prev: undefined }),
    (op) => ({ ...op, action: 'delete', cid: null, prev: op.prev ?? value(1) }),
    (op) => ({ ...op, action: 'update', cid: op.cid ?? value(1), prev: op.prev ?? value(2) }),
  ]
  let tried = 0
  for (let i = 0; i < 150; i++) {
    const { before, after, ops } = randomChange()
    const at = Math.floor(random() * ops.length)
    const honest = ops[at] as MessageOp
    const told = [...lies.map((lie) => lie(honest)), null]
    for (const lie of told.filter((op) => JSON.stringify(op) !== JSON.stringify(honest))) {
      const changed = ops.flatMap((op, j) => (j !== at ? [op] : lie === null ? [] : [lie]))
      tried++
      let root: string | null = null
      try {
        root = cidToString(invertOps(after.root, after.blocks, changed))
      } catch (error) {
        expect(error).toMatchObject({ rule: expect.stringMatching(/^B1[57]$/) })
      }
      expect(root).not.toBe(cidToString(before.root))
    }
  }
  expect(tried).toBeGreaterThan(500)
})

test('B16: the same path twice in one commit is refused', () => {
  const ops = [create('com.example.a/1', value(1)), remove('com.example.a/1', value(2))]
  expect(() => normalise(ops)).toThrow(expect.objectContaining({ rule: 'B16' }))
  const { root, blocks } = buildTree([['com.example.a/1', value(1)]])
  expect(() => invertOps(root, blocks, ops)).toThrow(expect.objectContaining({ rule: 'B16' }))
})

test('B17: update and delete need prev, create must not have it', () => {
  const { root, blocks } = buildTree([['com.example.a/1', value(1)]])
  const bad: MessageOp[] = [
    { action: 'create', path: 'com.example.a/1', cid: value(1), prev: value(2) },
    { action: 'update', path: 'com.example.a/1', cid: value(1), prev: undefined },
    { action: 'update', path: 'com.example.a/1', cid: value(1), prev: null },
    { action: 'delete', path: 'com.example.a/2', cid: null, prev: undefined },
  ]
  for (const op of bad)
    expect(() => invertOps(root, blocks, [op])).toThrow(expect.objectContaining({ rule: 'B17' }))
  expect(
    invertOps(root, blocks, [{ action: 'create', path: 'com.example.a/1', cid: value(1), prev: null }]),
  ).toEqual(EMPTY_ROOT)
})

test('B21: without ops the tree before is the tree, which the message need not carry', () => {
  expect(invertOps(value(1), new Map(), [])).toEqual(value(1))
})

test('B23: a record that moves, and one that is deleted and created again, are undone', () => {
  const before = buildTree([
    ['com.example.a/1', value(1)],
    ['com.example.a/2', value(2)],
  ])
  const after = buildTree([
    ['com.example.a/2', value(2)],
    ['com.example.b/9', value(1)],
  ])
  const ops = [create('com.example.b/9', value(1)), remove('com.example.a/1', value(1))]
  expect(invertOps(after.root, after.blocks, ops)).toEqual(before.root)
  const same: MessageOp = { action: 'update', path: 'com.example.a/2', cid: value(2), prev: value(2) }
  expect(invertOps(after.root, after.blocks, [same])).toEqual(after.root)
})

test('the first record comes from, and the last one leaves, an empty tree', () => {
  const one = buildTree([['com.example.a/1', value(1)]])
  const none = buildTree([])
  expect(invertOps(one.root, one.blocks, [create('com.example.a/1', value(1))])).toEqual(EMPTY_ROOT)
  expect(invertOps(none.root, none.blocks, [remove('com.example.a/1', value(1))])).toEqual(one.root)
})

test('the result is a CID of its own', () => {
  const { root, blocks } = buildTree([['com.example.a/1', value(1)]])
  const before = invertOps(root, blocks, [remove('com.example.a/2', value(2))])
  expect(before).toEqual(cidOfDigest(digestOfCid(before)))
})
