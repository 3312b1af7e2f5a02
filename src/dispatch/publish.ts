import type { OutboxEvent } from '../store/outbox.ts'
import type { AccountEvent, IdentityEvent } from './event.ts'

/** A change of the record index. */
export interface PublishedRecord {
  readonly live: boolean
  readonly did: string
  readonly rev: string
  readonly collection: string
  readonly rkey: string
  readonly action: 'create' | 'update' | 'delete'
  /** 36 bytes; null for a delete. */
  readonly cid: Uint8Array | null
  /** DAG-CBOR block; null for a delete. */
  readonly body: Uint8Array | null
}

/**
 * Makes outbox events of what a batch changes; they are written in its transaction. They follow the record
 * index and not the handlers: a record whose handler failed is told to others all the same.
 */
export interface Publisher {
  record(record: PublishedRecord): OutboxEvent
  /** `standing` is the account's. Null when there is nothing to tell. */
  identity(event: IdentityEvent, standing: string): OutboxEvent | null
  /** `handle` is the account's. Null when there is nothing to tell. */
  account(event: AccountEvent, handle: string | null): OutboxEvent | null
}
