import { InvalidError } from '../errors.ts'
import type { BlockMap } from './car.ts'
import { cidOfDigest, type Digest, digestOfCid } from './cid.ts'
import { parseNode } from './mst.ts'
import { nodeDigest } from './mst-encode.ts'
import { keyDepth } from './mst-key.ts'

/** A subtree: loaded, known by digest alone, or empty. */
type Subtree = Node | Digest | null

interface Node {
  keys: string[]
  values: Digest[]
  /** One more than keys; `trees[i]` stands before key i. */
  trees: Subtree[]
  /** The digest, until something below changes. */
  digest: Digest | null
}

/** Above every key, which are printable ASCII. */
const PAST_ALL = '\x7f'

/**
 * The part of a Merkle search tree whose nodes are at hand, as a commit message carries it. Every node that
 * can be reached is loaded and checked at once (B14). Reads and changes that would need a node which is not
 * there throw InvalidError('B17').
 */
export class PartialTree {
  readonly #blocks: BlockMap
  #root: Subtree
  /** Layer of the root; of no meaning while it is null. */
  #layer: number

  /** `root` is the CID of the tree's root node, which must be among `blocks`. */
  constructor(root: Uint8Array, blocks: BlockMap) {
    this.#blocks = blocks
    const digest = digestOfCid(root)
    const block = blocks.get(digest)
    if (block === undefined) throw missing('the root of the tree')
    const { keys, left } = parseNode(block)
    const first = keys[0]
    if (first === undefined && left !== 0) throw malformed('a root without keys over a subtree')
    this.#layer = first === undefined ? 0 : keyDepth(first)
    this.#root = first === undefined ? null : this.#load(digest, this.#layer, '', PAST_ALL)
  }

  /** The record CID at `path`; null when it is proven absent; 'missing' when the nodes here cannot tell. */
  get(path: string): Uint8Array | null | 'missing' {
    const depth = keyDepth(path)
    let tree = this.#root
    for (let layer = this.#layer; tree !== null && layer >= depth; layer--) {
      if (typeof tree === 'string') return 'missing'
      const i = position(tree.keys, path)
      if (tree.keys[i] === path) return cidOfDigest(tree.values[i] as Digest)
      tree = tree.trees[i] ?? null
    }
    return null
  }

  /** Adds a leaf. Throws 'B15' when there is one at `path`. */
  insert(path: string, cid: Uint8Array): void {
    const value = digestOfCid(cid)
    const depth = keyDepth(path)
    if (this.#root !== null && depth <= this.#layer) {
      this.#root = insertInto(this.#root, this.#layer, path, value, depth)
      return
    }
    const [before, after] = split(this.#root, path)
    const trees = [lift(before, this.#layer, depth - 1), lift(after, this.#layer, depth - 1)]
    this.#root = { keys: [path], values: [value], trees, digest: null }
    this.#layer = depth
  }

  /** Takes a leaf away and returns its CID. Throws 'B15' when there is none at `path`. */
  remove(path: string): Uint8Array {
    const [rest, value] = removeFrom(this.#root, this.#layer, path, keyDepth(path))
    this.#root = rest
    this.#trim()
    return cidOfDigest(value)
  }

  /** Points a leaf at another record and returns the CID it had. Throws 'B15' when there is none at `path`. */
  replace(path: string, cid: Uint8Array): Uint8Array {
    const depth = keyDepth(path)
    let tree = this.#root
    for (let layer = this.#layer; tree !== null && layer >= depth; layer--) {
      const node = loaded(tree)
      node.digest = null
      const i = position(node.keys, path)
      if (node.keys[i] === path) {
        const found = node.values[i] as Digest
        node.values[i] = digestOfCid(cid)
        return cidOfDigest(found)
      }
      tree = node.trees[i] ?? null
    }
    throw absent(path)
  }

  /** The digest of the root node. */
  digest(): Digest {
    return this.#root === null ? EMPTY : digestOfTree(this.#root)
  }

  #load(digest: Digest, layer: number, after: string, before: string): Node | Digest {
    const block = this.#blocks.get(digest)
    if (block === undefined) return digest
    const { keys, values, trees, left } = parseNode(block)
    const count = keys.length
    if (count === 0 && left === 0) throw malformed('an empty node inside the tree')
    if (count > 0 && !((keys[0] as string) > after && (keys[count - 1] as string) < before))
      throw malformed('a key outside the range of its node')
    for (const key of keys)
      if (keyDepth(key) !== layer) throw malformed(`a key on the wrong layer; path=${key}`)
    const child = (at: number, from: string, to: string): Subtree => {
      if (at === 0) return null
      if (layer === 0) throw malformed('a subtree below layer 0')
      return this.#load(digestOfCid(block, at), layer - 1, from, to)
    }
    const subtrees = [child(left, after, keys[0] ?? before)]
    for (let i = 0; i < count; i++)
      subtrees.push(child(trees[i] as number, keys[i] as string, keys[i + 1] ?? before))
    return { keys, values: values.map((at) => digestOfCid(block, at)), trees: subtrees, digest }
  }

  /** A root without keys gives way to its only subtree. */
  #trim(): void {
    while (this.#root !== null && typeof this.#root !== 'string' && this.#root.keys.length === 0) {
      this.#root = this.#root.trees[0] ?? null
      this.#layer--
    }
  }
}

const EMPTY: Digest = nodeDigest({ keys: [], values: [], trees: [null] })

const missing = (what: string) => new InvalidError('B17', `a proof block is missing: ${what}`)
const malformed = (what: string) => new InvalidError('B14', `malformed tree: ${what}`)
const absent = (path: string) => new InvalidError('B15', `the new tree has no such leaf; path=${path}`)
const present = (path: string) =>
  new InvalidError('B15', `the new tree has a leaf that should be gone; path=${path}`)

function loaded(tree: Node | Digest): Node {
  if (typeof tree === 'string') throw missing('a node that the change touches')
  return tree
}

/** The index of `path`, or of the first key after it. */
function position(keys: readonly string[], path: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < path) low = middle + 1
    else high = middle
  }
  return low
}

