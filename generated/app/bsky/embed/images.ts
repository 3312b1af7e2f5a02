// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as EmbedDefs from './defs.ts'

/** A set of images embedded in a Bluesky record (eg, a post). */
export const $nsid = 'app.bsky.embed.images'
export const $type = 'app.bsky.embed.images'

export interface Main {
  $type?: 'app.bsky.embed.images'
  /** At most 4 items. */
  images: Image[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.images')
    return l.fault('$type', 'app.bsky.embed.images', v.$type, '$type')
  const images = v.images
  if (!Array.isArray(images)) return l.notType('array', images, 'images')
  if (images.length > 4) return l.outOf('maxLength', 'at most 4 items', images.length, 'images')
  for (let i = 0; i < images.length; i++) {
    const item: unknown = images[i]
    const itemFault = $checkImage(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'images', i)
  }
  return undefined
}

export const main: l.ObjectSchema<Main, 'app.bsky.embed.images'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.images',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface Image {
  $type?: 'app.bsky.embed.images#image'
  /**
   * The raw image file. May be up to 2 MB, formerly limited to 1 MB.
   *
   * Accepts image/*, at most 2000000 bytes.
   */
  image: l.BlobRef
  /** Alt text description of the image, for accessibility. */
  alt: string
  aspectRatio?: EmbedDefs.AspectRatio
}

/** @internal */
export function $checkImage(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Image>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.images#image')
    return l.fault('$type', 'app.bsky.embed.images#image', v.$type, '$type')
  const image = v.image
  if (!l.isBlob(image, c)) return l.notBlob(image, c, 'image')
  if (!image.mimeType.startsWith('image/'))
    return l.fault('accept', 'a blob of image/*', image.mimeType, 'image', 'mimeType')
  if (image.$type === 'blob' && image.size > 2000000)
    return l.outOf('maxSize', 'at most 2000000 bytes', image.size, 'image', 'size')
  const alt = v.alt
  if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  const aspectRatio = v.aspectRatio
  if (aspectRatio !== undefined) {
    const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
    if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  }
  return undefined
}

export const image: l.ObjectSchema<Image, 'app.bsky.embed.images#image'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.images#image',
  $checkImage,
)

export interface View {
  $type?: 'app.bsky.embed.images#view'
  /** At most 4 items. */
  images: ViewImage[]
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.images#view')
    return l.fault('$type', 'app.bsky.embed.images#view', v.$type, '$type')
  const images = v.images
  if (!Array.isArray(images)) return l.notType('array', images, 'images')
  if (images.length > 4) return l.outOf('maxLength', 'at most 4 items', images.length, 'images')
  for (let i = 0; i < images.length; i++) {
    const item: unknown = images[i]
    const itemFault = $checkViewImage(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'images', i)
  }
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.images#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.images#view',
  $checkView,
)

export interface ViewImage {
  $type?: 'app.bsky.embed.images#viewImage'
  /**
   * Fully-qualified URL where a thumbnail of the image can be fetched. For example, CDN location provided by
   * the App View.
   *
   * Format uri.
   */
  thumb: string
  /**
   * Fully-qualified URL where a large version of the image can be fetched. May or may not be the exact
   * original blob. For example, CDN location provided by the App View.
   *
   * Format uri.
   */
  fullsize: string
  /** Alt text description of the image, for accessibility. */
  alt: string
  aspectRatio?: EmbedDefs.AspectRatio
}

/** @internal */
export function $checkViewImage(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewImage>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.images#viewImage')
    return l.fault('$type', 'app.bsky.embed.images#viewImage', v.$type, '$type')
  const thumb = v.thumb
  if (typeof thumb !== 'string' || !l.uri(thumb, c)) return l.notFormat('uri', thumb, 'thumb')
  const fullsize = v.fullsize
  if (typeof fullsize !== 'string' || !l.uri(fullsize, c)) return l.notFormat('uri', fullsize, 'fullsize')
  const alt = v.alt
  if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  const aspectRatio = v.aspectRatio
  if (aspectRatio !== undefined) {
    const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
    if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  }
  return undefined
}

export const viewImage: l.ObjectSchema<ViewImage, 'app.bsky.embed.images#viewImage'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.images#viewImage',
  $checkViewImage,
)
