// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'
import * as ActorDefs from '../actor/defs.ts'
import * as FeedDefs from '../feed/defs.ts'
import * as GraphDefs from '../graph/defs.ts'
import * as LabelerDefs from '../labeler/defs.ts'
import * as EmbedExternal from './external.ts'
import * as EmbedGallery from './gallery.ts'
import * as EmbedImages from './images.ts'
import * as EmbedRecordWithMedia from './recordWithMedia.ts'
import * as EmbedVideo from './video.ts'

/**
 * A representation of a record embedded in a Bluesky record (eg, a post). For example, a quote-post, or
 * sharing a feed generator record.
 */
export const $nsid = 'app.bsky.embed.record'
export const $type = 'app.bsky.embed.record'

export interface Main {
  $type?: 'app.bsky.embed.record'
  record: RepoStrongRef.Main
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record')
    return l.fault('$type', 'app.bsky.embed.record', v.$type, '$type')
  const record = v.record
  const recordFault = RepoStrongRef.$checkMain(record, c)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  return undefined
}

export const main: l.ObjectSchema<Main, 'app.bsky.embed.record'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.record',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface View {
  $type?: 'app.bsky.embed.record#view'
  record:
    | l.$Typed<ViewRecord>
    | l.$Typed<ViewNotFound>
    | l.$Typed<ViewBlocked>
    | l.$Typed<ViewDetached>
    | l.$Typed<FeedDefs.GeneratorView>
    | l.$Typed<GraphDefs.ListView>
    | l.$Typed<LabelerDefs.LabelerView>
    | l.$Typed<GraphDefs.StarterPackViewBasic>
    | l.Unknown$TypedObject
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record#view')
    return l.fault('$type', 'app.bsky.embed.record#view', v.$type, '$type')
  const record = v.record
  if (!l.isTyped(record)) return l.notType('an object with $type', record, 'record')
  let recordFault: l.Fault | undefined
  switch (record.$type) {
    case 'app.bsky.embed.record#viewRecord':
      recordFault = $checkViewRecord(record, c, depth + 1)
      break
    case 'app.bsky.embed.record#viewNotFound':
      recordFault = $checkViewNotFound(record, c)
      break
    case 'app.bsky.embed.record#viewBlocked':
      recordFault = $checkViewBlocked(record, c)
      break
    case 'app.bsky.embed.record#viewDetached':
      recordFault = $checkViewDetached(record, c)
      break
    case 'app.bsky.feed.defs#generatorView':
      recordFault = FeedDefs.$checkGeneratorView(record, c)
      break
    case 'app.bsky.graph.defs#listView':
      recordFault = GraphDefs.$checkListView(record, c)
      break
    case 'app.bsky.labeler.defs#labelerView':
      recordFault = LabelerDefs.$checkLabelerView(record, c)
      break
    case 'app.bsky.graph.defs#starterPackViewBasic':
      recordFault = GraphDefs.$checkStarterPackViewBasic(record, c)
      break
    default:
      recordFault = l.openMember(record)
  }
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.record#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.record#view',
  $checkView,
)

export interface ViewRecord {
  $type?: 'app.bsky.embed.record#viewRecord'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
  author: ActorDefs.ProfileViewBasic
  /** The record data itself. */
  value: l.LexMap
  labels?: LabelDefs.Label[]
  replyCount?: number
  repostCount?: number
  likeCount?: number
  quoteCount?: number
  embeds?: (
    | l.$Typed<EmbedImages.View>
    | l.$Typed<EmbedVideo.View>
    | l.$Typed<EmbedGallery.View>
    | l.$Typed<EmbedExternal.View>
    | l.$Typed<View>
    | l.$Typed<EmbedRecordWithMedia.View>
    | l.Unknown$TypedObject
  )[]
  /** Format datetime. */
  indexedAt: string
}

