// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as ActorDefs from '../actor/defs.ts'
import * as EmbedExternal from '../embed/external.ts'
import * as EmbedGallery from '../embed/gallery.ts'
import * as EmbedImages from '../embed/images.ts'
import * as EmbedRecord from '../embed/record.ts'
import * as EmbedRecordWithMedia from '../embed/recordWithMedia.ts'
import * as EmbedVideo from '../embed/video.ts'
import * as GraphDefs from '../graph/defs.ts'
import * as RichtextFacet from '../richtext/facet.ts'

export const $nsid = 'app.bsky.feed.defs'

export interface PostView {
  $type?: 'app.bsky.feed.defs#postView'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  author: ActorDefs.ProfileViewBasic
  record: l.LexMap
  embed?:
    | l.$Typed<EmbedImages.View>
    | l.$Typed<EmbedVideo.View>
    | l.$Typed<EmbedGallery.View>
    | l.$Typed<EmbedExternal.View>
    | l.$Typed<EmbedRecord.View>
    | l.$Typed<EmbedRecordWithMedia.View>
    | l.Unknown$TypedObject
  bookmarkCount?: number
  replyCount?: number
  repostCount?: number
  likeCount?: number
  quoteCount?: number
  /** Format datetime. */
  indexedAt: string
  viewer?: ViewerState
  labels?: LabelDefs.Label[]
  threadgate?: ThreadgateView
  /** Debug information for internal development */
  debug?: l.LexMap
}

/** @internal */
export function $checkPostView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<PostView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#postView')
    return l.fault('$type', 'app.bsky.feed.defs#postView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const author = v.author
  const authorFault = ActorDefs.$checkProfileViewBasic(author, c, 0)
  if (authorFault !== undefined) return l.at(authorFault, 'author')
  const record = v.record
  const recordFault = l.data(record)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const embed = v.embed
  if (embed !== undefined) {
    if (!l.isTyped(embed)) return l.notType('an object with $type', embed, 'embed')
    let embedFault: l.Fault | undefined
    switch (embed.$type) {
      case 'app.bsky.embed.images#view':
        embedFault = EmbedImages.$checkView(embed, c)
        break
      case 'app.bsky.embed.video#view':
        embedFault = EmbedVideo.$checkView(embed, c)
        break
      case 'app.bsky.embed.gallery#view':
        embedFault = EmbedGallery.$checkView(embed, c)
        break
      case 'app.bsky.embed.external#view':
        embedFault = EmbedExternal.$checkView(embed, c, 0)
        break
      case 'app.bsky.embed.record#view':
        embedFault = EmbedRecord.$checkView(embed, c, 0)
        break
      case 'app.bsky.embed.recordWithMedia#view':
        embedFault = EmbedRecordWithMedia.$checkView(embed, c, 0)
        break
      default:
        embedFault = l.openMember(embed)
    }
    if (embedFault !== undefined) return l.at(embedFault, 'embed')
  }
  const bookmarkCount = v.bookmarkCount
  if (bookmarkCount !== undefined) {
    if (!Number.isSafeInteger(bookmarkCount)) return l.notType('integer', bookmarkCount, 'bookmarkCount')
  }
  const replyCount = v.replyCount
  if (replyCount !== undefined) {
    if (!Number.isSafeInteger(replyCount)) return l.notType('integer', replyCount, 'replyCount')
  }
  const repostCount = v.repostCount
  if (repostCount !== undefined) {
    if (!Number.isSafeInteger(repostCount)) return l.notType('integer', repostCount, 'repostCount')
  }
  const likeCount = v.likeCount
  if (likeCount !== undefined) {
    if (!Number.isSafeInteger(likeCount)) return l.notType('integer', likeCount, 'likeCount')
  }
  const quoteCount = v.quoteCount
  if (quoteCount !== undefined) {
    if (!Number.isSafeInteger(quoteCount)) return l.notType('integer', quoteCount, 'quoteCount')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const threadgate = v.threadgate
  if (threadgate !== undefined) {
    const threadgateFault = $checkThreadgateView(threadgate, c)
    if (threadgateFault !== undefined) return l.at(threadgateFault, 'threadgate')
  }
  const debug = v.debug
  if (debug !== undefined) {
    const debugFault = l.data(debug)
    if (debugFault !== undefined) return l.at(debugFault, 'debug')
  }
  return undefined
}

export const postView: l.ObjectSchema<PostView, 'app.bsky.feed.defs#postView'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.defs#postView',
  $checkPostView,
)

