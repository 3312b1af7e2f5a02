import { cidOfDigest, type Digest, digestOf, digestOfCid } from './cid.ts'
import { encodeNode } from './mst-encode.ts'
import { keyDepth } from './mst-key.ts'

/** A whole tree, for tests and the sandbox: its root and its nodes, parents before children. */
export interface BuiltTree {
  readonly root: Uint8Array
  readonly blocks: Map<Digest, Uint8Array>
}

/** Builds the tree of these repo paths and record CIDs, in any order; later entries of a path win. */
export function buildTree(entries: Iterable<readonly [path: string, cid: Uint8Array]>): BuiltTree {
  const sorted = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1))
  const keys = sorted.map(([path]) => path)
  const values = sorted.map(([, cid]) => digestOfCid(cid))
  const depths = keys.map(keyDepth)
  const nodes: [Digest, Uint8Array][] = []

  /** The node of layer `layer` for the keys [from, to), or null when there are none. */
  const build = (from: number, to: number, layer: number): Digest | null => {
    if (from === to && layer < top) return null
    const place = nodes.push(['', new Uint8Array(0)]) - 1
    const mine: number[] = []
    for (let i = from; i < to; i++) if (depths[i] === layer) mine.push(i)
    const trees = [...mine, to].map((stop, i) =>
      build(i === 0 ? from : (mine[i - 1] as number) + 1, stop, layer - 1),
    )
    const block = encodeNode({
      keys: mine.map((i) => keys[i] as string),
      values: mine.map((i) => values[i] as Digest),
      trees,
    })
    const digest = digestOf(block)
    nodes[place] = [digest, block]
    return digest
  }
  const top = Math.max(0, ...depthsOf(depths))
  const root = build(0, keys.length, top) as Digest
  return { root: cidOfDigest(root), blocks: new Map(nodes) }
}

/** The depths that occur: few, so that they can be spread into a call whatever the size of the tree. */
const depthsOf = (depths: readonly number[]): Set<number> => new Set(depths)
