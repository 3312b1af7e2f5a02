import { LRUCache } from 'lru-cache'
import { type CarExport, type CarOrder, carChunks } from './car.ts'
import type { SignedRepo } from './signed-repo.ts'

interface Entry {
  readonly rev: string
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
}

/** The blocks as they are now: a host exports one state of a repo, however slowly it is read. */
export const snapshotOf = ({ roots, blocks }: CarExport): CarExport => ({ roots, blocks: [...blocks] })

/** Exported repos that have not changed since: whoever serves many readers should not sort blocks for each. */
export class CarCache {
  readonly #maxBytes: number
  readonly #entries: LRUCache<string, Entry> | null

  /** `maxBytes` 0 keeps nothing. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    const sizeCalculation = ({ bytes }: Entry) => Math.max(1, bytes)
    this.#entries = maxBytes > 0 ? new LRUCache({ maxSize: maxBytes, sizeCalculation }) : null
  }

  chunks(repo: SignedRepo, order: CarOrder, car: CarExport): Iterable<Uint8Array> {
    const cached = this.#entries?.get(`${repo.did} ${order}`)
    if (cached?.rev === repo.rev) return cached.chunks
    return this.#keeping(repo, order, snapshotOf(car))
  }

  /** The chunks as they are made; kept at the end, unless there were too many. */
  *#keeping(repo: SignedRepo, order: CarOrder, car: CarExport): Generator<Uint8Array> {
    const { rev, did } = repo
    const chunks: Uint8Array[] = []
    let bytes = 0
    for (const chunk of carChunks(car)) {
      bytes += chunk.length
      if (bytes <= this.#maxBytes) chunks.push(chunk)
      else chunks.length = 0
      yield chunk
    }
    if (bytes <= this.#maxBytes) this.#entries?.set(`${did} ${order}`, { rev, chunks, bytes })
  }
}
