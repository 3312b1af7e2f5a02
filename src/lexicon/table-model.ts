/** What the generator knows of the user's tables, whatever database they were introspected on. */
export interface ColumnModel {
  readonly name: string
  /** TypeScript type of a value that is not null. */
  readonly type: string
  /** Type of a value to write, null when it is the same. */
  readonly write: string | null
  readonly nullable: boolean
  /** Inserts may leave it out: it has a default or counts by itself. */
  readonly optional: boolean
  /** The database computes it; it cannot be written. */
  readonly computed: boolean
  readonly comment: string | null
}

export interface TableModel {
  readonly name: string
  /** In the order of the table. */
  readonly columns: readonly ColumnModel[]
  /** Columns of the primary key, in key order; null for views, which have no row writer. */
  readonly key: readonly string[] | null
}

/** SQLite's own rules for what a declared type holds, with the words people use for text kept as text. */
export function sqliteType(declared: string): string {
  const type = declared.toLowerCase()
  if (/int/.test(type)) return 'number'
  if (/char|clob|text|json|date|time|uuid/.test(type)) return 'string'
  if (type === '' || /blob/.test(type)) return 'Uint8Array'
  return 'number'
}

/** Not lextap's own tables, nor Kysely's or the database's. */
export const isUserTable = (name: string): boolean => !/^(?:lextap|sqlite|kysely)_/.test(name)

export const byName = (a: TableModel, b: TableModel): number => (a.name < b.name ? -1 : 1)
