import { InvalidError } from '../errors.ts'
import type { BlockMap } from './car.ts'
import { cidOfDigest, type Digest, digestEquals, digestOfCid } from './cid.ts'
import { type MstNode, parseNode } from './mst.ts'
import { type Link, nodeDigest } from './mst-encode.ts'
import { keyDepth } from './mst-key.ts'

/** A subtree: loaded, known by its link alone, or empty. */
type Subtree = Node | Link | null

interface Node {
  keys: string[]
  values: Link[]
  /** One more than keys; `trees[i]` stands before key i. */
  trees: Subtree[]
  /** The digest, until something below changes. */
  digest: Digest | null
  /** What links that are numbers point into: most are never looked at, so they are not cut out. */
  readonly source: Uint8Array
}

/** So many blocks are looked through one by one. */
const FEW = 16

/** Above every key, which are printable ASCII. */
const PAST_ALL = '\x7f'

/**
 * The part of a Merkle search tree whose nodes are at hand, as a commit message carries it. Every node that
 * can be reached is loaded and checked at once (B14). Reads and changes that would need a node which is not
 * there throw InvalidError('B17').
 */
export class PartialTree {
  readonly #blocks: BlockMap
  readonly #digests: readonly Digest[]
  #root: Subtree
  /** Layer of the root; of no meaning while it is null. */
  #layer: number

  /** `root` is the CID of the tree's root node, which must be among `blocks`. */
  constructor(root: Uint8Array, blocks: BlockMap) {
    this.#blocks = blocks
    this.#digests = blocks.size > FEW ? [] : [...blocks.keys()]
    const digest = digestOfCid(root)
    const block = blocks.get(digest)
    if (block === undefined) throw missing('the root of the tree')
    const node = parseNode(block)
    const first = node.keys[0]
    if (first === undefined && node.left !== 0) throw malformed('a root without keys over a subtree')
    this.#layer = first === undefined ? 0 : keyDepth(first)
    this.#root = first === undefined ? null : this.#load(digest, block, node, this.#layer, '', PAST_ALL)
  }

  /** The record CID at `path`; null when it is proven absent; 'missing' when the nodes here cannot tell. */
  get(path: string): Uint8Array | null | 'missing' {
    const depth = keyDepth(path)
    let tree = this.#root
    for (let layer = this.#layer; tree !== null && layer >= depth; layer--) {
      if (typeof tree !== 'object') return 'missing'
      const i = position(tree.keys, path)
      if (tree.keys[i] === path) return cidAt(tree, i)
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
    this.#root = made([path], [value], trees)
    this.#layer = depth
  }

  /** Takes a leaf away and returns its CID. Throws 'B15' when there is none at `path`. */
  remove(path: string): Uint8Array {
    const [rest, cid] = removeFrom(this.#root, this.#layer, path, keyDepth(path))
    this.#root = rest
    this.#trim()
    return cid
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
        const found = cidAt(node, i)
        node.values[i] = digestOfCid(cid)
        return found
      }
      tree = node.trees[i] ?? null
    }
    throw absent(path)
  }

  /** The digest of the root node. */
  digest(): Digest {
    return this.#root === null ? EMPTY : (digestOfTree(this.#root) as Digest)
  }

  #load(
    digest: Digest,
    source: Uint8Array,
    { keys, values, trees, left }: MstNode,
    layer: number,
    after: string,
    before: string,
  ): Node {
    const count = keys.length
    if (count === 0 && left === 0) throw malformed('an empty node inside the tree')
    if (count > 0 && !((keys[0] as string) > after && (keys[count - 1] as string) < before))
      throw malformed('a key outside the range of its node')
    for (const key of keys)
      if (keyDepth(key) !== layer) throw malformed(`a key on the wrong layer; path=${key}`)
    const subtrees = new Array<Subtree>(count + 1)
    subtrees[0] = this.#child(source, left, layer, after, keys[0] ?? before)
    for (let i = 0; i < count; i++) {
      const at = trees[i] as number
      subtrees[i + 1] = this.#child(source, at, layer, keys[i] as string, keys[i + 1] ?? before)
    }
    return { keys, values, trees: subtrees, digest, source }
  }

  /** The subtree whose CID is at `at`; the link alone when its node is not here. */
  #child(source: Uint8Array, at: number, layer: number, after: string, before: string): Subtree {
    if (at === 0) return null
    if (layer === 0) throw malformed('a subtree below layer 0')
    const digest = this.#find(source, at)
    const block = digest === null ? undefined : this.#blocks.get(digest)
    if (digest === null || block === undefined) return at
    return this.#load(digest, block, parseNode(block), layer - 1, after, before)
  }

  /**
   * The digest at `at`, or null when no block has it. Nearly all links lead to none, and cutting one out costs more than
   * a look at a few.
   */
  #find(source: Uint8Array, at: number): Digest | null {
    if (this.#blocks.size > FEW) return digestOfCid(source, at)
    for (const digest of this.#digests) if (digestEquals(digest, source, at)) return digest
    return null
  }

  /** A root without keys gives way to its only subtree. */
  #trim(): void {
    while (this.#root !== null && typeof this.#root === 'object' && this.#root.keys.length === 0) {
      this.#root = apart(this.#root.trees[0] ?? null, this.#root.source)
      this.#layer--
    }
  }
}