/**
 * Metadata about the requesting account's relationship with the subject content. Only has meaningful content
 * for authed requests.
 */
export interface ViewerState {
  $type?: 'app.bsky.feed.defs#viewerState'
  /** Format at-uri. */
  repost?: string
  /** Format at-uri. */
  like?: string
  bookmarked?: boolean
  threadMuted?: boolean
  replyDisabled?: boolean
  embeddingDisabled?: boolean
  pinned?: boolean
  /** This property is present only in selected cases, as an optimization. */
  knownLikers?: KnownLikers
}

/** @internal */
export function $checkViewerState(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ViewerState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#viewerState')
    return l.fault('$type', 'app.bsky.feed.defs#viewerState', v.$type, '$type')
  const repost = v.repost
  if (repost !== undefined) {
    if (typeof repost !== 'string' || !l.isAtUri(repost)) return l.notFormat('at-uri', repost, 'repost')
  }
  const like = v.like
  if (like !== undefined) {
    if (typeof like !== 'string' || !l.isAtUri(like)) return l.notFormat('at-uri', like, 'like')
  }
  const bookmarked = v.bookmarked
  if (bookmarked !== undefined) {
    if (typeof bookmarked !== 'boolean') return l.notType('boolean', bookmarked, 'bookmarked')
  }
  const threadMuted = v.threadMuted
  if (threadMuted !== undefined) {
    if (typeof threadMuted !== 'boolean') return l.notType('boolean', threadMuted, 'threadMuted')
  }
  const replyDisabled = v.replyDisabled
  if (replyDisabled !== undefined) {
    if (typeof replyDisabled !== 'boolean') return l.notType('boolean', replyDisabled, 'replyDisabled')
  }
  const embeddingDisabled = v.embeddingDisabled
  if (embeddingDisabled !== undefined) {
    if (typeof embeddingDisabled !== 'boolean')
      return l.notType('boolean', embeddingDisabled, 'embeddingDisabled')
  }
  const pinned = v.pinned
  if (pinned !== undefined) {
    if (typeof pinned !== 'boolean') return l.notType('boolean', pinned, 'pinned')
  }
  const knownLikers = v.knownLikers
  if (knownLikers !== undefined) {
    const knownLikersFault = $checkKnownLikers(knownLikers, c)
    if (knownLikersFault !== undefined) return l.at(knownLikersFault, 'knownLikers')
  }
  return undefined
}

/**
 * Metadata about the requesting account's relationship with the subject content. Only has meaningful content
 * for authed requests.
 */
export const viewerState: l.ObjectSchema<ViewerState, 'app.bsky.feed.defs#viewerState'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#viewerState', $checkViewerState)

/** The post's likers whom you also follow */
export interface KnownLikers {
  $type?: 'app.bsky.feed.defs#knownLikers'
  count: number
  /** At most 5 items. */
  actors: ActorDefs.ProfileViewBasic[]
}

/** @internal */
export function $checkKnownLikers(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<KnownLikers>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#knownLikers')
    return l.fault('$type', 'app.bsky.feed.defs#knownLikers', v.$type, '$type')
  const count = v.count
  if (!Number.isSafeInteger(count)) return l.notType('integer', count, 'count')
  const actors = v.actors
  if (!Array.isArray(actors)) return l.notType('array', actors, 'actors')
  if (actors.length > 5) return l.outOf('maxLength', 'at most 5 items', actors.length, 'actors')
  for (let i = 0; i < actors.length; i++) {
    const item: unknown = actors[i]
    const itemFault = ActorDefs.$checkProfileViewBasic(item, c, 0)
    if (itemFault !== undefined) return l.at(itemFault, 'actors', i)
  }
  return undefined
}

/** The post's likers whom you also follow */
export const knownLikers: l.ObjectSchema<KnownLikers, 'app.bsky.feed.defs#knownLikers'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#knownLikers', $checkKnownLikers)

/** Metadata about this post within the context of the thread it is in. */
export interface ThreadContext {
  $type?: 'app.bsky.feed.defs#threadContext'
  /** Format at-uri. */
  rootAuthorLike?: string
}

