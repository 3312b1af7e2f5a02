/** What a relay says, decoded. Byte fields are views of the frame: copy what outlives it. */
export type Message =
  | CommitMessage
  | SyncMessage
  | IdentityMessage
  | AccountMessage
  | InfoMessage
  | ErrorMessage
  | UnknownMessage

/** One op of a commit, as the envelope claims it (proven later: B15, B17). */
export interface MessageOp {
  readonly action: 'create' | 'update' | 'delete'
  /** `<collection>/<rkey>`, checked (B1). */
  readonly path: string
  /** 36 bytes; null for a delete. */
  readonly cid: Uint8Array | null
  /** CID before the op: null when it says there was none, undefined when the field is absent (legacy). */
  readonly prev: Uint8Array | null | undefined
}

export interface CommitMessage {
  readonly kind: 'commit'
  readonly seq: number
  readonly did: string
  readonly rev: string
  /** The rev before; null for the first commit of a repo. */
  readonly since: string | null
  /** When the host says it happened, ISO 8601. Informative. */
  readonly time: string
  /** CID of the commit block. */
  readonly commit: Uint8Array
  /** A CAR with the commit block, the touched part of the tree, and the records. */
  readonly blocks: Uint8Array
  readonly ops: readonly MessageOp[]
  /** MST root before the commit; null when the host does not say (legacy). */
  readonly prevData: Uint8Array | null
}

export interface SyncMessage {
  readonly kind: 'sync'
  readonly seq: number
  readonly did: string
  readonly rev: string
  /** A CAR with the commit block alone. */
  readonly blocks: Uint8Array
  readonly time: string
}

export interface IdentityMessage {
  readonly kind: 'identity'
  readonly seq: number
  readonly did: string
  /** Not to be trusted (D1). */
  readonly handle: string | null
  readonly time: string
}

export interface AccountMessage {
  readonly kind: 'account'
  readonly seq: number
  readonly did: string
  readonly active: boolean
  /** Why it is not active: `takendown`, `suspended`, `deleted`, `deactivated` or any other text (E1). */
  readonly status: string | null
  readonly time: string
}

/** `#info`, e.g. `OutdatedCursor` (A4). Has no seq. */
export interface InfoMessage {
  readonly kind: 'info'
  readonly name: string
  readonly message: string | null
}

/** `op: -1`: the host ends the stream (A3), e.g. `FutureCursor` or `ConsumerTooSlow`. */
export interface ErrorMessage {
  readonly kind: 'error'
  readonly error: string
  readonly message: string | null
}

/** A type or op we do not know: to be ignored, but its seq passes (A2). */
export interface UnknownMessage {
  readonly kind: 'unknown'
  /** The `t` of its header; null when the op is unknown. */
  readonly type: string | null
  readonly seq: number | null
}
