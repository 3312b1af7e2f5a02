import { hash } from 'node:crypto'
import { cidOf } from './ids.ts'
import { nodeBlock } from './tree-node.ts'

/** A record in the tree. `born` numbers the commit that wrote it. */
export interface Leaf {
  readonly cid: Uint8Array
  readonly block: Uint8Array
  readonly born: number
}

/** A block of a repo. `born` numbers the commit it appeared in; the reference PDS exports by it. */
export interface RepoBlock {
  readonly kind: 'commit' | 'node' | 'record'
  readonly cid: Uint8Array
  readonly block: Uint8Array
  readonly born: number
}

/** The layer of a key: its SHA-256's leading zero bits, halved. */
export function layerOf(key: string): number {
  const hex = hash('sha256', key, 'hex')
  let layer = 0
  for (let i = 0; i < 64; i++, layer += 2) {
    const nibble = hex.charCodeAt(i)
    if (nibble !== 48) return nibble <= 51 ? layer + 1 : layer
  }
  return layer
}

class Node {
  readonly layer: number
  keys: string[]
  leaves: Leaf[]
  /** Always one more than there are keys. */
  subs: (Node | null)[]
  /** Set while the node is unchanged since it was last written. */
  sealed: RepoBlock | null = null

  constructor(layer: number, keys: string[], leaves: Leaf[], subs: (Node | null)[]) {
    this.layer = layer
    this.keys = keys
    this.leaves = leaves
    this.subs = subs
  }

  /** Index of the first key not below `key`. */
  indexOf(key: string): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const mid = (low + high) >>> 1
      if ((this.keys[mid] as string) < key) low = mid + 1
      else high = mid
    }
    return low
  }

  sub(index: number): Node | null {
    return this.subs[index] ?? null
  }
}

/** `null` for a node that holds nothing: such nodes must not exist. */
function made(layer: number, keys: string[], leaves: Leaf[], subs: (Node | null)[]): Node | null {
  return keys.length === 0 && subs[0] == null ? null : new Node(layer, keys, leaves, subs)
}

function lifted(node: Node | null, layer: number): Node | null {
  let out = node
  while (out !== null && out.layer < layer) out = new Node(out.layer + 1, [], [], [out])
  return out
}

function split(node: Node | null, key: string): [Node | null, Node | null] {
  if (node === null) return [null, null]
  const i = node.indexOf(key)
  const [left, right] = split(node.sub(i), key)
  return [
    made(node.layer, node.keys.slice(0, i), node.leaves.slice(0, i), [...node.subs.slice(0, i), left]),
    made(node.layer, node.keys.slice(i), node.leaves.slice(i), [right, ...node.subs.slice(i + 1)]),
  ]
}

function merge(left: Node | null, right: Node | null): Node | null {
  if (left === null || right === null) return left ?? right
  const middle = merge(left.sub(left.keys.length), right.sub(0))
  return new Node(
    left.layer,
    [...left.keys, ...right.keys],
    [...left.leaves, ...right.leaves],
    [...left.subs.slice(0, -1), middle, ...right.subs.slice(1)],
  )
}

/**
 * The Merkle search tree of a sandbox repo, held whole and changed in place. Written apart from the
 * verifier's tree on purpose: tests compare the two.
 */
export class RepoTree {
  #root: Node = new Node(0, [], [], [null])
  size = 0

  /** Builds a tree from entries with distinct keys, in any order, in one pass. */
  static of(entries: Iterable<readonly [string, Leaf]>): RepoTree {
    const sorted = [...entries].sort((a, b) => (a[0] < b[0] ? -1 : 1))
    const layers = sorted.map(([key]) => layerOf(key))
    const build = (from: number, to: number, layer: number): Node | null => {
      if (from >= to) return null
      const keys: string[] = []
      const leaves: Leaf[] = []
      const subs: (Node | null)[] = []
      let start = from
      for (let i = from; i < to; i++) {
        if (layers[i] !== layer) continue
        const [key, leaf] = sorted[i] as readonly [string, Leaf]
        subs.push(build(start, i, layer - 1))
        keys.push(key)
        leaves.push(leaf)
        start = i + 1
      }
      subs.push(build(start, to, layer - 1))
      return made(layer, keys, leaves, subs)
    }
    const tree = new RepoTree()
    const top = layers.reduce((a, b) => Math.max(a, b), 0)
    tree.#root = build(0, sorted.length, top) ?? tree.#root
    tree.size = sorted.length
    return tree
  }

  get(key: string): Leaf | null {
    for (let node: Node | null = this.#root; node !== null; ) {
      const i = node.indexOf(key)
      if (node.keys[i] === key) return node.leaves[i] ?? null
      node = node.sub(i)
    }
    return null
  }

  /** Adds or replaces; tells which, by the leaf that was there. */
  set(key: string, leaf: Leaf): Leaf | null {
    const before = this.get(key)
    if (before !== null) this.#replace(key, leaf)
    else {
      this.#insert(key, leaf)
      this.size++
    }
    return before
  }

