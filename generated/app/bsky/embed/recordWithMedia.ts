// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as EmbedExternal from './external.ts'
import * as EmbedGallery from './gallery.ts'
import * as EmbedImages from './images.ts'
import * as EmbedRecord from './record.ts'
import * as EmbedVideo from './video.ts'

/**
 * A representation of a record embedded in a Bluesky record (eg, a post), alongside other compatible embeds.
 * For example, a quote post and image, or a quote post and external URL card.
 */
export const $nsid = 'app.bsky.embed.recordWithMedia'
export const $type = 'app.bsky.embed.recordWithMedia'

export interface Main {
  $type?: 'app.bsky.embed.recordWithMedia'
  record: EmbedRecord.Main
  media:
    | l.$Typed<EmbedImages.Main>
    | l.$Typed<EmbedVideo.Main>
    | l.$Typed<EmbedGallery.Main>
    | l.$Typed<EmbedExternal.Main>
    | l.Unknown$TypedObject
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.recordWithMedia')
    return l.fault('$type', 'app.bsky.embed.recordWithMedia', v.$type, '$type')
  const record = v.record
  const recordFault = EmbedRecord.$checkMain(record, c)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const media = v.media
  if (!l.isTyped(media)) return l.notType('an object with $type', media, 'media')
  let mediaFault: l.Fault | undefined
  switch (media.$type) {
    case 'app.bsky.embed.images':
      mediaFault = EmbedImages.$checkMain(media, c)
      break
    case 'app.bsky.embed.video':
      mediaFault = EmbedVideo.$checkMain(media, c)
      break
    case 'app.bsky.embed.gallery':
      mediaFault = EmbedGallery.$checkMain(media, c)
      break
    case 'app.bsky.embed.external':
      mediaFault = EmbedExternal.$checkMain(media, c)
      break
    default:
      mediaFault = l.openMember(media)
  }
  if (mediaFault !== undefined) return l.at(mediaFault, 'media')
  return undefined
}

export const main: l.ObjectSchema<Main, 'app.bsky.embed.recordWithMedia'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.recordWithMedia',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface View {
  $type?: 'app.bsky.embed.recordWithMedia#view'
  record: EmbedRecord.View
  media:
    | l.$Typed<EmbedImages.View>
    | l.$Typed<EmbedVideo.View>
    | l.$Typed<EmbedGallery.View>
    | l.$Typed<EmbedExternal.View>
    | l.Unknown$TypedObject
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.recordWithMedia#view')
    return l.fault('$type', 'app.bsky.embed.recordWithMedia#view', v.$type, '$type')
  const record = v.record
  const recordFault = EmbedRecord.$checkView(record, c, depth + 1)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const media = v.media
  if (!l.isTyped(media)) return l.notType('an object with $type', media, 'media')
  let mediaFault: l.Fault | undefined
  switch (media.$type) {
    case 'app.bsky.embed.images#view':
      mediaFault = EmbedImages.$checkView(media, c)
      break
    case 'app.bsky.embed.video#view':
      mediaFault = EmbedVideo.$checkView(media, c)
      break
    case 'app.bsky.embed.gallery#view':
      mediaFault = EmbedGallery.$checkView(media, c)
      break
    case 'app.bsky.embed.external#view':
      mediaFault = EmbedExternal.$checkView(media, c, 0)
      break
    default:
      mediaFault = l.openMember(media)
  }
  if (mediaFault !== undefined) return l.at(mediaFault, 'media')
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.recordWithMedia#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.recordWithMedia#view',
  $checkView,
)
