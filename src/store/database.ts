import type { Kysely } from 'kysely'
import type { LextapError } from '../errors.ts'
import type { TableInfo } from './tables.ts'
import type { DialectName, UserDatabase, UserTx } from './types.ts'

/** What we bind to our own statements. */
export type Param = string | number | bigint | Uint8Array | null | readonly (string | number | null)[]

/** Column types of our bulk statements. */
export type BulkType = 'int' | 'big' | 'text' | 'bytes'

/** `insert into <table> (<columns>) values … <conflict>` for many rows at once. */
export interface BulkInsert {
  readonly table: string
  readonly columns: Readonly<Record<string, BulkType>>
  /** E.g. `on conflict (id) do nothing`; empty for none. */
  readonly conflict: string
}

/** `update <table> set <columns> where <keys>` for many rows; values stand in the order keys, columns. */
export interface BulkUpdate {
  readonly table: string
  readonly keys: Readonly<Record<string, BulkType>>
  readonly columns: Readonly<Record<string, BulkType>>
}

/** `delete from <table> where <keys>` for many rows. */
export interface BulkDelete {
  readonly table: string
  readonly keys: Readonly<Record<string, BulkType>>
}

export type Rows = readonly (readonly Param[])[]

/**
 * Runs our own SQL. Texts are written once for all dialects, with `$1`-style parameters; `$n` may stand
 * several times. Integers come back as numbers, bytes as Uint8Array.
 */
export interface Session {
  all<T = Record<string, unknown>>(sql: string, params?: readonly Param[]): Promise<T[]>
  /** Affected rows. */
  run(sql: string, params?: readonly Param[]): Promise<number>
  insertMany(insert: BulkInsert, rows: Rows): Promise<void>
  updateMany(update: BulkUpdate, rows: Rows): Promise<void>
  deleteMany(del: BulkDelete, rows: Rows): Promise<void>
}

export interface StatementFailure {
  readonly error: unknown
  /** Of a write that was answered before it was sent: whoever ran meanwhile may have nothing to do with it. */
  readonly late: boolean
}

/** The handlers' side of a transaction; one for each attempt, dead after `end`. */
export interface UserSide extends UserTx {
  readonly tx: Kysely<UserDatabase>
  /** Sends what row writers buffered and waits for every statement under way. Throws the first error. */
  flush(): Promise<void>
  /** An event is dealt with: what its transaction of its own would find wrong at its end fails now, or at the next `flush`. */
  eventOver(): void
  /** The first error of a statement so far, also one that the handler hid: whatever the database, nothing works after it. */
  failed(): StatementFailure | null
  /** From now on every use of `tx` and `rows` throws. Cancels what still runs where the database can. */
  end(): void
}

export interface UserSideOptions {
  /** Give every statement its own round trip, so that each error reaches the one who caused it. */
  readonly exact?: boolean
}

/** One open transaction. Savepoints do not nest: there is at most one. */
export interface Transaction extends Session {
  /** As `insertMany`, as fast as the database can, for rows of which none is there; one that is may be an error. */
  loadMany(insert: BulkInsert, rows: Rows): Promise<void>
  savepoint(): Promise<void>
  rollbackToSavepoint(): Promise<void>
  releaseSavepoint(): Promise<void>
  /** Raises what would fail at commit (deferred constraints) now. Slow; for finding a culprit only. */
  checkDeferred(): Promise<void>
  userSide(options?: UserSideOptions): UserSide
  /** What went wrong with the database itself in this transaction, as opposed to with a statement. */
  readonly fault: Fault | null
  /**
   * What a handler's statement met since the savepoint that may pass (a deadlock, a lock that was not to be had, a
   * statement that was cancelled), and that the statement may as well meet for ever.
   */
  readonly doubt: Fault | null
}

/**
 * Trouble that is the database's and not the statement's: trying again later may help, unless it is damaged.
 * `connection` lost · `conflict` deadlock or serialization failure · `busy` locked by another process ·
 * `space` disk full or too many connections · `io` other trouble below SQL · `damaged` what is stored is broken.
 */
export type Fault = 'connection' | 'conflict' | 'busy' | 'space' | 'io' | 'damaged'

/** One database, whatever its kind. */
export interface Database extends Session {
  readonly dialect: DialectName
  /** Transactions that may be open at once. */
  readonly concurrency: number
  /** For the user's migrations and for command line tools; takes turns with everything else. */
  readonly kysely: Kysely<UserDatabase>
  /** Reads that see committed data alone, also while a transaction is open. */
  readonly reader: Session
  /** Runs `fn` in a transaction: commits when it returns, rolls back when it throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>
  /** What kind of trouble an error is; null when the statement itself is at fault. */
  faultOf(error: unknown): Fault | null
  /** Whether what `faultOf` calls trouble may be the doing of a statement, and be met for ever. */
  doubts(error: unknown): boolean
  /** The same for whoever opened the database: an error that says what to do. */
  explain(error: unknown): LextapError
  /** Reads tables, keys and references of the user's schema; row writers use them from the next transaction on. */
  introspect(): Promise<readonly TableInfo[]>
  close(): Promise<void>
  /** SQL that differs between dialects. */
  readonly sql: SqlWords
}

export interface SqlWords {
  /** `column` is one of the list bound as `$n`. */
  anyOf(column: string, n: number, type: 'int' | 'text'): string
  /** A source of rows with one column, `value`: the list bound as `$n`. */
  listOf(n: number, type: 'int' | 'text'): string
  /** The bytes of both columns as one value, null when either is: a value of its own costs as much as a row. */
  joined(first: string, second: string): string
  /** Ends a `select` whose rows will be written: lock them. */
  readonly forUpdate: string
  /** The same for rows that must only stay as they are. */
  readonly forShare: string
  /** As `forUpdate`, leaving out rows that others have locked. */
  readonly forUpdateSkipLocked: string
  /** Column types of our migrations. */
  readonly types: {
    readonly id: string
    /** Like `id`, and a number is never used twice, deleted or not. */
    readonly serial: string
    readonly int: string
    readonly big: string
    readonly bytes: string
    /** Text that is compared byte by byte: DIDs, record keys, revs. */
    readonly ascii: string
  }
}
