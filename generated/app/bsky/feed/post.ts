// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'
import * as EmbedExternal from '../embed/external.ts'
import * as EmbedGallery from '../embed/gallery.ts'
import * as EmbedImages from '../embed/images.ts'
import * as EmbedRecord from '../embed/record.ts'
import * as EmbedRecordWithMedia from '../embed/recordWithMedia.ts'
import * as EmbedVideo from '../embed/video.ts'
import * as RichtextFacet from '../richtext/facet.ts'

export const $nsid = 'app.bsky.feed.post'
export const $type = 'app.bsky.feed.post'

/** Record containing a Bluesky post. */
export interface Main {
  $type: 'app.bsky.feed.post'
  /**
   * The primary post content. May be an empty string, if there are embeds.
   *
   * At most 3000 bytes, at most 300 graphemes.
   */
  text: string
  /** @deprecated replaced by app.bsky.richtext.facet. */
  entities?: Entity[]
  /** Annotations of text (mentions, URLs, hashtags, etc) */
  facets?: RichtextFacet.Main[]
  reply?: ReplyRef
  embed?:
    | l.$Typed<EmbedImages.Main>
    | l.$Typed<EmbedVideo.Main>
    | l.$Typed<EmbedGallery.Main>
    | l.$Typed<EmbedExternal.Main>
    | l.$Typed<EmbedRecord.Main>
    | l.$Typed<EmbedRecordWithMedia.Main>
    | l.Unknown$TypedObject
  /**
   * Indicates human language of post primary text content.
   *
   * At most 3 items, each format language.
   */
  langs?: string[]
  /** Self-label values for this post. Effectively content warnings. */
  labels?: l.$Typed<LabelDefs.SelfLabels> | l.Unknown$TypedObject
  /**
   * Additional hashtags, in addition to any included in post text and facets.
   *
   * At most 8 items, each at most 640 bytes, at most 64 graphemes.
   */
  tags?: string[]
  /**
   * Client-declared timestamp when this post was originally created.
   *
   * Format datetime.
   */
  createdAt: string
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const text = v.text
  if (typeof text !== 'string' || !text.isWellFormed()) return l.notType('string', text, 'text')
  if (text.length > 1000 && l.utf8Length(text) > 3000)
    return l.outOf('maxLength', 'at most 3000 bytes', l.utf8Length(text), 'text')
  if (text.length > 300 && l.graphemes(text, 300) > 300)
    return l.outOf('maxGraphemes', 'at most 300 graphemes', 'more', 'text')
  const entities = v.entities
  if (entities !== undefined) {
    if (!Array.isArray(entities)) return l.notType('array', entities, 'entities')
    for (let i = 0; i < entities.length; i++) {
      const item: unknown = entities[i]
      const itemFault = $checkEntity(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'entities', i)
    }
  }
  const facets = v.facets
  if (facets !== undefined) {
    if (!Array.isArray(facets)) return l.notType('array', facets, 'facets')
    for (let i = 0; i < facets.length; i++) {
      const item: unknown = facets[i]
      const itemFault = RichtextFacet.$checkMain(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'facets', i)
    }
  }
  const reply = v.reply
  if (reply !== undefined) {
    const replyFault = $checkReplyRef(reply, c)
    if (replyFault !== undefined) return l.at(replyFault, 'reply')
  }
  const embed = v.embed
  if (embed !== undefined) {
    if (!l.isTyped(embed)) return l.notType('an object with $type', embed, 'embed')
    let embedFault: l.Fault | undefined
    switch (embed.$type) {
      case 'app.bsky.embed.images':
        embedFault = EmbedImages.$checkMain(embed, c)
        break
      case 'app.bsky.embed.video':
        embedFault = EmbedVideo.$checkMain(embed, c)
        break
      case 'app.bsky.embed.gallery':
        embedFault = EmbedGallery.$checkMain(embed, c)
        break
      case 'app.bsky.embed.external':
        embedFault = EmbedExternal.$checkMain(embed, c)
        break
      case 'app.bsky.embed.record':
        embedFault = EmbedRecord.$checkMain(embed, c)
        break
      case 'app.bsky.embed.recordWithMedia':
        embedFault = EmbedRecordWithMedia.$checkMain(embed, c)
        break
      default:
        embedFault = l.openMember(embed)
    }
    if (embedFault !== undefined) return l.at(embedFault, 'embed')
  }
  const langs = v.langs
  if (langs !== undefined) {
    if (!Array.isArray(langs)) return l.notType('array', langs, 'langs')
    if (langs.length > 3) return l.outOf('maxLength', 'at most 3 items', langs.length, 'langs')
    for (let i = 0; i < langs.length; i++) {
      const item: unknown = langs[i]
      if (typeof item !== 'string' || !l.language(item, c)) return l.notFormat('language', item, 'langs', i)
    }
  }
  const labels = v.labels
  if (labels !== undefined) {
    if (!l.isTyped(labels)) return l.notType('an object with $type', labels, 'labels')
    let labelsFault: l.Fault | undefined
    switch (labels.$type) {
      case 'com.atproto.label.defs#selfLabels':
        labelsFault = LabelDefs.$checkSelfLabels(labels, c)
        break
      default:
        labelsFault = l.openMember(labels)
    }
    if (labelsFault !== undefined) return l.at(labelsFault, 'labels')
  }
  const tags = v.tags
  if (tags !== undefined) {
    if (!Array.isArray(tags)) return l.notType('array', tags, 'tags')
    if (tags.length > 8) return l.outOf('maxLength', 'at most 8 items', tags.length, 'tags')
    for (let i = 0; i < tags.length; i++) {
      const item: unknown = tags[i]
      if (typeof item !== 'string' || !item.isWellFormed()) return l.notType('string', item, 'tags', i)
      if (item.length > 213 && l.utf8Length(item) > 640)
        return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(item), 'tags', i)
      if (item.length > 64 && l.graphemes(item, 64) > 64)
        return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'tags', i)
    }
  }
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  return undefined
}

