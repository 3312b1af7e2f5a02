import type { HandlerDefinition, RecordHandlers, RecordSchema } from '../../src/dispatch/handler.ts'

/**
 * Handlers for tests of the engine, without generated code: one table `rec(uri, did, collection, rkey, cid, body)`
 * that ends up equal to the network, and one row in `seen` for each call, so that effects can be counted.
 */
export const COLLECTIONS: readonly string[] = [
  'xyz.statusphere.status',
  'app.bsky.actor.profile',
  'app.bsky.feed.post',
  'app.bsky.feed.like',
  'app.bsky.graph.follow',
]

/** Accepts whatever is an object. */
export function anySchema(nsid: string): RecordSchema {
  return { $nsid: nsid, $safeParse: (value) => ({ success: true, value }) }
}

export const schemas: Record<string, RecordSchema> = Object.fromEntries(
  COLLECTIONS.map((c) => [c, anySchema(c)]),
)

// biome-ignore lint/suspicious/noExplicitAny: the tables of these tests have no generated types
type Any = any

export const put: NonNullable<RecordHandlers<string, Any, Any, Any>['put']> = async (event, { tx }) => {
  const { uri, did, collection, rkey, cid, record } = event
  const row = { uri, did, collection, rkey, cid, body: JSON.stringify(record) }
  await tx
    .insertInto('rec')
    .values(row)
    .onConflict((c: Any) => c.column('uri').doUpdateSet({ cid, body: row.body }))
    .execute()
  await tx
    .insertInto('seen')
    .values({
      uri,
      action: event.action,
      rev: event.rev,
      cid,
      live: event.live ? 1 : 0,
      source: event.source,
    })
    .execute()
}

export const remove: NonNullable<RecordHandlers<string, Any, Any, Any>['delete']> = async (event, { tx }) => {
  await tx.deleteFrom('rec').where('uri', '=', event.uri).execute()
  await tx
    .insertInto('seen')
    .values({
      uri: event.uri,
      action: 'delete',
      rev: event.rev,
      cid: null,
      live: event.live ? 1 : 0,
      source: event.source,
    })
    .execute()
}

export function plainHandlers(collections: readonly string[] = COLLECTIONS): HandlerDefinition[] {
  return [
    ...collections.map(
      (pattern): HandlerDefinition => ({
        kind: 'record',
        pattern,
        schemas: [anySchema(pattern)],
        handlers: { put, delete: remove },
      }),
    ),
    {
      kind: 'account',
      handle: async (event, { tx }) => {
        await tx
          .insertInto('account_seen')
          .values({ did: event.did, status: event.status, was: event.from })
          .execute()
      },
    },
    {
      kind: 'identity',
      handle: async (event, { tx }) => {
        await tx
          .insertInto('identity_seen')
          .values({
            did: event.did,
            handle: event.handle,
            pds: event.pds,
            changed: Object.keys(event.changed).join(),
          })
          .execute()
      },
    },
  ]
}