/** @internal */
export function $checkThreadContext(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ThreadContext>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#threadContext')
    return l.fault('$type', 'app.bsky.feed.defs#threadContext', v.$type, '$type')
  const rootAuthorLike = v.rootAuthorLike
  if (rootAuthorLike !== undefined) {
    if (typeof rootAuthorLike !== 'string' || !l.isAtUri(rootAuthorLike))
      return l.notFormat('at-uri', rootAuthorLike, 'rootAuthorLike')
  }
  return undefined
}

/** Metadata about this post within the context of the thread it is in. */
export const threadContext: l.ObjectSchema<ThreadContext, 'app.bsky.feed.defs#threadContext'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#threadContext', $checkThreadContext)

export interface FeedViewPost {
  $type?: 'app.bsky.feed.defs#feedViewPost'
  post: PostView
  reply?: ReplyRef
  reason?: l.$Typed<ReasonRepost> | l.$Typed<ReasonPin> | l.Unknown$TypedObject
  /**
   * Context provided by feed generator that may be passed back alongside interactions.
   *
   * At most 2000 bytes.
   */
  feedContext?: string
  /**
   * Unique identifier per request that may be passed back alongside interactions.
   *
   * At most 100 bytes.
   */
  reqId?: string
}

/** @internal */
export function $checkFeedViewPost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<FeedViewPost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#feedViewPost')
    return l.fault('$type', 'app.bsky.feed.defs#feedViewPost', v.$type, '$type')
  const post = v.post
  const postFault = $checkPostView(post, c)
  if (postFault !== undefined) return l.at(postFault, 'post')
  const reply = v.reply
  if (reply !== undefined) {
    const replyFault = $checkReplyRef(reply, c)
    if (replyFault !== undefined) return l.at(replyFault, 'reply')
  }
  const reason = v.reason
  if (reason !== undefined) {
    if (!l.isTyped(reason)) return l.notType('an object with $type', reason, 'reason')
    let reasonFault: l.Fault | undefined
    switch (reason.$type) {
      case 'app.bsky.feed.defs#reasonRepost':
        reasonFault = $checkReasonRepost(reason, c)
        break
      case 'app.bsky.feed.defs#reasonPin':
        reasonFault = $checkReasonPin(reason, c)
        break
      default:
        reasonFault = l.openMember(reason)
    }
    if (reasonFault !== undefined) return l.at(reasonFault, 'reason')
  }
  const feedContext = v.feedContext
  if (feedContext !== undefined) {
    if (typeof feedContext !== 'string' || !feedContext.isWellFormed())
      return l.notType('string', feedContext, 'feedContext')
    if (feedContext.length > 666 && l.utf8Length(feedContext) > 2000)
      return l.outOf('maxLength', 'at most 2000 bytes', l.utf8Length(feedContext), 'feedContext')
  }
  const reqId = v.reqId
  if (reqId !== undefined) {
    if (typeof reqId !== 'string' || !reqId.isWellFormed()) return l.notType('string', reqId, 'reqId')
    if (reqId.length > 33 && l.utf8Length(reqId) > 100)
      return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(reqId), 'reqId')
  }
  return undefined
}

export const feedViewPost: l.ObjectSchema<FeedViewPost, 'app.bsky.feed.defs#feedViewPost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#feedViewPost', $checkFeedViewPost)

export interface ReplyRef {
  $type?: 'app.bsky.feed.defs#replyRef'
  root: l.$Typed<PostView> | l.$Typed<NotFoundPost> | l.$Typed<BlockedPost> | l.Unknown$TypedObject
  parent: l.$Typed<PostView> | l.$Typed<NotFoundPost> | l.$Typed<BlockedPost> | l.Unknown$TypedObject
  /** When parent is a reply to another post, this is the author of that post. */
  grandparentAuthor?: ActorDefs.ProfileViewBasic
}

