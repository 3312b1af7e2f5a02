import type { Param, Session } from '../store/database.ts'
import { DELETE_RECORDS, MARK_RECORDS, PUT_RECORDS } from '../store/records.ts'

type Write =
  | { readonly kind: 'put'; readonly row: Param[]; readonly cid: Uint8Array }
  | { readonly kind: 'mark'; readonly row: Param[]; readonly cid: Uint8Array }
  | { readonly kind: 'delete'; readonly row: Param[]; readonly cid: null }

/** Where the run stands in the row of a put. */
const RUN = 4

/**
 * The record rows a batch writes. A repo with several units in the batch has its paths remembered: only the
 * last write of a path is made, and a diff sees the ones before it.
 */
export class IndexWrites {
  readonly #plain: Record<Write['kind'], Param[][]> = { put: [], mark: [], delete: [] }
  readonly #remembered = new Map<number, Map<string, Write>>()

  /** Call for repos with more than one unit before anything is written. */
  remember(repoId: number): void {
    this.#remembered.set(repoId, new Map())
  }

  /** The CID an earlier unit of this batch leaves at a path: null for none, undefined for no such unit. */
  pending(repoId: number, collectionId: number, rkey: string): Uint8Array | null | undefined {
    return this.#remembered.get(repoId)?.get(`${collectionId}/${rkey}`)?.cid
  }

  put(
    repoId: number,
    collectionId: number,
    rkey: string,
    record: { cid: Uint8Array; run: number; body: Uint8Array | null },
  ): void {
    const row = [repoId, collectionId, rkey, record.cid, record.run, record.body]
    this.#add(repoId, collectionId, rkey, { kind: 'put', row, cid: record.cid })
  }

  /** Unchanged, but seen by `run`. */
  mark(repoId: number, collectionId: number, rkey: string, run: number, cid: Uint8Array): void {
    const before = this.#remembered.get(repoId)?.get(`${collectionId}/${rkey}`)
    // An earlier unit of this batch writes the row anyway.
    if (before?.kind === 'put') before.row[RUN] = run
    else this.#add(repoId, collectionId, rkey, { kind: 'mark', row: [repoId, collectionId, rkey, run], cid })
  }

  delete(repoId: number, collectionId: number, rkey: string): void {
    this.#add(repoId, collectionId, rkey, { kind: 'delete', row: [repoId, collectionId, rkey], cid: null })
  }

  #add(repoId: number, collectionId: number, rkey: string, write: Write): void {
    const paths = this.#remembered.get(repoId)
    if (paths === undefined) this.#plain[write.kind].push(write.row)
    else paths.set(`${collectionId}/${rkey}`, write)
  }

  async flush(tx: Session): Promise<void> {
    for (const paths of this.#remembered.values()) {
      for (const { kind, row } of paths.values()) this.#plain[kind].push(row)
    }
    await tx.insertMany(PUT_RECORDS, this.#plain.put)
    await tx.updateMany(MARK_RECORDS, this.#plain.mark)
    await tx.deleteMany(DELETE_RECORDS, this.#plain.delete)
  }
}