const NOTHING = new Uint8Array(0)
const EMPTY: Digest = nodeDigest({ keys: [], values: [], trees: [null] })

const missing = (what: string) => new InvalidError('B17', `a proof block is missing: ${what}`)
const malformed = (what: string) => new InvalidError('B14', `malformed tree: ${what}`)
const absent = (path: string) => new InvalidError('B15', `the new tree has no such leaf; path=${path}`)
const present = (path: string) =>
  new InvalidError('B15', `the new tree has a leaf that should be gone; path=${path}`)

function loaded(tree: Node | Link): Node {
  if (typeof tree !== 'object') throw missing('a node that the change touches')
  return tree
}

/** A copy of the CID of value i. */
function cidAt({ values, source }: Node, i: number): Uint8Array {
  return cidOfDigest(apart(values[i] as Link, source) as Digest)
}

/** A subtree as it may stand in any node. */
const apart = (tree: Subtree, source: Uint8Array): Subtree =>
  typeof tree === 'number' ? digestOfCid(source, tree) : tree

/** What a node holds, to be put into others. */
function contents(node: Node): { keys: string[]; values: Link[]; trees: Subtree[] } {
  const { keys, values, trees, source } = node
  return {
    keys,
    values: values.map((link) => apart(link, source) as Digest),
    trees: trees.map((tree) => apart(tree, source)),
  }
}

const made = (keys: string[], values: Link[], trees: Subtree[]): Node => ({
  keys,
  values,
  trees,
  digest: null,
  source: NOTHING,
})

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
  const node = tree === null ? made([], [], [null]) : loaded(tree)
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
  const { keys, values, trees } = contents(loaded(tree))
  const i = position(keys, path)
  if (keys[i] === path) throw present(path)
  const [before, after] = split(trees[i] ?? null, path)
  return [
    orNull(made(keys.slice(0, i), values.slice(0, i), [...trees.slice(0, i), before])),
    orNull(made(keys.slice(i), values.slice(i), [after, ...trees.slice(i + 1)])),
  ]
}

/** Puts nodes without keys above `tree` until it stands on layer `to`. */
function lift(tree: Node | null, from: number, to: number): Node | null {
  let lifted = tree
  for (let layer = from; lifted !== null && layer < to; layer++) lifted = made([], [], [lifted])
  return lifted
}

function removeFrom(tree: Subtree, layer: number, path: string, depth: number): [Node | null, Uint8Array] {
  if (tree === null || layer < depth) throw absent(path)
  const node = loaded(tree)
  const i = position(node.keys, path)
  node.digest = null
  if (node.keys[i] !== path) {
    const [rest, cid] = removeFrom(node.trees[i] ?? null, layer - 1, path, depth)
    node.trees[i] = rest
    return [orNull(node), cid]
  }
  const cid = cidAt(node, i)
  node.trees.splice(i, 2, join(node.trees[i] ?? null, node.trees[i + 1] ?? null))
  node.keys.splice(i, 1)
  node.values.splice(i, 1)
  return [orNull(node), cid]
}

/** Makes two neighbours of one layer into one tree. */
function join(left: Subtree, right: Subtree): Subtree {
  if (left === null) return right
  if (right === null) return left
  const a = contents(loaded(left))
  const b = contents(loaded(right))
  const middle = join(a.trees[a.trees.length - 1] ?? null, b.trees[0] ?? null)
  return made(
    [...a.keys, ...b.keys],
    [...a.values, ...b.values],
    [...a.trees.slice(0, -1), middle, ...b.trees.slice(1)],
  )
}

/** A link stays what it is; of a node, its digest. */
function digestOfTree(tree: Subtree): Link | null {
  if (tree === null || typeof tree !== 'object') return tree
  tree.digest ??= nodeDigest({
    keys: tree.keys,
    values: tree.values,
    trees: tree.trees.map(digestOfTree),
    source: tree.source,
  })
  return tree.digest
}