/** @internal */
export function $checkReplyRef(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ReplyRef>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#replyRef')
    return l.fault('$type', 'app.bsky.feed.defs#replyRef', v.$type, '$type')
  const root = v.root
  if (!l.isTyped(root)) return l.notType('an object with $type', root, 'root')
  let rootFault: l.Fault | undefined
  switch (root.$type) {
    case 'app.bsky.feed.defs#postView':
      rootFault = $checkPostView(root, c)
      break
    case 'app.bsky.feed.defs#notFoundPost':
      rootFault = $checkNotFoundPost(root, c)
      break
    case 'app.bsky.feed.defs#blockedPost':
      rootFault = $checkBlockedPost(root, c)
      break
    default:
      rootFault = l.openMember(root)
  }
  if (rootFault !== undefined) return l.at(rootFault, 'root')
  const parent = v.parent
  if (!l.isTyped(parent)) return l.notType('an object with $type', parent, 'parent')
  let parentFault: l.Fault | undefined
  switch (parent.$type) {
    case 'app.bsky.feed.defs#postView':
      parentFault = $checkPostView(parent, c)
      break
    case 'app.bsky.feed.defs#notFoundPost':
      parentFault = $checkNotFoundPost(parent, c)
      break
    case 'app.bsky.feed.defs#blockedPost':
      parentFault = $checkBlockedPost(parent, c)
      break
    default:
      parentFault = l.openMember(parent)
  }
  if (parentFault !== undefined) return l.at(parentFault, 'parent')
  const grandparentAuthor = v.grandparentAuthor
  if (grandparentAuthor !== undefined) {
    const grandparentAuthorFault = ActorDefs.$checkProfileViewBasic(grandparentAuthor, c, 0)
    if (grandparentAuthorFault !== undefined) return l.at(grandparentAuthorFault, 'grandparentAuthor')
  }
  return undefined
}

export const replyRef: l.ObjectSchema<ReplyRef, 'app.bsky.feed.defs#replyRef'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.defs#replyRef',
  $checkReplyRef,
)

export interface ReasonRepost {
  $type?: 'app.bsky.feed.defs#reasonRepost'
  by: ActorDefs.ProfileViewBasic
  /** Format at-uri. */
  uri?: string
  /** Format cid. */
  cid?: string
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkReasonRepost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ReasonRepost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#reasonRepost')
    return l.fault('$type', 'app.bsky.feed.defs#reasonRepost', v.$type, '$type')
  const by = v.by
  const byFault = ActorDefs.$checkProfileViewBasic(by, c, 0)
  if (byFault !== undefined) return l.at(byFault, 'by')
  const uri = v.uri
  if (uri !== undefined) {
    if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  }
  const cid = v.cid
  if (cid !== undefined) {
    if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const reasonRepost: l.ObjectSchema<ReasonRepost, 'app.bsky.feed.defs#reasonRepost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#reasonRepost', $checkReasonRepost)

export interface ReasonPin {
  $type?: 'app.bsky.feed.defs#reasonPin'
}

/** @internal */
export function $checkReasonPin(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ReasonPin>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#reasonPin')
    return l.fault('$type', 'app.bsky.feed.defs#reasonPin', v.$type, '$type')
  return undefined
}

export const reasonPin: l.ObjectSchema<ReasonPin, 'app.bsky.feed.defs#reasonPin'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.defs#reasonPin',
  $checkReasonPin,
)

export interface ThreadViewPost {
  $type?: 'app.bsky.feed.defs#threadViewPost'
  post: PostView
  parent?: l.$Typed<ThreadViewPost> | l.$Typed<NotFoundPost> | l.$Typed<BlockedPost> | l.Unknown$TypedObject
  replies?: (
    | l.$Typed<ThreadViewPost>
    | l.$Typed<NotFoundPost>
    | l.$Typed<BlockedPost>
    | l.Unknown$TypedObject
  )[]
  threadContext?: ThreadContext
}

