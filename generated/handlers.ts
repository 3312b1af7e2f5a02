// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import type { Database, Keys } from './database.ts'
import * as ActorProfile from './app/bsky/actor/profile.ts'
import * as FeedLike from './app/bsky/feed/like.ts'
import * as FeedPost from './app/bsky/feed/post.ts'
import * as FeedPostgate from './app/bsky/feed/postgate.ts'
import * as FeedThreadgate from './app/bsky/feed/threadgate.ts'
import * as GraphFollow from './app/bsky/graph/follow.ts'
import * as StatusphereStatus from './xyz/statusphere/status.ts'

/** Every record lexicon of the project: NSID → record. */
export interface Collections {
  'app.bsky.actor.profile': ActorProfile.Main
  'app.bsky.feed.like': FeedLike.Main
  'app.bsky.feed.post': FeedPost.Main
  'app.bsky.feed.postgate': FeedPostgate.Main
  'app.bsky.feed.threadgate': FeedThreadgate.Main
  'app.bsky.graph.follow': GraphFollow.Main
  'xyz.statusphere.status': StatusphereStatus.Main
}

/** The wildcards `on` takes, and the collections each one names. */
export interface Wildcards {
  'app.*':
    | 'app.bsky.actor.profile'
    | 'app.bsky.feed.like'
    | 'app.bsky.feed.post'
    | 'app.bsky.feed.postgate'
    | 'app.bsky.feed.threadgate'
    | 'app.bsky.graph.follow'
  'app.bsky.*':
    | 'app.bsky.actor.profile'
    | 'app.bsky.feed.like'
    | 'app.bsky.feed.post'
    | 'app.bsky.feed.postgate'
    | 'app.bsky.feed.threadgate'
    | 'app.bsky.graph.follow'
  'app.bsky.actor.*': 'app.bsky.actor.profile'
  'app.bsky.feed.*':
    | 'app.bsky.feed.like'
    | 'app.bsky.feed.post'
    | 'app.bsky.feed.postgate'
    | 'app.bsky.feed.threadgate'
  'app.bsky.graph.*': 'app.bsky.graph.follow'
  'xyz.*': 'xyz.statusphere.status'
  'xyz.statusphere.*': 'xyz.statusphere.status'
}

/** Row writers of your tables, as handlers find them in their context. */
export type Rows = l.RowsOf<Database, Keys>

/** The second argument of every handler. */
export type Context = l.HandlerContext<Database, Rows>

type Pattern = keyof Collections | keyof Wildcards

/** What `on` takes besides the name: `Handlers<'app.bsky.feed.post'>`. */
export type Handlers<P extends Pattern> = l.HandlersOf<
  Collections,
  l.Named<Collections, Wildcards, P>,
  Context
>

/** Creates, updates and deletes of a collection or wildcard, told apart by `action` and `collection`. */
export type RecordEvent<P extends Pattern> = l.RecordEventOf<Collections, l.Named<Collections, Wildcards, P>>

/** The schemas of all records: NSID → schema. */
export const schemas: { readonly [N in keyof Collections]: l.RecordSchema<Collections[N], N> } = {
  'app.bsky.actor.profile': ActorProfile.main,
  'app.bsky.feed.like': FeedLike.main,
  'app.bsky.feed.post': FeedPost.main,
  'app.bsky.feed.postgate': FeedPostgate.main,
  'app.bsky.feed.threadgate': FeedThreadgate.main,
  'app.bsky.graph.follow': GraphFollow.main,
  'xyz.statusphere.status': StatusphereStatus.main,
}

/** What each lexicon means, as a hash: a change of it makes `lextap run` validate what is stored again. */
export const fingerprints: { readonly [N in keyof Collections]: string } = {
  'app.bsky.actor.profile': '12407e5f73c76db8',
  'app.bsky.feed.like': 'cac9dda9a3e47f5e',
  'app.bsky.feed.post': '8bd1af0d6f519fab',
  'app.bsky.feed.postgate': '378880f60e8ee154',
  'app.bsky.feed.threadgate': 'b99c176621b389ce',
  'app.bsky.graph.follow': '9fbcd150c092cd6a',
  'xyz.statusphere.status': '4b28f39b17bf9e1e',
}

/** Declares what to do with the records of a collection: `on('app.bsky.feed.post', { put, delete })`. */
export const on: l.On<Collections, Wildcards, Database, Rows> = /*#__PURE__*/ l.createOn(schemas)

/** Declares what to do when handle, PDS or signing key of a tracked account changed. */
export const onIdentity: l.OnIdentity<Database, Rows> = /*#__PURE__*/ l.createOnIdentity()

/** Declares what to do when the standing of a tracked account changed. */
export const onAccount: l.OnAccount<Database, Rows> = /*#__PURE__*/ l.createOnAccount()