/** Record containing a Bluesky post. */
export const main: l.RecordSchema<Main, 'app.bsky.feed.post'> = /*#__PURE__*/ l.record(
  $nsid,
  'tid',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface ReplyRef {
  $type?: 'app.bsky.feed.post#replyRef'
  root: RepoStrongRef.Main
  parent: RepoStrongRef.Main
}

/** @internal */
export function $checkReplyRef(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ReplyRef>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.post#replyRef')
    return l.fault('$type', 'app.bsky.feed.post#replyRef', v.$type, '$type')
  const root = v.root
  const rootFault = RepoStrongRef.$checkMain(root, c)
  if (rootFault !== undefined) return l.at(rootFault, 'root')
  const parent = v.parent
  const parentFault = RepoStrongRef.$checkMain(parent, c)
  if (parentFault !== undefined) return l.at(parentFault, 'parent')
  return undefined
}

export const replyRef: l.ObjectSchema<ReplyRef, 'app.bsky.feed.post#replyRef'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.post#replyRef',
  $checkReplyRef,
)

/** @deprecated use facets instead. */
export interface Entity {
  $type?: 'app.bsky.feed.post#entity'
  index: TextSlice
  /** Expected values are 'mention' and 'link'. */
  type: string
  value: string
}

/** @internal */
export function $checkEntity(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Entity>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.post#entity')
    return l.fault('$type', 'app.bsky.feed.post#entity', v.$type, '$type')
  const index = v.index
  const indexFault = $checkTextSlice(index, c)
  if (indexFault !== undefined) return l.at(indexFault, 'index')
  const type = v.type
  if (typeof type !== 'string' || !type.isWellFormed()) return l.notType('string', type, 'type')
  const value = v.value
  if (typeof value !== 'string' || !value.isWellFormed()) return l.notType('string', value, 'value')
  return undefined
}

/** @deprecated use facets instead. */
export const entity: l.ObjectSchema<Entity, 'app.bsky.feed.post#entity'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.post#entity',
  $checkEntity,
)

/**
 * @deprecated Use app.bsky.richtext instead -- A text segment. Start is inclusive, end is exclusive. Indices
 * are for utf16-encoded strings.
 */
export interface TextSlice {
  $type?: 'app.bsky.feed.post#textSlice'
  /** At least 0. */
  start: number
  /** At least 0. */
  end: number
}

/** @internal */
export function $checkTextSlice(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<TextSlice>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.post#textSlice')
    return l.fault('$type', 'app.bsky.feed.post#textSlice', v.$type, '$type')
  const start = v.start
  if (typeof start !== 'number' || !Number.isSafeInteger(start)) return l.notType('integer', start, 'start')
  if (start < 0) return l.outOf('minimum', 'at least 0', start, 'start')
  const end = v.end
  if (typeof end !== 'number' || !Number.isSafeInteger(end)) return l.notType('integer', end, 'end')
  if (end < 0) return l.outOf('minimum', 'at least 0', end, 'end')
  return undefined
}

/**
 * @deprecated Use app.bsky.richtext instead -- A text segment. Start is inclusive, end is exclusive. Indices
 * are for utf16-encoded strings.
 */
export const textSlice: l.ObjectSchema<TextSlice, 'app.bsky.feed.post#textSlice'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.post#textSlice',
  $checkTextSlice,
)
