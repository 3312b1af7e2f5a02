/** One create, update or delete that was proven against a signed repo root (or comes from a verified repo). */
export interface VerifiedOp {
  readonly action: 'create' | 'update' | 'delete'
  readonly collection: string
  readonly rkey: string
  /** 36 bytes; null for a delete. */
  readonly cid: Uint8Array | null
  /** The record's DAG-CBOR block; null for a delete. May be a view: copy what outlives the unit. */
  readonly body: Uint8Array | null
}
