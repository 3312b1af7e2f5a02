import type { SqlWords } from '../database.ts'

/** Deletes of records whose handler was away when they went. */
export function owedDelete(sql: SqlWords): string[] {
  const { ascii, int } = sql.types
  return [
    `create table lextap_owed_delete (
      collection_id ${int} not null,
      repo_id ${int} not null,
      rkey ${ascii} not null,
      did ${ascii} not null,
      rev ${ascii} not null,
      primary key (collection_id, repo_id, rkey)
    )`,
  ]
}
