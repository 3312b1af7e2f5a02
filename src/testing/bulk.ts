import { encode } from '@atcute/cbor'
import type { Clock } from './clock.ts'
import { cidOf, tid } from './ids.ts'
import { type Leaf, RepoTree } from './tree.ts'

/** A record a repo is born with. Without `rkey` it gets a TID, a profile `self`. */
export interface SeedRecord {
  readonly collection: string
  readonly rkey?: string
  readonly record: Record<string, unknown> | Uint8Array
}

/** A tree with all of them, built in one pass. Of two records at one path the later wins. */
export function bulkTree(records: Iterable<SeedRecord>, clock: Clock): RepoTree {
  const leaves = new Map<string, Leaf>()
  let born = 0
  for (const { collection, rkey, record } of records) {
    const block = Buffer.from(record instanceof Uint8Array ? record : encode(record))
    const key = rkey ?? (collection === 'app.bsky.actor.profile' ? 'self' : tid(clock(), 0))
    leaves.set(`${collection}/${key}`, { cid: cidOf(block), block, born: born++ })
  }
  return RepoTree.of(leaves)
}
