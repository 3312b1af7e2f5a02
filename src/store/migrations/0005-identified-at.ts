import type { SqlWords } from '../database.ts'

/** When an account's identity was last read from its directory, ms; null: not known, and so long ago. */
export function identifiedAt(sql: SqlWords): string[] {
  return [`alter table lextap_repo add column identified_at ${sql.types.big}`]
}
