import type { PutEvent } from '../src/dispatch/event.ts'
import type { HandlerDefinition, RecordHandlers } from '../src/dispatch/handler.ts'
import type { RowWriter } from '../src/store/types.ts'

export type Style = 'plain' | 'rows'

// biome-ignore lint/suspicious/noExplicitAny: the bench writes what generated code would type
type Loose = any
type Row = Record<string, unknown>
type Handlers = RecordHandlers<string, Loose, Loose, Record<string, RowWriter>>

/** What an app keeps of each collection of the sandbox: one row of six or seven columns. */
export const TABLES: Readonly<
  Record<string, { readonly table: string; readonly columns: readonly string[]; row(record: Loose): Row }>
> = {
  'app.bsky.feed.like': {
    table: 'like',
    columns: ['subject_uri', 'subject_cid'],
    row: (r) => ({ subject_uri: r.subject.uri, subject_cid: r.subject.cid }),
  },
  'app.bsky.feed.post': {
    table: 'post',
    columns: ['text', 'reply_parent'],
    row: (r) => ({ text: r.text, reply_parent: r.reply?.parent.uri ?? null }),
  },
  'app.bsky.graph.follow': { table: 'follow', columns: ['subject'], row: (r) => ({ subject: r.subject }) },
  'xyz.statusphere.status': { table: 'status', columns: ['status'], row: (r) => ({ status: r.status }) },
  'app.bsky.actor.profile': {
    table: 'profile',
    columns: ['display_name', 'description'],
    row: (r) => ({ display_name: r.displayName ?? null, description: r.description ?? null }),
  },
}

const rowOf = (collection: string, { uri, did, rkey, cid, record }: PutEvent<string, Loose>): Row => ({
  uri,
  did,
  rkey,
  cid,
  created_at: record.createdAt ?? null,
  ...TABLES[collection]?.row(record),
})

/** `after` is called with each event's rev once its transaction is committed. */
export function sampleHandlers(style: Style, after?: (rev: string) => void): HandlerDefinition[] {
  return Object.keys(TABLES).map((pattern) => ({
    kind: 'record',
    pattern,
    schemas: [],
    handlers: style === 'rows' ? byRows(pattern, after) : byKysely(pattern, after),
  }))
}

function byRows(collection: string, after?: (rev: string) => void): Handlers {
  const table = TABLES[collection]?.table ?? ''
  return {
    async put(event, { rows, afterCommit }) {
      await rows[table]?.upsert(rowOf(collection, event))
      if (after !== undefined) afterCommit(() => after(event.rev))
    },
    async delete({ uri, rev }, { rows, afterCommit }) {
      await rows[table]?.delete({ uri })
      if (after !== undefined) afterCommit(() => after(rev))
    },
  }
}

function byKysely(collection: string, after?: (rev: string) => void): Handlers {
  const { table = '', columns = [] } = TABLES[collection] ?? {}
  const changed = ['cid', 'created_at', ...columns]
  return {
    async put(event, { tx, afterCommit }) {
      await tx
        .insertInto(table)
        .values(rowOf(collection, event))
        .onConflict((c: Loose) =>
          c
            .column('uri')
            .doUpdateSet((e: Loose) =>
              Object.fromEntries(changed.map((name) => [name, e.ref(`excluded.${name}`)])),
            ),
        )
        .execute()
      if (after !== undefined) afterCommit(() => after(event.rev))
    },
    async delete({ uri, rev }, { tx, afterCommit }) {
      await tx.deleteFrom(table).where('uri', '=', uri).execute()
      if (after !== undefined) afterCommit(() => after(rev))
    },
  }
}
