import type { SqlWords } from '../database.ts'

/** Accounts whose handle, or identity, is to be looked up when there is time. */
export function identityDue(sql: SqlWords): string[] {
  return [`create table lextap_identity_due (did ${sql.types.ascii} primary key)`]
}
