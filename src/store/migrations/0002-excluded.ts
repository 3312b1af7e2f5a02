import type { SqlWords } from '../database.ts'

/** Accounts somebody took out for good: discovery leaves them alone. */
export function excluded(sql: SqlWords): string[] {
  return [`create table lextap_excluded (did ${sql.types.ascii} primary key)`]
}