/** @internal */
export function $checkThreadViewPost(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<ThreadViewPost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#threadViewPost')
    return l.fault('$type', 'app.bsky.feed.defs#threadViewPost', v.$type, '$type')
  const post = v.post
  const postFault = $checkPostView(post, c)
  if (postFault !== undefined) return l.at(postFault, 'post')
  const parent = v.parent
  if (parent !== undefined) {
    if (!l.isTyped(parent)) return l.notType('an object with $type', parent, 'parent')
    let parentFault: l.Fault | undefined
    switch (parent.$type) {
      case 'app.bsky.feed.defs#threadViewPost':
        parentFault = $checkThreadViewPost(parent, c, depth + 1)
        break
      case 'app.bsky.feed.defs#notFoundPost':
        parentFault = $checkNotFoundPost(parent, c)
        break
      case 'app.bsky.feed.defs#blockedPost':
        parentFault = $checkBlockedPost(parent, c)
        break
      default:
        parentFault = l.openMember(parent)
    }
    if (parentFault !== undefined) return l.at(parentFault, 'parent')
  }
  const replies = v.replies
  if (replies !== undefined) {
    if (!Array.isArray(replies)) return l.notType('array', replies, 'replies')
    for (let i = 0; i < replies.length; i++) {
      const item: unknown = replies[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'replies', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.feed.defs#threadViewPost':
          itemFault = $checkThreadViewPost(item, c, depth + 1)
          break
        case 'app.bsky.feed.defs#notFoundPost':
          itemFault = $checkNotFoundPost(item, c)
          break
        case 'app.bsky.feed.defs#blockedPost':
          itemFault = $checkBlockedPost(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'replies', i)
    }
  }
  const threadContext = v.threadContext
  if (threadContext !== undefined) {
    const threadContextFault = $checkThreadContext(threadContext, c)
    if (threadContextFault !== undefined) return l.at(threadContextFault, 'threadContext')
  }
  return undefined
}

export const threadViewPost: l.ObjectSchema<ThreadViewPost, 'app.bsky.feed.defs#threadViewPost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#threadViewPost', $checkThreadViewPost)

export interface NotFoundPost {
  $type?: 'app.bsky.feed.defs#notFoundPost'
  /** Format at-uri. */
  uri: string
  notFound: true
}

/** @internal */
export function $checkNotFoundPost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<NotFoundPost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#notFoundPost')
    return l.fault('$type', 'app.bsky.feed.defs#notFoundPost', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const notFound = v.notFound
  if (typeof notFound !== 'boolean') return l.notType('boolean', notFound, 'notFound')
  if (notFound !== true) return l.fault('const', 'true', notFound, 'notFound')
  return undefined
}

export const notFoundPost: l.ObjectSchema<NotFoundPost, 'app.bsky.feed.defs#notFoundPost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#notFoundPost', $checkNotFoundPost)

export interface BlockedPost {
  $type?: 'app.bsky.feed.defs#blockedPost'
  /** Format at-uri. */
  uri: string
  blocked: true
  author: BlockedAuthor
}

/** @internal */
export function $checkBlockedPost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<BlockedPost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#blockedPost')
    return l.fault('$type', 'app.bsky.feed.defs#blockedPost', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const blocked = v.blocked
  if (typeof blocked !== 'boolean') return l.notType('boolean', blocked, 'blocked')
  if (blocked !== true) return l.fault('const', 'true', blocked, 'blocked')
  const author = v.author
  const authorFault = $checkBlockedAuthor(author, c)
  if (authorFault !== undefined) return l.at(authorFault, 'author')
  return undefined
}

export const blockedPost: l.ObjectSchema<BlockedPost, 'app.bsky.feed.defs#blockedPost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#blockedPost', $checkBlockedPost)

export interface BlockedAuthor {
  $type?: 'app.bsky.feed.defs#blockedAuthor'
  /** Format did. */
  did: string
  viewer?: ActorDefs.ViewerState
}

