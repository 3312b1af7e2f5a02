import { InvalidError } from '../errors.ts'
import type { BlockMap } from './car.ts'
import { cidEquals, cidOfDigest } from './cid.ts'
import type { MessageOp } from './message.ts'
import { PartialTree } from './partial-tree.ts'

/**
 * Undoes the ops of a commit on the part of its tree that the message carries and returns the root CID of
 * the tree before (B17). Ops are normalised first: deletes, then by path. Throws InvalidError: 'B14' for a
 * malformed node, 'B15' when the new tree does not hold what an op says, 'B16' for a path twice, 'B17' when
 * a proof block or a `prev` is missing.
 */
export function invertOps(root: Uint8Array, blocks: BlockMap, ops: readonly MessageOp[]): Uint8Array {
  return invertTree(new PartialTree(root, blocks), ops)
}

/** As {@link invertOps} on a tree already loaded, which is changed: ask it for leaves before. */
export function invertTree(tree: PartialTree, ops: readonly MessageOp[]): Uint8Array {
  for (const op of normalise(ops)) invertOp(tree, op)
  return cidOfDigest(tree.digest())
}

/** Deletes first: putting keys back before taking keys away needs no block that the proof does not hold. */
export function normalise(ops: readonly MessageOp[]): MessageOp[] {
  const sorted = [...ops].sort((a, b) => {
    if ((a.action === 'delete') !== (b.action === 'delete')) return a.action === 'delete' ? -1 : 1
    return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
  })
  if (new Set(sorted.map((op) => op.path)).size < sorted.length)
    throw new InvalidError('B16', 'the same path twice in one commit')
  return sorted
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
