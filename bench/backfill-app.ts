import type { PutEvent } from '../src/dispatch/event.ts'
import type { RecordHandlers } from '../src/dispatch/handler.ts'
import type { RowWriter } from '../src/store/types.ts'

// biome-ignore lint/suspicious/noExplicitAny: the bench writes what generated code would type
export type Loose = any
export type Row = Record<string, unknown>

/** What an app keeps of each collection: one row, six or seven columns, about 340 bytes. */
export const TABLES: Readonly<
  Record<string, readonly [table: string, columns: readonly string[], row: (record: Loose) => Row]>
> = {
  'app.bsky.feed.like': [
    'like',
    ['subject_uri', 'subject_cid'],
    (r) => ({ subject_uri: r.subject.uri, subject_cid: r.subject.cid }),
  ],
  'app.bsky.feed.repost': [
    'repost',
    ['subject_uri', 'subject_cid'],
    (r) => ({ subject_uri: r.subject.uri, subject_cid: r.subject.cid }),
  ],
  'app.bsky.feed.post': [
    'post',
    ['text', 'reply_parent'],
    (r) => ({ text: r.text, reply_parent: r.reply?.parent.uri ?? null }),
  ],
  'app.bsky.graph.follow': ['follow', ['subject'], (r) => ({ subject: r.subject })],
  'app.bsky.graph.block': ['block', ['subject'], (r) => ({ subject: r.subject })],
  'app.bsky.actor.profile': [
    'profile',
    ['display_name', 'description'],
    (r) => ({ display_name: r.displayName ?? null, description: r.description ?? null }),
  ],
}

/** What an upsert may change. */
export const changed = ({ uri: _uri, did: _did, rkey: _rkey, ...rest }: Row): Row => rest

const common = ({ uri, did, rkey, cid, record }: PutEvent<string, Loose>) => ({
  uri,
  did,
  rkey,
  cid,
  created_at: record.createdAt,
})

/** The row of a record. */
export function rowOf(collection: string, event: PutEvent<string, Loose>): Row {
  return { ...common(event), ...TABLES[collection]?.[2](event.record) }
}

export const createTables: readonly string[] = Object.values(TABLES).map(
  ([table, columns]) =>
    `create table "${table}" (uri text primary key, did text not null, rkey text not null, cid text not null, created_at text not null, ${columns.map((name) => `${name} text`).join(', ')})`,
)

export function handlersFor(
  collection: string,
  style: 'plain' | 'rows' | 'puts',
): RecordHandlers<string, Loose, Loose, Record<string, RowWriter>> {
  const [table] = TABLES[collection] as (typeof TABLES)[string]
  const row = (event: PutEvent<string, Loose>): Row => rowOf(collection, event)
  if (style === 'rows') {
    return {
      async put(event, { rows }) {
        await rows[table]?.upsert(row(event))
      },
    }
  }
  if (style === 'puts') {
    return {
      async puts(events, { rows }) {
        for (const event of events) void rows[table]?.upsert(row(event))
      },
    }
  }
  return {
    async put(event, { tx }) {
      const values = row(event)
      await tx
        .insertInto(table)
        .values(values)
        .onConflict((c: Loose) => c.column('uri').doUpdateSet(changed(values)))
        .execute()
    },
  }
}
