/**
 * How level we are with a repo. Drawn in docs/states.md; `repo/state.ts` holds the drawing as data.
 *
 * `pending` never fetched · `resyncing` a worker holds it · `active` follows the live stream ·
 * `desynchronized` was level, is not any more · `error` the last fetch failed, due again at `retryAt`.
 */
export type RepoState = 'pending' | 'resyncing' | 'active' | 'desynchronized' | 'error'

/** What the repo's host says of the account. Unknown statuses are kept as text (rule E1). */
export type Standing = 'active' | 'deactivated' | 'suspended' | 'takendown' | 'deleted' | (string & {})

/** One tracked repo as the store holds it. Times are ms since the epoch. */
export interface RepoRow {
  readonly id: number
  readonly did: string
  readonly state: RepoState
  readonly standing: Standing
  readonly handle: string | null
  /** Base URL of the PDS, without a trailing slash. */
  readonly pds: string | null
  /** Atproto signing key as did:key. */
  readonly signingKey: string | null
  /** Revision (TID) of the last applied commit; null before the first cut-over. */
  readonly rev: string | null
  /** CID (36 bytes) of the MST root at `rev`. */
  readonly data: Uint8Array | null
  /** Rises with each claim; record rows remember the run that last saw them. */
  readonly run: number
  readonly error: string | null
  readonly retryCount: number
  readonly retryAt: number | null
  /**
   * Set by `untrack(did)`: the repo is on its way out. `delete` removes its records through delete events
   * first, `keep` leaves the user's rows. Such a repo is never claimed.
   */
  readonly removal: 'keep' | 'delete' | null
  /** Seq of the last `#account` that changed the standing: a replay of older ones does nothing (rule E9). */
  readonly accountSeq: number | null
  /** When handle, PDS and key were last read from the directory; null: not known, and so long ago (rule D2). */
  readonly identifiedAt: number | null
}

/** A change to the repo row. Absent fields stay as they are. */
export interface RepoPatch {
  readonly state?: RepoState
  readonly standing?: Standing
  readonly handle?: string | null
  readonly pds?: string | null
  readonly signingKey?: string | null
  readonly rev?: string
  readonly data?: Uint8Array | null
  readonly error?: string | null
  readonly retryCount?: number
  readonly retryAt?: number | null
  readonly removal?: 'keep' | 'delete' | null
  readonly accountSeq?: number | null
  readonly identifiedAt?: number | null
}

/** What must still be true of a repo row for a change to happen. */
export interface RepoGuard {
  readonly rev?: string | null
  readonly run?: number
  readonly state?: RepoState
  /** On its way out: its account is deleted, or its `removal` is set. */
  readonly leaving?: true
}
