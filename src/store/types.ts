import type { Kysely } from 'kysely'

export type DialectName = 'sqlite' | 'postgres' | 'pglite'

/** What the user's handlers see of their tables: generated `Database` in user code, unknown in here. */
// biome-ignore lint/suspicious/noExplicitAny: the runtime cannot know the user's tables
export type UserDatabase = any

/** The user's side of an open transaction. */
export interface UserTx {
  readonly tx: Kysely<UserDatabase>
  readonly rows: Record<string, RowWriter>
}

/**
 * Compile-once writer of one table. Writes are buffered and merged, and flushed in order before any query on
 * `tx` and before commit, so a handler always reads its own writes.
 */
export interface RowWriter {
  upsert(values: Record<string, unknown>): Promise<void>
  insert(values: Record<string, unknown>): Promise<void>
  update(key: Record<string, unknown>, patch: Record<string, unknown>): Promise<void>
  delete(key: Record<string, unknown>): Promise<void>
}
