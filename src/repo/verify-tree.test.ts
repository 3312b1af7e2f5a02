import { expect, test } from 'vitest'
import { bent, cidOf, grown, path, record, ruleOf, verify } from '../../test/support/bent-commit.ts'
import { type Draft, frameOf, messageOf, type Write } from '../../test/support/signed-repo.ts'
import { encode } from '../protocol/cbor-encode.ts'
import { Cid, cidForBlock, digestOfCid } from '../protocol/cid.ts'
import type { CommitMessage } from '../protocol/message.ts'
import { buildTree, encodeNode, keyDepth } from '../protocol/mst.ts'

/** A signed commit over a root node of our making, which only create ops of `keys` lead to. */
async function overTree(node: (leaf: string) => Parameters<typeof encodeNode>[0]): Promise<string> {
  return bent((draft) => {
    const leaf = digestOfCid(cidOf(record('new')))
    const block = encodeNode(node(leaf))
    const root = cidForBlock(block)
    draft.blocks.set(digestOfCid(root), block)
    draft.commit.data = new Cid(root)
  })
}

const ofDepth = (depth: number, from = 0): string => {
  for (let i = from; ; i++) if (keyDepth(path(`d${i}`)) === depth) return path(`d${i}`)
}

test('B14: keys out of order, on the wrong layer or over an empty subtree are rejected', async () => {
  const [a, b] = [ofDepth(0), ofDepth(0, 50)].sort() as [string, string]
  const one = ofDepth(1)
  const misplaced = (keys: string[]) =>
    overTree((leaf) => ({ keys, values: keys.map(() => leaf), trees: [null, ...keys.map(() => null)] }))
  expect(await misplaced([b, a])).toBe('B14')
  expect(await misplaced([a, a])).toBe('B14')
  expect(await misplaced([a, one].sort())).toBe('B14')
  expect(await misplaced([a, 'com.example.post/ spaces'].sort())).toBe('B14')
})

test('B14: an empty inner node is rejected', async () => {
  const one = ofDepth(1)
  const empty = encodeNode({ keys: [], values: [], trees: [null] })
  const rule = await bent((draft) => {
    const leaf = digestOfCid(cidOf(record('new')))
    const root = encodeNode({ keys: [one], values: [leaf], trees: [digestOfCid(cidForBlock(empty)), null] })
    draft.blocks.set(digestOfCid(cidForBlock(empty)), empty)
    draft.blocks.set(digestOfCid(cidForBlock(root)), root)
    draft.commit.data = new Cid(cidForBlock(root))
  })
  expect(rule).toBe('B14')
})

test('B15: an op whose cid is not the leaf of the signed tree is rejected', async () => {
  const other = record('something else')
  const swap = (draft: Draft) => {
    const op = draft.ops[0]
    if (op === undefined) throw new Error('no op')
    op.cid = cidOf(other)
    draft.blocks.set(digestOfCid(op.cid), encode(other))
  }
  expect(await bent(swap)).toBe('B15')
  expect(await bent(swap, { writes: [[path(3), record('changed')]] })).toBe('B15')
})

test('B15: a record block that is not there is rejected', async () => {
  expect(await bent((draft) => draft.blocks.delete(digestOfCid(cidOf(record('new')))))).toBe('B15')
})

test('B15: a delete of what is still there, and a create of what is not, are rejected', async () => {
  const still = (draft: Draft) => {
    draft.ops = [{ action: 'delete', path: path(3), cid: null, prev: cidOf(record('old 3')) }]
  }
  expect(await bent(still)).toBe('B15')
  const phantom = (draft: Draft) =>
    draft.ops.push({ action: 'create', path: path('phantom'), cid: cidOf(record('new')) })
  expect(await bent(phantom)).toBe('B15')
})

test('B15: a create without a cid and a delete with one are rejected', async () => {
  const { repo, head } = await grown()
  const message = await repo.commit([[path('new'), record('new')]])
  const [op] = message.ops
  if (op === undefined) throw new Error('no op')
  const withOp = (changed: object) =>
    ruleOf(() => verify(repo, { ...message, ops: [{ ...op, ...changed }] }, head))
  expect(withOp({ cid: null })).toBe('B15')
  expect(withOp({ action: 'delete' })).toBe('B15')
})

test('B16: the same path twice in one commit is rejected', async () => {
  expect(await bent((draft) => draft.ops.push({ ...(draft.ops[0] as Draft['ops'][0]) }))).toBe('B16')
  const both = (draft: Draft) =>
    draft.ops.unshift({ action: 'delete', path: path('new'), cid: null, prev: cidOf({}) })
  expect(await bent(both)).toBe('B16')
})

test('B17: undoing the ops must give prevData', async () => {
  const wrongRoot = (draft: Draft) => {
    draft.prevData = cidOf({ no: 'tree' })
  }
  expect(await bent(wrongRoot)).toBe('B17')
})

test('B17: an op that the commit does not mention is noticed', async () => {
  const writes: Write[] = [
    [path('new'), record('new')],
    [path(3), record('changed')],
    [path(7), null],
  ]
  for (const hidden of [0, 1, 2]) {
    expect(await bent((draft) => draft.ops.splice(hidden, 1), { writes })).toBe('B17')
  }
})

test('B17: a wrong prev is noticed, and an update told as a create', async () => {
  const set = (prev: Uint8Array) => (draft: Draft) => Object.assign(draft.ops[0] as object, { prev })
  expect(await bent(set(cidOf({})), { writes: [[path(3), record('changed')]] })).toBe('B17')
  expect(await bent(set(cidOf({})), { writes: [[path(3), null]] })).toBe('B17')
  const told = (draft: Draft) => {
    draft.ops = draft.ops.map(({ path, cid }) => ({ action: 'create', path, cid }))
  }
  expect(await bent(told, { writes: [[path(3), record('changed')]] })).toBe('B17')
})

test('B17: a create must not have a prev', async () => {
  expect(await bent((draft) => Object.assign(draft.ops[0] as object, { prev: cidOf({}) }))).toBe('B17')
})

test('B17: a missing proof block is a failure, whichever it is', async () => {
  const { repo, head } = await grown()
  const before = new Set(buildTree(repo.leaves).blocks.keys())
  const draft = repo.draft([[path(3), null]])
  const changed = [...draft.blocks.keys()].filter((digest) => !before.has(digest))
  expect(changed.length).toBeGreaterThan(1)
  for (const digest of changed) {
    const blocks = new Map([...draft.blocks].filter(([d]) => d !== digest))
    const message = messageOf(await frameOf({ ...draft, blocks }, repo.key)) as CommitMessage
    expect(ruleOf(() => verify(repo, message, head))).toBe('B17')
  }
})
