/** What handlers receive. These types are public: generated code binds them to the user's lexicons. */

/**
 * Where an event came from. `live` the firehose · `backfill` first fetch · `resync` a later fetch · `replay`
 * stored bodies · `tap` another Tap, which verified it and not we · `jetstream` a Jetstream: verified by nobody here.
 */
export type EventSource = 'live' | 'backfill' | 'resync' | 'replay' | 'tap' | 'jetstream'

interface EventBase<C extends string> {
  /** Account the record belongs to. */
  readonly did: string
  /** `at://did/collection/rkey`. */
  readonly uri: string
  readonly collection: C
  readonly rkey: string
  /** Revision (TID) of the repo the event brings us to; for historical events, of the fetched repo. */
  readonly rev: string
  /** True for what just happened, false for anything historical. */
  readonly live: boolean
  readonly source: EventSource
}

/** A record was created or updated. `record` is validated and in atproto's JSON form. */
export interface PutEvent<C extends string = string, R = unknown> extends EventBase<C> {
  readonly action: 'create' | 'update'
  readonly cid: string
  readonly record: R
}

/**
 * A record is gone, or its newest version is invalid or cannot be handled and the one you have is taken back. There
 * is no `record`.
 */
export interface DeleteEvent<C extends string = string> extends EventBase<C> {
  readonly action: 'delete'
}

export type RecordEvent<C extends string = string, R = unknown> = PutEvent<C, R> | DeleteEvent<C>

/** Handle, PDS or signing key of a tracked account changed (rule D6). */
export interface IdentityEvent {
  readonly did: string
  readonly handle: string | null
  readonly pds: string | null
  readonly signingKey: string | null
  /** Which of them changed, with the value before. */
  readonly changed: {
    readonly handle?: { from: string | null; to: string | null }
    readonly pds?: { from: string | null; to: string | null }
    readonly signingKey?: { from: string | null; to: string | null }
  }
}

/** A tracked account's standing changed (rules E1–E5). */
export interface AccountEvent {
  readonly did: string
  readonly active: boolean
  /** `active`, `deactivated`, `suspended`, `takendown`, `deleted` or the host's own word. */
  readonly status: string
  readonly from: string
}