const orNull = (node: Node): Node | null => (node.keys.length === 0 && node.trees[0] === null ? null : node)

function insertInto(tree: Subtree, layer: number, path: string, value: Digest, depth: number): Node {
  const node: Node = tree === null ? { keys: [], values: [], trees: [null], digest: null } : loaded(tree)
  const i = position(node.keys, path)
  if (node.keys[i] === path) throw present(path)
  node.digest = null
  const below = node.trees[i] ?? null
  if (depth < layer) {
    node.trees[i] = insertInto(below, layer - 1, path, value, depth)
    return node
  }
  node.trees.splice(i, 1, ...split(below, path))
  node.keys.splice(i, 0, path)
  node.values.splice(i, 0, value)
  return node
}

/** Parts a tree at a key it must not hold. */
function split(tree: Subtree, path: string): [Node | null, Node | null] {
  if (tree === null) return [null, null]
  const { keys, values, trees } = loaded(tree)
  const i = position(keys, path)
  if (keys[i] === path) throw present(path)
  const [before, after] = split(trees[i] ?? null, path)
  return [
    orNull({
      keys: keys.slice(0, i),
      values: values.slice(0, i),
      trees: [...trees.slice(0, i), before],
      digest: null,
    }),
    orNull({
      keys: keys.slice(i),
      values: values.slice(i),
      trees: [after, ...trees.slice(i + 1)],
      digest: null,
    }),
  ]
}

/** Puts nodes without keys above `tree` until it stands on layer `to`. */
function lift(tree: Subtree, from: number, to: number): Subtree {
  let lifted = tree
  for (let layer = from; lifted !== null && layer < to; layer++)
    lifted = { keys: [], values: [], trees: [lifted], digest: null }
  return lifted
}

function removeFrom(tree: Subtree, layer: number, path: string, depth: number): [Node | null, Digest] {
  if (tree === null || layer < depth) throw absent(path)
  const node = loaded(tree)
  const i = position(node.keys, path)
  node.digest = null
  if (node.keys[i] !== path) {
    const [rest, value] = removeFrom(node.trees[i] ?? null, layer - 1, path, depth)
    node.trees[i] = rest
    return [orNull(node), value]
  }
  const value = node.values[i] as Digest
  node.trees.splice(i, 2, join(node.trees[i] ?? null, node.trees[i + 1] ?? null))
  node.keys.splice(i, 1)
  node.values.splice(i, 1)
  return [orNull(node), value]
}

/** Makes two neighbours of one layer into one tree. */
function join(left: Subtree, right: Subtree): Subtree {
  if (left === null) return right
  if (right === null) return left
  const a = loaded(left)
  const b = loaded(right)
  const middle = join(a.trees[a.trees.length - 1] ?? null, b.trees[0] ?? null)
  return {
    keys: [...a.keys, ...b.keys],
    values: [...a.values, ...b.values],
    trees: [...a.trees.slice(0, -1), middle, ...b.trees.slice(1)],
    digest: null,
  }
}

function digestOfTree(tree: Node | Digest): Digest {
  if (typeof tree === 'string') return tree
  tree.digest ??= nodeDigest({
    keys: tree.keys,
    values: tree.values,
    trees: tree.trees.map((child) => (child === null ? null : digestOfTree(child))),
  })
  return tree.digest
}
