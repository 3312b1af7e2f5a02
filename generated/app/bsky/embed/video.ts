// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as EmbedDefs from './defs.ts'

/** A video embedded in a Bluesky record (eg, a post). */
export const $nsid = 'app.bsky.embed.video'
export const $type = 'app.bsky.embed.video'

export interface Main {
  $type?: 'app.bsky.embed.video'
  /**
   * The mp4 video file. May be up to 300mb, formerly limited to 100mb.
   *
   * Accepts video/mp4, at most 300000000 bytes.
   */
  video: l.BlobRef
  /** At most 20 items. */
  captions?: Caption[]
  /** Alt text description of the video, for accessibility. */
  alt?: string
  aspectRatio?: EmbedDefs.AspectRatio
  /** A hint to the client about how to present the video. */
  presentation?: 'default' | 'gif' | l.UnknownString
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.video')
    return l.fault('$type', 'app.bsky.embed.video', v.$type, '$type')
  const video = v.video
  if (!l.isBlob(video, c)) return l.notBlob(video, c, 'video')
  if (video.mimeType !== 'video/mp4')
    return l.fault('accept', 'a blob of video/mp4', video.mimeType, 'video', 'mimeType')
  if (video.$type === 'blob' && video.size > 300000000)
    return l.outOf('maxSize', 'at most 300000000 bytes', video.size, 'video', 'size')
  const captions = v.captions
  if (captions !== undefined) {
    if (!Array.isArray(captions)) return l.notType('array', captions, 'captions')
    if (captions.length > 20) return l.outOf('maxLength', 'at most 20 items', captions.length, 'captions')
    for (let i = 0; i < captions.length; i++) {
      const item: unknown = captions[i]
      const itemFault = $checkCaption(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'captions', i)
    }
  }
  const alt = v.alt
  if (alt !== undefined) {
    if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  }
  const aspectRatio = v.aspectRatio
  if (aspectRatio !== undefined) {
    const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
    if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  }
  const presentation = v.presentation
  if (presentation !== undefined) {
    if (typeof presentation !== 'string' || !presentation.isWellFormed())
      return l.notType('string', presentation, 'presentation')
  }
  return undefined
}

export const main: l.ObjectSchema<Main, 'app.bsky.embed.video'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.video',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface Caption {
  $type?: 'app.bsky.embed.video#caption'
  /** Format language. */
  lang: string
  /** Accepts text/vtt, at most 20000 bytes. */
  file: l.BlobRef
}

/** @internal */
export function $checkCaption(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Caption>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.video#caption')
    return l.fault('$type', 'app.bsky.embed.video#caption', v.$type, '$type')
  const lang = v.lang
  if (typeof lang !== 'string' || !l.language(lang, c)) return l.notFormat('language', lang, 'lang')
  const file = v.file
  if (!l.isBlob(file, c)) return l.notBlob(file, c, 'file')
  if (file.mimeType !== 'text/vtt')
    return l.fault('accept', 'a blob of text/vtt', file.mimeType, 'file', 'mimeType')
  if (file.$type === 'blob' && file.size > 20000)
    return l.outOf('maxSize', 'at most 20000 bytes', file.size, 'file', 'size')
  return undefined
}

export const caption: l.ObjectSchema<Caption, 'app.bsky.embed.video#caption'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.video#caption',
  $checkCaption,
)

export interface View {
  $type?: 'app.bsky.embed.video#view'
  /** Format cid. */
  cid: string
  /** Format uri. */
  playlist: string
  /** Format uri. */
  thumbnail?: string
  alt?: string
  aspectRatio?: EmbedDefs.AspectRatio
  /** A hint to the client about how to present the video. */
  presentation?: 'default' | 'gif' | l.UnknownString
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.video#view')
    return l.fault('$type', 'app.bsky.embed.video#view', v.$type, '$type')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  const playlist = v.playlist
  if (typeof playlist !== 'string' || !l.uri(playlist, c)) return l.notFormat('uri', playlist, 'playlist')
  const thumbnail = v.thumbnail
  if (thumbnail !== undefined) {
    if (typeof thumbnail !== 'string' || !l.uri(thumbnail, c))
      return l.notFormat('uri', thumbnail, 'thumbnail')
  }
  const alt = v.alt
  if (alt !== undefined) {
    if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  }
  const aspectRatio = v.aspectRatio
  if (aspectRatio !== undefined) {
    const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
    if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  }
  const presentation = v.presentation
  if (presentation !== undefined) {
    if (typeof presentation !== 'string' || !presentation.isWellFormed())
      return l.notType('string', presentation, 'presentation')
  }
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.video#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.video#view',
  $checkView,
)
