import { cidOf } from './ids.ts'
import type { Leaf, RepoBlock } from './tree.ts'
import { layerOf } from './tree.ts'
import { nodeBlock } from './tree-node.ts'

export interface ForgeOptions {
  /** The layer of a key. Default: the true one. */
  readonly layer?: (key: string) => number
  /** How much of a key is said to be shared with the one before. Default: as much as is. */
  readonly prefix?: (previous: string, key: string) => number
}

/**
 * A tree over entries exactly as given: in any order, repeated, at layers and with prefixes of the caller's
 * choosing. What comes out is signed like any other tree; only its shape is wrong.
 */
export function forgeTree(
  entries: readonly (readonly [string, Leaf])[],
  options: ForgeOptions = {},
): { readonly root: Uint8Array; readonly blocks: readonly RepoBlock[] } {
  const layers = entries.map(([key]) => (options.layer ?? layerOf)(key))
  const blocks: RepoBlock[] = []
  const build = (from: number, to: number, layer: number): Uint8Array | null => {
    if (from >= to) return null
    const keys: string[] = []
    const values: Uint8Array[] = []
    const subs: (Uint8Array | null)[] = []
    let start = from
    for (let i = from; i < to; i++) {
      if (layers[i] !== layer) continue
      const [key, leaf] = entries[i] as readonly [string, Leaf]
      subs.push(build(start, i, layer - 1))
      keys.push(key)
      values.push(leaf.cid)
      start = i + 1
    }
    subs.push(build(start, to, layer - 1))
    return add(nodeBlock(keys, values, subs, options.prefix))
  }
  const add = (block: Uint8Array): Uint8Array => {
    const cid = cidOf(block)
    blocks.push({ kind: 'node', cid, block, born: 0 })
    return cid
  }
  const top = layers.reduce((a, b) => Math.max(a, b), 0)
  const root = build(0, entries.length, top) ?? add(nodeBlock([], [], [null]))
  return { root, blocks: blocks.reverse() }
}