/** @internal */
export function $checkViewRecord(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<ViewRecord>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record#viewRecord')
    return l.fault('$type', 'app.bsky.embed.record#viewRecord', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const author = v.author
  const authorFault = ActorDefs.$checkProfileViewBasic(author, c, 0)
  if (authorFault !== undefined) return l.at(authorFault, 'author')
  const value = v.value
  const valueFault = l.data(value)
  if (valueFault !== undefined) return l.at(valueFault, 'value')
  const labels = v.labels
  if (labels !== undefined) {
    if (!Array.isArray(labels)) return l.notType('array', labels, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const item: unknown = labels[i]
      const itemFault = LabelDefs.$checkLabel(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'labels', i)
    }
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
  const embeds = v.embeds
  if (embeds !== undefined) {
    if (!Array.isArray(embeds)) return l.notType('array', embeds, 'embeds')
    for (let i = 0; i < embeds.length; i++) {
      const item: unknown = embeds[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'embeds', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.embed.images#view':
          itemFault = EmbedImages.$checkView(item, c)
          break
        case 'app.bsky.embed.video#view':
          itemFault = EmbedVideo.$checkView(item, c)
          break
        case 'app.bsky.embed.gallery#view':
          itemFault = EmbedGallery.$checkView(item, c)
          break
        case 'app.bsky.embed.external#view':
          itemFault = EmbedExternal.$checkView(item, c, 0)
          break
        case 'app.bsky.embed.record#view':
          itemFault = $checkView(item, c, depth + 1)
          break
        case 'app.bsky.embed.recordWithMedia#view':
          itemFault = EmbedRecordWithMedia.$checkView(item, c, depth + 1)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'embeds', i)
    }
  }
  const indexedAt = v.indexedAt
  if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
    return l.notFormat('datetime', indexedAt, 'indexedAt')
  return undefined
}

export const viewRecord: l.ObjectSchema<ViewRecord, 'app.bsky.embed.record#viewRecord'> =
  /*#__PURE__*/ l.object('app.bsky.embed.record#viewRecord', $checkViewRecord)

export interface ViewNotFound {
  $type?: 'app.bsky.embed.record#viewNotFound'
  /** Format at-uri. */
  uri: string
  notFound: true
}

/** @internal */
export function $checkViewNotFound(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewNotFound>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record#viewNotFound')
    return l.fault('$type', 'app.bsky.embed.record#viewNotFound', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const notFound = v.notFound
  if (typeof notFound !== 'boolean') return l.notType('boolean', notFound, 'notFound')
  if (notFound !== true) return l.fault('const', 'true', notFound, 'notFound')
  return undefined
}

export const viewNotFound: l.ObjectSchema<ViewNotFound, 'app.bsky.embed.record#viewNotFound'> =
  /*#__PURE__*/ l.object('app.bsky.embed.record#viewNotFound', $checkViewNotFound)

export interface ViewBlocked {
  $type?: 'app.bsky.embed.record#viewBlocked'
  /** Format at-uri. */
  uri: string
  blocked: true
  author: FeedDefs.BlockedAuthor
}

/** @internal */
export function $checkViewBlocked(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewBlocked>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record#viewBlocked')
    return l.fault('$type', 'app.bsky.embed.record#viewBlocked', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const blocked = v.blocked
  if (typeof blocked !== 'boolean') return l.notType('boolean', blocked, 'blocked')
  if (blocked !== true) return l.fault('const', 'true', blocked, 'blocked')
  const author = v.author
  const authorFault = FeedDefs.$checkBlockedAuthor(author, c)
  if (authorFault !== undefined) return l.at(authorFault, 'author')
  return undefined
}

export const viewBlocked: l.ObjectSchema<ViewBlocked, 'app.bsky.embed.record#viewBlocked'> =
  /*#__PURE__*/ l.object('app.bsky.embed.record#viewBlocked', $checkViewBlocked)

export interface ViewDetached {
  $type?: 'app.bsky.embed.record#viewDetached'
  /** Format at-uri. */
  uri: string
  detached: true
}

/** @internal */
export function $checkViewDetached(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewDetached>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.record#viewDetached')
    return l.fault('$type', 'app.bsky.embed.record#viewDetached', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const detached = v.detached
  if (typeof detached !== 'boolean') return l.notType('boolean', detached, 'detached')
  if (detached !== true) return l.fault('const', 'true', detached, 'detached')
  return undefined
}

export const viewDetached: l.ObjectSchema<ViewDetached, 'app.bsky.embed.record#viewDetached'> =
  /*#__PURE__*/ l.object('app.bsky.embed.record#viewDetached', $checkViewDetached)
