/** Type tests of what users write; `tsc -p .` is the runner. A line under `@ts-expect-error` must not compile. */
import type { Transaction } from 'kysely'
import {
  type Context,
  type Handlers,
  on,
  onAccount,
  onIdentity,
  type RecordEvent,
} from '../../generated/handlers.ts'
import { app, xyz } from '../../generated/index.ts'
import type { EventSource } from '../dispatch/event.ts'
import type { RecordHandlerDefinition } from '../dispatch/handler.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => {}

// An NSID: the record is the record's type, and so are the rows.
export const byName: RecordHandlerDefinition = on('app.bsky.feed.post', {
  async create({ record, action, collection, uri, did, rev, live, source }, { rows, tx }) {
    same<typeof record, app.bsky.feed.post.Main>()
    same<typeof action, 'create' | 'update'>()
    same<typeof collection, 'app.bsky.feed.post'>()
    same<typeof source, EventSource>()
    same<typeof live, boolean>()
    const text: string = record.text
    const parent: string | undefined = record.reply?.parent.uri
    // @ts-expect-error a field the lexicon does not have
    record.txet
    // @ts-expect-error a number is no string
    const wrong: number = record.text
    await rows.post.upsert({
      uri,
      cid: rev,
      did,
      text,
      reply_parent: parent ?? null,
      created_at: record.createdAt,
    })
    // Nullable columns may be left out, others may not.
    await rows.post.insert({ uri, cid: rev, did, text, created_at: record.createdAt })
    // @ts-expect-error created_at is missing
    await rows.post.insert({ uri, cid: rev, did, text })
    // @ts-expect-error a column the migrations do not make
    await rows.post.upsert({ uri, cid: rev, did, text, created_at: record.createdAt, likes: 1 })
    // @ts-expect-error a table the migrations do not make
    await rows.posts.delete({ uri })
    await rows.post.update({ uri }, { text })
    // @ts-expect-error a column of the wrong type
    await rows.post.update({ uri }, { text: 1 })
    await rows.post.delete({ uri })
    // @ts-expect-error did is not the key
    await rows.post.delete({ did })
    await rows.profile.delete({ did })
    await tx.deleteFrom('like').where('uri', '=', uri).execute()
    // @ts-expect-error a table that is not there
    await tx.deleteFrom('likes').execute()
    // @ts-expect-error a column that is not there
    await tx.selectFrom('like').select('text').execute()
    return wrong as never
  },
  async delete(event) {
    same<typeof event.action, 'delete'>()
    // @ts-expect-error a delete has no record
    event.record
    // @ts-expect-error nor a cid
    event.cid
  },
  async puts(events) {
    for (const { record } of events) same<typeof record, app.bsky.feed.post.Main>()
  },
})

// A collection there is no lexicon for.
// @ts-expect-error app.bsky.feed.pots
on('app.bsky.feed.pots', {})
// @ts-expect-error a wildcard that names nothing
on('app.bsky.nothing.*', {})
// @ts-expect-error not a function the runtime would call
on('app.bsky.feed.post', { upsert() {} })

// A namespace, or its main.
on(app.bsky.feed.post, {
  put({ record }) {
    same<typeof record, app.bsky.feed.post.Main>()
  },
})
on(xyz.statusphere.status.main, {
  put({ record }) {
    same<typeof record, xyz.statusphere.status.Main>()
  },
})
// @ts-expect-error a lexicon without a record
on(app.bsky.richtext.facet, {})

// A wildcard: the union of what it names, told apart by collection.
on('app.bsky.feed.*', {
  put(event) {
    same<
      typeof event.collection,
      'app.bsky.feed.like' | 'app.bsky.feed.post' | 'app.bsky.feed.postgate' | 'app.bsky.feed.threadgate'
    >()
    // @ts-expect-error only posts have a text
    event.record.text
    if (event.collection === 'app.bsky.feed.post') same<typeof event.record, app.bsky.feed.post.Main>()
    if (event.collection === 'app.bsky.feed.like') same<typeof event.record.subject.uri, string>()
  },
  delete(event) {
    // @ts-expect-error a delete has no record
    event.record
  },
})

export function anyEvent(event: RecordEvent<'app.bsky.feed.post'>): string {
  // @ts-expect-error it may be a delete
  event.record
  return event.action === 'delete' ? event.uri : event.record.text
}

// Functions written apart are typed by name, and wildcards by theirs.
export const apart: Handlers<'app.bsky.*'> = { put: (event, context: Context) => context.log.info(event.uri) }
// @ts-expect-error no such collection
export type Wrong = Handlers<'app.bsky.feed.pots'>

onIdentity(async ({ did, handle, changed }, { rows }) => {
  same<typeof handle, string | null>()
  if (changed.handle !== undefined) await rows.account.update({ did }, { handle: changed.handle.to })
})
onAccount(async ({ did, active, status }, { rows }) => {
  same<typeof active, boolean>()
  await rows.account.upsert({ did, status })
})

// There is no way around the open transaction.
export function noDb(context: Context): void {
  // @ts-expect-error handlers get `tx` alone
  context.db
  const tx: Pick<Transaction<unknown>, 'isTransaction'> = context.tx as never
  void tx
}

// Open unions narrow by $type, and keep a member for what the lexicon does not know.
export function images(post: app.bsky.feed.post.Main): number {
  const { embed } = post
  if (embed === undefined) return 0
  // @ts-expect-error which embed it is was not asked yet
  embed.images
  switch (embed.$type) {
    case 'app.bsky.embed.images':
      return embed.images.length
    case 'app.bsky.embed.recordWithMedia':
      return embed.media.$type === 'app.bsky.embed.images' ? embed.media.images.length : 0
    default:
      return String(embed.$type).length
  }
}

// Known values complete, others are fine too; blobs have two forms.
export function profile(record: app.bsky.actor.profile.Main): string | undefined {
  // @ts-expect-error a legacy blob has no ref
  record.avatar?.ref
  return record.avatar?.$type === 'blob' ? record.avatar.ref.$link : record.avatar?.cid
}

// $build takes what the lexicon wants, no $type needed.
same<ReturnType<typeof xyz.statusphere.status.$build>['$type'], 'xyz.statusphere.status'>()
xyz.statusphere.status.$build({ status: '🙂', createdAt: new Date().toISOString() })
// @ts-expect-error createdAt is missing
xyz.statusphere.status.$build({ status: '🙂' })
// @ts-expect-error not a field
xyz.statusphere.status.$build({ status: '🙂', createdAt: '', mood: 1 })
export function guards(value: unknown): xyz.statusphere.status.Main | null {
  return xyz.statusphere.status.$matches(value) ? value : null
}
