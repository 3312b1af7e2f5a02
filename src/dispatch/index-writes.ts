import type { Param, Transaction } from '../store/database.ts'
import { DELETE_RECORDS, MARK_RECORDS, PUT_RECORDS } from '../store/records.ts'

interface Write {
  readonly kind: 'put' | 'mark' | 'delete'
  readonly row: Param[]
  readonly cid: Uint8Array | null
}

/** Where the run stands in the row of a put. */
const RUN = 4

/**
 * The record rows a batch writes. A repo with several units in the batch has its paths remembered: only the
 * last write of a path is made, and a diff sees the ones before it.
 */
export class IndexWrites {
  readonly #plain: Record<Write['kind'], Param[][]> = { put: [], mark: [], delete: [] }
  /** Puts to paths of which none is in the index. */
  readonly #fresh: Param[][] = []
  readonly #remembered = new Map<number, Map<string, Write>>()

  /** Call for repos with more than one unit before anything is written. */
  remember(repoId: number): void {
    this.#remembered.set(repoId, new Map())
  }

  remembers(repoId: number): boolean {
    return this.#remembered.has(repoId)
  }

  /** The CID an earlier unit of this batch leaves at a path: null for none, undefined for no such unit. */
  pending(repoId: number, collectionId: number, rkey: string): Uint8Array | null | undefined {
    const paths = this.#remembered.get(repoId)
    return paths === undefined ? undefined : paths.get(`${collectionId}/${rkey}`)?.cid
  }

  put(
    repoId: number,
    collectionId: number,
    rkey: string,
    record: { cid: Uint8Array; run: number; body: Uint8Array | null },
    fresh: boolean,
  ): void {
    const row = [repoId, collectionId, rkey, record.cid, record.run, record.body]
    if (fresh && !this.#remembered.has(repoId)) this.#fresh.push(row)
    else this.#add('put', row, record.cid)
  }

  /** Unchanged, but seen by `run`. */
  mark(repoId: number, collectionId: number, rkey: string, run: number, cid: Uint8Array): void {
    const before = this.#remembered.get(repoId)?.get(`${collectionId}/${rkey}`)
    // An earlier unit of this batch writes the row anyway.
    if (before?.kind === 'put') before.row[RUN] = run
    else this.#add('mark', [repoId, collectionId, rkey, run], cid)
  }

  delete(repoId: number, collectionId: number, rkey: string): void {
    this.#add('delete', [repoId, collectionId, rkey], null)
  }

  #add(kind: Write['kind'], row: Param[], cid: Uint8Array | null): void {
    const paths = this.#remembered.get(row[0] as number)
    if (paths === undefined) this.#plain[kind].push(row)
    else paths.set(`${row[1]}/${row[2]}`, { kind, row, cid })
  }

  /**
   * Everything is sent before this returns, so that it stands before whatever the caller does next, a savepoint for
   * instance. `careful`: what was said to be fresh may not be.
   */
  async flush(tx: Transaction, careful: boolean): Promise<void> {
    for (const paths of this.#remembered.values()) {
      for (const { kind, row } of paths.values()) this.#plain[kind].push(row)
    }
    const { put, mark, delete: gone } = this.#plain
    await Promise.all([
      careful ? tx.insertMany(PUT_RECORDS, this.#fresh) : tx.loadMany(PUT_RECORDS, this.#fresh),
      tx.insertMany(PUT_RECORDS, put),
      tx.updateMany(MARK_RECORDS, mark),
      tx.deleteMany(DELETE_RECORDS, gone),
    ])
  }
}
