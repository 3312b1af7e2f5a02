import type { SqlWords } from '../database.ts'

/** Records whose rows the user kept when their account was taken out. */
export function kept(sql: SqlWords): string[] {
  const { ascii, int } = sql.types
  return [
    `create table lextap_kept (
      did ${ascii} not null,
      collection_id ${int} not null,
      rkey ${ascii} not null,
      primary key (did, collection_id, rkey)
    )`,
  ]
}
