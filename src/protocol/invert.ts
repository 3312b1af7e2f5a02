import { InvalidError } from '../errors.ts'
import type { BlockMap } from './car.ts'
import { cidEquals, cidOfDigest } from './cid.ts'
import type { MessageOp } from './message.ts'
import { keyDepth } from './mst-key.ts'
import { PartialTree } from './partial-tree.ts'

/**
 * Undoes the ops of a commit on the part of its tree that the message carries and returns the root CID of
 * the tree before (B17). Ops are normalised first, see {@link normalise}. Throws InvalidError: 'B14' for a
 * malformed node, 'B15' when the new tree does not hold what an op says, 'B16' for a path twice, 'B17' when
 * a proof block or a `prev` is missing.
 */
export function invertOps(root: Uint8Array, blocks: BlockMap, ops: readonly MessageOp[]): Uint8Array {
  // B21: a commit without ops need not carry any part of its tree.
  return ops.length === 0 ? root : invertTree(new PartialTree(root, blocks), ops)
}

/** As {@link invertOps} on a tree already loaded, which is changed: ask it for leaves before. */
export function invertTree(tree: PartialTree, ops: readonly MessageOp[]): Uint8Array {
  for (const op of normalise(ops)) invertOp(tree, op)
  return cidOfDigest(tree.digest())
}

/**
 * The order to undo ops in. Any order gives the same tree, but not from the same blocks: putting deleted keys
 * back first needs no block that a proof leaves out, and taking created keys away from the lowest layer up
 * needs the fewest (a subset of what the order by path of other implementations needs).
 */
export function normalise(ops: readonly MessageOp[]): MessageOp[] {
  if (ops.length < 2) return [...ops]
  if (new Set(ops.map((op) => op.path)).size < ops.length)
    throw new InvalidError('B16', 'the same path twice in one commit')
  return ops
    .map((op) => ({ op, rank: op.action === 'delete' ? -1 : keyDepth(op.path) }))
    .sort((a, b) => a.rank - b.rank || (a.op.path < b.op.path ? -1 : 1))
    .map(({ op }) => op)
}

function invertOp(tree: PartialTree, { action, path, cid, prev }: MessageOp): void {
  if (action === 'create') {
    if (prev) throw new InvalidError('B17', `a create must not have prev; path=${path}`)
    expectLeaf(tree.remove(path), cid, path)
    return
  }
  if (!prev)
    throw new InvalidError('B17', `no prev, so the op cannot be undone; action=${action}; path=${path}`)
  if (action === 'update') expectLeaf(tree.replace(path, prev), cid, path)
  else tree.insert(path, prev)
}

function expectLeaf(found: Uint8Array, cid: Uint8Array | null, path: string): void {
  if (cid === null || !cidEquals(found, cid))
    throw new InvalidError('B15', `the cid of an op is not the leaf of the new tree; path=${path}`)
}
