import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { AccountEvent, DeleteEvent, IdentityEvent, PutEvent, RecordEvent } from './event.ts'

/** One thing wrong with a record. */
export interface RecordIssue {
  /** JSON path from the record's root, e.g. `['embed', 'images', 0, 'alt']`. */
  readonly path: readonly (string | number)[]
  /** The rule that failed, e.g. `maxGraphemes`. */
  readonly rule: string
  readonly expected: string
  readonly received: string
  readonly message: string
}

export interface ValidateOptions {
  /** Accept blobs of the form before 2023 (`{ cid, mimeType }`). Default true. */
  readonly legacyBlobs?: boolean
  /** Keep to the specification where the reference validator is more lenient (docs/validation.md). Default false. */
  readonly strict?: boolean
}

/** What the runtime needs of a generated record schema. Values are in JSON form. */
export interface RecordSchema<T = unknown> {
  readonly $nsid: string
  $safeParse(
    value: unknown,
    options?: ValidateOptions,
  ): { success: true; value: T } | { success: false; issues: readonly RecordIssue[] }
}

/** Writer of one of the user's tables; generated code narrows the types (see `RowsOf` in `lextap/lex`). */
export interface HandlerContext<DB, Rows> {
  /** Kysely bound to the open transaction. There is no `db`: nothing a handler writes can miss the commit. */
  readonly tx: Kysely<DB>
  /** Compile-once row writers, one per table. */
  readonly rows: Rows
  readonly log: Logger
  /** Aborts when lextap stops or the handler's time is up. */
  readonly signal: AbortSignal
  /** Start following a repo; committed with the transaction, in which the last `track` or `untrack` of a DID wins. */
  track(did: string): Promise<void>
  /**
   * Stop following a repo; its rows go through delete events unless `keepRows`. What a signal finds again is followed
   * again, unless `exclude`: then discovery leaves the account alone, tracked or not, until it is added or tracked by
   * name.
   */
  untrack(did: string, options?: { keepRows?: boolean; exclude?: boolean }): Promise<void>
  /** Run after the commit, best effort. */
  afterCommit(fn: () => void | Promise<void>): void
  /** Durable outbox event, delivered at least once, after the commit only. */
  emit(name: string, payload: unknown): Promise<void>
}

type Handle<E, DB, Rows> = (event: E, context: HandlerContext<DB, Rows>) => void | Promise<void>

/** The functions a user may write for a collection. `put` is create and update. */
export interface RecordHandlers<C extends string, R, DB, Rows> {
  create?: Handle<PutEvent<C, R>, DB, Rows>
  update?: Handle<PutEvent<C, R>, DB, Rows>
  put?: Handle<PutEvent<C, R>, DB, Rows>
  delete?: Handle<DeleteEvent<C>, DB, Rows>
  /** Whole chunks of historical puts at once; live ones and retries go to `put`, `create` or `update`. */
  puts?: Handle<readonly PutEvent<C, R>[], DB, Rows>
  /** Raise it when the handler's meaning changed and a replay is due. */
  version?: number
}

// biome-ignore lint/suspicious/noExplicitAny: definitions are stored side by side whatever their types
type Any = any

/** What `on(…)` returns; opaque to users. */
export interface RecordHandlerDefinition {
  readonly kind: 'record'
  /** What its module exports it as; `loadHandlers` fills it in. */
  readonly name?: string
  /** An NSID or `ns.*`. */
  readonly pattern: string
  /** Schemas of every collection the pattern names. */
  readonly schemas: readonly RecordSchema[]
  readonly handlers: RecordHandlers<Any, Any, Any, Any>
}
export interface IdentityHandlerDefinition {
  readonly kind: 'identity'
  readonly handle: Handle<IdentityEvent, Any, Any>
}
export interface AccountHandlerDefinition {
  readonly kind: 'account'
  readonly handle: Handle<AccountEvent, Any, Any>
}
export type HandlerDefinition = RecordHandlerDefinition | IdentityHandlerDefinition | AccountHandlerDefinition
export type { RecordEvent }