  delete(key: string): Leaf | null {
    const before = this.get(key)
    if (before === null) return null
    this.#root = remove(this.#root, key) ?? new Node(0, [], [], [null])
    while (this.#root.keys.length === 0 && this.#root.sub(0) !== null) this.#root = this.#root.sub(0) as Node
    this.size--
    return before
  }

  #replace(key: string, leaf: Leaf): void {
    for (let node: Node | null = this.#root; node !== null; ) {
      node.sealed = null
      const i = node.indexOf(key)
      if (node.keys[i] === key) {
        node.leaves[i] = leaf
        return
      }
      node = node.sub(i)
    }
  }

  #insert(key: string, leaf: Leaf): void {
    const layer = layerOf(key)
    if (layer > this.#root.layer || this.size === 0) {
      const old = this.size === 0 ? null : this.#root
      const [left, right] = split(old, key)
      this.#root = new Node(layer, [key], [leaf], [lifted(left, layer - 1), lifted(right, layer - 1)])
      return
    }
    let node = this.#root
    for (;;) {
      node.sealed = null
      const i = node.indexOf(key)
      if (node.layer === layer) {
        const [left, right] = split(node.sub(i), key)
        node.keys.splice(i, 0, key)
        node.leaves.splice(i, 0, leaf)
        node.subs.splice(i, 1, left, right)
        return
      }
      const below = node.sub(i)
      if (below === null) {
        node.subs[i] = lifted(new Node(layer, [key], [leaf], [null, null]), node.layer - 1)
        return
      }
      node = below
    }
  }

  /** `[key, leaf]` in key order, from `from` on. */
  *entries(from = ''): Generator<readonly [string, Leaf]> {
    yield* entriesOf(this.#root, from)
  }

  /** True when a key begins with `prefix`. */
  hasPrefix(prefix: string): boolean {
    for (const [key] of this.entries(prefix)) return key.startsWith(prefix)
    return false
  }

  /**
   * Writes every changed node and returns the root. `born` numbers the commit; with `null` (a repo built in
   * one go) each node is as young as its youngest record, as if the records had come one by one.
   */
  seal(born: number | null, written?: RepoBlock[]): RepoBlock {
    return seal(this.#root, born, written)
  }

  /** Every block below the commit, parents before children, left to right. */
  *blocks(): Generator<RepoBlock> {
    yield* blocksOf(this.#root)
  }

  /** The nodes a reader needs to undo an op on `key`: the way to it and to both of its neighbours. */
  *proof(key: string): Generator<RepoBlock> {
    for (let node: Node | null = this.#root; node !== null; ) {
      yield seal(node, null)
      const i = node.indexOf(key)
      if (node.keys[i] === key) {
        for (let n = node.sub(i); n !== null; n = n.sub(n.keys.length)) yield seal(n, null)
        for (let n = node.sub(i + 1); n !== null; n = n.sub(0)) yield seal(n, null)
        return
      }
      node = node.sub(i)
    }
  }
}

function remove(node: Node, key: string): Node | null {
  node.sealed = null
  const i = node.indexOf(key)
  if (node.keys[i] === key) {
    node.subs.splice(i, 2, merge(node.sub(i), node.sub(i + 1)))
    node.keys.splice(i, 1)
    node.leaves.splice(i, 1)
  } else {
    const below = node.sub(i)
    if (below !== null) node.subs[i] = remove(below, key)
  }
  return node.keys.length === 0 && node.sub(0) === null ? null : node
}

function seal(node: Node, born: number | null, written?: RepoBlock[]): RepoBlock {
  if (node.sealed !== null) return node.sealed
  let youngest = 0
  const subs = node.subs.map((sub) => {
    if (sub === null) return null
    const block = seal(sub, born, written)
    youngest = Math.max(youngest, block.born)
    return block.cid
  })
  for (const leaf of node.leaves) youngest = Math.max(youngest, leaf.born)
  const block = nodeBlock(
    node.keys,
    node.leaves.map((leaf) => leaf.cid),
    subs,
  )
  node.sealed = { kind: 'node', cid: cidOf(block), block, born: born ?? youngest }
  written?.push(node.sealed)
  return node.sealed
}

function* entriesOf(node: Node, from: string): Generator<readonly [string, Leaf]> {
  for (let i = node.indexOf(from); i <= node.keys.length; i++) {
    const sub = node.sub(i)
    if (sub !== null) yield* entriesOf(sub, from)
    const key = node.keys[i]
    const leaf = node.leaves[i]
    if (key !== undefined && leaf !== undefined) yield [key, leaf]
  }
}

function* blocksOf(node: Node): Generator<RepoBlock> {
  yield seal(node, null)
  for (let i = 0; i <= node.keys.length; i++) {
    const sub = node.sub(i)
    if (sub !== null) yield* blocksOf(sub)
    const leaf = node.leaves[i]
    if (leaf !== undefined) yield { kind: 'record', ...leaf }
  }
}