/** @internal */
export function $checkBlockedAuthor(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<BlockedAuthor>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#blockedAuthor')
    return l.fault('$type', 'app.bsky.feed.defs#blockedAuthor', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = ActorDefs.$checkViewerState(viewer, c, 0)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  return undefined
}

export const blockedAuthor: l.ObjectSchema<BlockedAuthor, 'app.bsky.feed.defs#blockedAuthor'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#blockedAuthor', $checkBlockedAuthor)

export interface GeneratorView {
  $type?: 'app.bsky.feed.defs#generatorView'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  /** Format did. */
  did: string
  creator: ActorDefs.ProfileView
  displayName: string
  /** At most 3000 bytes, at most 300 graphemes. */
  description?: string
  descriptionFacets?: RichtextFacet.Main[]
  /** Format uri. */
  avatar?: string
  /** At least 0. */
  likeCount?: number
  acceptsInteractions?: boolean
  labels?: LabelDefs.Label[]
  viewer?: GeneratorViewerState
  contentMode?:
    | 'app.bsky.feed.defs#contentModeUnspecified'
    | 'app.bsky.feed.defs#contentModeVideo'
    | l.UnknownString
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkGeneratorView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<GeneratorView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#generatorView')
    return l.fault('$type', 'app.bsky.feed.defs#generatorView', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const creator = v.creator
  const creatorFault = ActorDefs.$checkProfileView(creator, c)
  if (creatorFault !== undefined) return l.at(creatorFault, 'creator')
  const displayName = v.displayName
  if (typeof displayName !== 'string' || !displayName.isWellFormed())
    return l.notType('string', displayName, 'displayName')
  const description = v.description
  if (description !== undefined) {
    if (typeof description !== 'string' || !description.isWellFormed())
      return l.notType('string', description, 'description')
    if (description.length > 1000 && l.utf8Length(description) > 3000)
      return l.outOf('maxLength', 'at most 3000 bytes', l.utf8Length(description), 'description')
    if (description.length > 300 && l.graphemes(description, 300) > 300)
      return l.outOf('maxGraphemes', 'at most 300 graphemes', 'more', 'description')
  }
  const descriptionFacets = v.descriptionFacets
  if (descriptionFacets !== undefined) {
    if (!Array.isArray(descriptionFacets)) return l.notType('array', descriptionFacets, 'descriptionFacets')
    for (let i = 0; i < descriptionFacets.length; i++) {
      const item: unknown = descriptionFacets[i]
      const itemFault = RichtextFacet.$checkMain(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'descriptionFacets', i)
    }
  }
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const likeCount = v.likeCount
  if (likeCount !== undefined) {
    if (typeof likeCount !== 'number' || !Number.isSafeInteger(likeCount))
      return l.notType('integer', likeCount, 'likeCount')
    if (likeCount < 0) return l.outOf('minimum', 'at least 0', likeCount, 'likeCount')
  }
  const acceptsInteractions = v.acceptsInteractions
  if (acceptsInteractions !== undefined) {
    if (typeof acceptsInteractions !== 'boolean')
      return l.notType('boolean', acceptsInteractions, 'acceptsInteractions')
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkGeneratorViewerState(viewer, c)
    if (viewerFault !== undefined) return l.at(viewerFault, 'viewer')
  }
  const contentMode = v.contentMode
  if (contentMode !== undefined) {
    if (typeof contentMode !== 'string' || !contentMode.isWellFormed())
      return l.notType('string', contentMode, 'contentMode')
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const generatorView: l.ObjectSchema<GeneratorView, 'app.bsky.feed.defs#generatorView'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#generatorView', $checkGeneratorView)

export interface GeneratorViewerState {
  $type?: 'app.bsky.feed.defs#generatorViewerState'
  /** Format at-uri. */
  like?: string
}

/** @internal */
export function $checkGeneratorViewerState(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<GeneratorViewerState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#generatorViewerState')
    return l.fault('$type', 'app.bsky.feed.defs#generatorViewerState', v.$type, '$type')
  const like = v.like
  if (like !== undefined) {
    if (typeof like !== 'string' || !l.isAtUri(like)) return l.notFormat('at-uri', like, 'like')
  }
  return undefined
}

export const generatorViewerState: l.ObjectSchema<
  GeneratorViewerState,
  'app.bsky.feed.defs#generatorViewerState'
> = /*#__PURE__*/ l.object('app.bsky.feed.defs#generatorViewerState', $checkGeneratorViewerState)

export interface SkeletonFeedPost {
  $type?: 'app.bsky.feed.defs#skeletonFeedPost'
  /** Format at-uri. */
  post: string
  reason?: l.$Typed<SkeletonReasonRepost> | l.$Typed<SkeletonReasonPin> | l.Unknown$TypedObject
  /**
   * Context that will be passed through to client and may be passed to feed generator back alongside
   * interactions.
   *
   * At most 2000 bytes.
   */
  feedContext?: string
}

/** @internal */
export function $checkSkeletonFeedPost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SkeletonFeedPost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#skeletonFeedPost')
    return l.fault('$type', 'app.bsky.feed.defs#skeletonFeedPost', v.$type, '$type')
  const post = v.post
  if (typeof post !== 'string' || !l.isAtUri(post)) return l.notFormat('at-uri', post, 'post')
  const reason = v.reason
  if (reason !== undefined) {
    if (!l.isTyped(reason)) return l.notType('an object with $type', reason, 'reason')
    let reasonFault: l.Fault | undefined
    switch (reason.$type) {
      case 'app.bsky.feed.defs#skeletonReasonRepost':
        reasonFault = $checkSkeletonReasonRepost(reason, c)
        break
      case 'app.bsky.feed.defs#skeletonReasonPin':
        reasonFault = $checkSkeletonReasonPin(reason, c)
        break
      default:
        reasonFault = l.openMember(reason)
    }
    if (reasonFault !== undefined) return l.at(reasonFault, 'reason')
  }
  const feedContext = v.feedContext
  if (feedContext !== undefined) {
    if (typeof feedContext !== 'string' || !feedContext.isWellFormed())
      return l.notType('string', feedContext, 'feedContext')
    if (feedContext.length > 666 && l.utf8Length(feedContext) > 2000)
      return l.outOf('maxLength', 'at most 2000 bytes', l.utf8Length(feedContext), 'feedContext')
  }
  return undefined
}

export const skeletonFeedPost: l.ObjectSchema<SkeletonFeedPost, 'app.bsky.feed.defs#skeletonFeedPost'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#skeletonFeedPost', $checkSkeletonFeedPost)

export interface SkeletonReasonRepost {
  $type?: 'app.bsky.feed.defs#skeletonReasonRepost'
  /** Format at-uri. */
  repost: string
}

/** @internal */
export function $checkSkeletonReasonRepost(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SkeletonReasonRepost>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#skeletonReasonRepost')
    return l.fault('$type', 'app.bsky.feed.defs#skeletonReasonRepost', v.$type, '$type')
  const repost = v.repost
  if (typeof repost !== 'string' || !l.isAtUri(repost)) return l.notFormat('at-uri', repost, 'repost')
  return undefined
}

export const skeletonReasonRepost: l.ObjectSchema<
  SkeletonReasonRepost,
  'app.bsky.feed.defs#skeletonReasonRepost'
> = /*#__PURE__*/ l.object('app.bsky.feed.defs#skeletonReasonRepost', $checkSkeletonReasonRepost)

export interface SkeletonReasonPin {
  $type?: 'app.bsky.feed.defs#skeletonReasonPin'
}

/** @internal */
export function $checkSkeletonReasonPin(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<SkeletonReasonPin>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#skeletonReasonPin')
    return l.fault('$type', 'app.bsky.feed.defs#skeletonReasonPin', v.$type, '$type')
  return undefined
}

export const skeletonReasonPin: l.ObjectSchema<SkeletonReasonPin, 'app.bsky.feed.defs#skeletonReasonPin'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#skeletonReasonPin', $checkSkeletonReasonPin)

export interface ThreadgateView {
  $type?: 'app.bsky.feed.defs#threadgateView'
  /** Format at-uri. */
  uri?: string
  /** Format cid. */
  cid?: string
  record?: l.LexMap
  lists?: GraphDefs.ListViewBasic[]
}

/** @internal */
export function $checkThreadgateView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ThreadgateView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#threadgateView')
    return l.fault('$type', 'app.bsky.feed.defs#threadgateView', v.$type, '$type')
  const uri = v.uri
  if (uri !== undefined) {
    if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  }
  const cid = v.cid
  if (cid !== undefined) {
    if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  }
  const record = v.record
  if (record !== undefined) {
    const recordFault = l.data(record)
    if (recordFault !== undefined) return l.at(recordFault, 'record')
  }
  const lists = v.lists
  if (lists !== undefined) {
    if (!Array.isArray(lists)) return l.notType('array', lists, 'lists')
    for (let i = 0; i < lists.length; i++) {
      const item: unknown = lists[i]
      const itemFault = GraphDefs.$checkListViewBasic(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'lists', i)
    }
  }
  return undefined
}

export const threadgateView: l.ObjectSchema<ThreadgateView, 'app.bsky.feed.defs#threadgateView'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#threadgateView', $checkThreadgateView)

export interface Interaction {
  $type?: 'app.bsky.feed.defs#interaction'
  /** Format at-uri. */
  item?: string
  event?:
    | 'app.bsky.feed.defs#requestLess'
    | 'app.bsky.feed.defs#requestMore'
    | 'app.bsky.feed.defs#clickthroughItem'
    | 'app.bsky.feed.defs#clickthroughAuthor'
    | 'app.bsky.feed.defs#clickthroughReposter'
    | 'app.bsky.feed.defs#clickthroughEmbed'
    | 'app.bsky.feed.defs#interactionSeen'
    | 'app.bsky.feed.defs#interactionLike'
    | 'app.bsky.feed.defs#interactionRepost'
    | 'app.bsky.feed.defs#interactionReply'
    | 'app.bsky.feed.defs#interactionQuote'
    | 'app.bsky.feed.defs#interactionShare'
    | l.UnknownString
  /**
   * Context on a feed item that was originally supplied by the feed generator on getFeedSkeleton.
   *
   * At most 2000 bytes.
   */
  feedContext?: string
  /**
   * Unique identifier per request that may be passed back alongside interactions.
   *
   * At most 100 bytes.
   */
  reqId?: string
}

/** @internal */
export function $checkInteraction(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<Interaction>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.defs#interaction')
    return l.fault('$type', 'app.bsky.feed.defs#interaction', v.$type, '$type')
  const item = v.item
  if (item !== undefined) {
    if (typeof item !== 'string' || !l.isAtUri(item)) return l.notFormat('at-uri', item, 'item')
  }
  const event = v.event
  if (event !== undefined) {
    if (typeof event !== 'string' || !event.isWellFormed()) return l.notType('string', event, 'event')
  }
  const feedContext = v.feedContext
  if (feedContext !== undefined) {
    if (typeof feedContext !== 'string' || !feedContext.isWellFormed())
      return l.notType('string', feedContext, 'feedContext')
    if (feedContext.length > 666 && l.utf8Length(feedContext) > 2000)
      return l.outOf('maxLength', 'at most 2000 bytes', l.utf8Length(feedContext), 'feedContext')
  }
  const reqId = v.reqId
  if (reqId !== undefined) {
    if (typeof reqId !== 'string' || !reqId.isWellFormed()) return l.notType('string', reqId, 'reqId')
    if (reqId.length > 33 && l.utf8Length(reqId) > 100)
      return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(reqId), 'reqId')
  }
  return undefined
}

export const interaction: l.ObjectSchema<Interaction, 'app.bsky.feed.defs#interaction'> =
  /*#__PURE__*/ l.object('app.bsky.feed.defs#interaction', $checkInteraction)

/** Request that less content like the given feed item be shown in the feed */
export const RequestLess = 'app.bsky.feed.defs#requestLess'
export type RequestLess = typeof RequestLess

/** Request that more content like the given feed item be shown in the feed */
export const RequestMore = 'app.bsky.feed.defs#requestMore'
export type RequestMore = typeof RequestMore

/** User clicked through to the feed item */
export const ClickthroughItem = 'app.bsky.feed.defs#clickthroughItem'
export type ClickthroughItem = typeof ClickthroughItem

/** User clicked through to the author of the feed item */
export const ClickthroughAuthor = 'app.bsky.feed.defs#clickthroughAuthor'
export type ClickthroughAuthor = typeof ClickthroughAuthor

/** User clicked through to the reposter of the feed item */
export const ClickthroughReposter = 'app.bsky.feed.defs#clickthroughReposter'
export type ClickthroughReposter = typeof ClickthroughReposter

/** User clicked through to the embedded content of the feed item */
export const ClickthroughEmbed = 'app.bsky.feed.defs#clickthroughEmbed'
export type ClickthroughEmbed = typeof ClickthroughEmbed

/** Declares the feed generator returns any types of posts. */
export const ContentModeUnspecified = 'app.bsky.feed.defs#contentModeUnspecified'
export type ContentModeUnspecified = typeof ContentModeUnspecified

/** Declares the feed generator returns posts containing app.bsky.embed.video embeds. */
export const ContentModeVideo = 'app.bsky.feed.defs#contentModeVideo'
export type ContentModeVideo = typeof ContentModeVideo

/** Feed item was seen by user */
export const InteractionSeen = 'app.bsky.feed.defs#interactionSeen'
export type InteractionSeen = typeof InteractionSeen

/** User liked the feed item */
export const InteractionLike = 'app.bsky.feed.defs#interactionLike'
export type InteractionLike = typeof InteractionLike

/** User reposted the feed item */
export const InteractionRepost = 'app.bsky.feed.defs#interactionRepost'
export type InteractionRepost = typeof InteractionRepost

/** User replied to the feed item */
export const InteractionReply = 'app.bsky.feed.defs#interactionReply'
export type InteractionReply = typeof InteractionReply

/** User quoted the feed item */
export const InteractionQuote = 'app.bsky.feed.defs#interactionQuote'
export type InteractionQuote = typeof InteractionQuote

/** User shared the feed item */
export const InteractionShare = 'app.bsky.feed.defs#interactionShare'
export type InteractionShare = typeof InteractionShare
