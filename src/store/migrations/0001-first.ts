import type { SqlWords } from '../database.ts'

/** The first released schema. Never edited once released: later changes are migrations of their own. */
export function first(sql: SqlWords): string[] {
  const { ascii, id, serial, int, big, bytes } = sql.types
  return [
    `create table lextap_repo (
      id ${id},
      did ${ascii} not null unique,
      state text not null,
      standing text not null,
      handle text,
      pds text,
      signing_key text,
      rev ${ascii},
      data ${bytes},
      run ${int} not null,
      error text,
      retry_count ${int} not null,
      retry_at ${big},
      lease ${big},
      removal text,
      account_seq ${big}
    )`,
    // Active repos are nearly all of them and never claimed: they stay out of the index.
    `create index lextap_repo_todo on lextap_repo (state, id) where state <> 'active'`,
    `create index lextap_repo_standing on lextap_repo (standing, id) where standing <> 'active'`,
    `create index lextap_repo_removal on lextap_repo (id) where removal is not null`,
    `create table lextap_collection (id ${id}, name ${ascii} not null unique)`,
    `create table lextap_record (
      repo_id ${int} not null,
      collection_id ${int} not null,
      rkey ${ascii} not null,
      cid ${bytes} not null,
      run ${int} not null,
      body ${bytes},
      primary key (repo_id, collection_id, rkey)
    )`,
    `create table lextap_resync_buffer (
      id ${id},
      repo_id ${int} not null,
      seq ${big} not null,
      rev ${ascii} not null,
      frame ${bytes} not null
    )`,
    `create index lextap_resync_buffer_repo on lextap_resync_buffer (repo_id, id)`,
    `create table lextap_cursor (
      source text not null,
      kind text not null,
      value text not null,
      updated_at ${big} not null,
      primary key (source, kind)
    )`,
    `create table lextap_dead_letter (
      id ${id},
      repo_id ${int} not null,
      did ${ascii} not null,
      collection ${ascii} not null,
      rkey ${ascii} not null,
      rev ${ascii} not null,
      action text not null,
      cid ${bytes},
      body ${bytes},
      kind text not null,
      error text not null,
      issues text,
      attempts ${int} not null,
      created_at ${big} not null,
      updated_at ${big} not null,
      unique (repo_id, collection, rkey)
    )`,
    // Rows here are few: the key is looked up by repo and record key.
    `create table lextap_uncreated (
      repo_id ${int} not null,
      collection ${ascii} not null,
      rkey ${ascii} not null,
      primary key (repo_id, rkey, collection)
    )`,
    `create table lextap_outbox (
      id ${serial},
      kind text not null,
      did ${ascii} not null,
      live ${int} not null,
      name text not null,
      body text not null,
      created_at ${big} not null,
      attempts ${int} not null default 0,
      error text,
      failed_at ${big}
    )`,
    'create index lextap_outbox_lane on lextap_outbox (did, id) where failed_at is null',
    'create index lextap_outbox_failed on lextap_outbox (id) where failed_at is not null',
  ]
}
