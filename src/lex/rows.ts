import type { Insertable, Selectable, Updateable } from 'kysely'

/**
 * Writer of one of the user's tables (DESIGN §6 "Row writers"). `K` are the names of its key columns.
 * Writes are buffered and merged, and flushed before any query on `tx` and before the commit.
 */
export interface TableRows<T, K extends keyof T> {
  /** Inserts the row, or replaces the named columns of the row with the same key. */
  upsert(values: Insertable<T>): Promise<void>
  insert(values: Insertable<T>): Promise<void>
  /** Changes the named columns of the row with this key, if there is one. */
  update(key: Key<T, K>, patch: Updateable<T>): Promise<void>
  /** Deletes the row with this key, if there is one. */
  delete(key: Key<T, K>): Promise<void>
}

/** A table without a primary key can only be added to. */
export interface KeylessRows<T> {
  insert(values: Insertable<T>): Promise<void>
}

type Key<T, K extends keyof T> = {
  readonly [C in K]: C extends keyof Insertable<T> ? NonNullable<Insertable<T>[C]> : Found<T, C>
}

/** A key that the database writes itself. */
type Found<T, C> = C extends keyof Selectable<T> ? NonNullable<Selectable<T>[C]> : never

/** The row writers of a database. `Keys` maps each table to the names of its key columns; views are not in it. */
export type RowsOf<Database, Keys> = {
  readonly [T in keyof Keys & keyof Database]: [Keys[T]] extends [never]
    ? KeylessRows<Database[T]>
    : TableRows<Database[T], Keys[T] & keyof Database[T]>
}
