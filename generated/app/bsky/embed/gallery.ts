// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as EmbedDefs from './defs.ts'

/** An assortment of media embedded in a Bluesky record (eg, a post). */
export const $nsid = 'app.bsky.embed.gallery'
export const $type = 'app.bsky.embed.gallery'

export interface Main {
  $type?: 'app.bsky.embed.gallery'
  /**
   * The schema-level maxLength of 20 is a future-proof ceiling. Clients should currently enforce a soft limit
   * of 10 items in authoring UIs.
   *
   * At most 20 items.
   */
  items: (l.$Typed<Image> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.gallery')
    return l.fault('$type', 'app.bsky.embed.gallery', v.$type, '$type')
  const items = v.items
  if (!Array.isArray(items)) return l.notType('array', items, 'items')
  if (items.length > 20) return l.outOf('maxLength', 'at most 20 items', items.length, 'items')
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    if (!l.isTyped(item)) return l.notType('an object with $type', item, 'items', i)
    let itemFault: l.Fault | undefined
    switch (item.$type) {
      case 'app.bsky.embed.gallery#image':
        itemFault = $checkImage(item, c)
        break
      default:
        itemFault = l.openMember(item)
    }
    if (itemFault !== undefined) return l.at(itemFault, 'items', i)
  }
  return undefined
}

export const main: l.ObjectSchema<Main, 'app.bsky.embed.gallery'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.gallery',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface Image {
  $type?: 'app.bsky.embed.gallery#image'
  /** Accepts image/*, at most 2000000 bytes. */
  image: l.BlobRef
  /** Alt text description of the image, for accessibility. */
  alt: string
  aspectRatio: EmbedDefs.AspectRatio
}

/** @internal */
export function $checkImage(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Image>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.gallery#image')
    return l.fault('$type', 'app.bsky.embed.gallery#image', v.$type, '$type')
  const image = v.image
  if (!l.isBlob(image, c)) return l.notBlob(image, c, 'image')
  if (!image.mimeType.startsWith('image/'))
    return l.fault('accept', 'a blob of image/*', image.mimeType, 'image', 'mimeType')
  if (image.$type === 'blob' && image.size > 2000000)
    return l.outOf('maxSize', 'at most 2000000 bytes', image.size, 'image', 'size')
  const alt = v.alt
  if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  const aspectRatio = v.aspectRatio
  const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
  if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  return undefined
}

export const image: l.ObjectSchema<Image, 'app.bsky.embed.gallery#image'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.gallery#image',
  $checkImage,
)

export interface View {
  $type?: 'app.bsky.embed.gallery#view'
  items: (l.$Typed<ViewImage> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.gallery#view')
    return l.fault('$type', 'app.bsky.embed.gallery#view', v.$type, '$type')
  const items = v.items
  if (!Array.isArray(items)) return l.notType('array', items, 'items')
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    if (!l.isTyped(item)) return l.notType('an object with $type', item, 'items', i)
    let itemFault: l.Fault | undefined
    switch (item.$type) {
      case 'app.bsky.embed.gallery#viewImage':
        itemFault = $checkViewImage(item, c)
        break
      default:
        itemFault = l.openMember(item)
    }
    if (itemFault !== undefined) return l.at(itemFault, 'items', i)
  }
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.gallery#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.gallery#view',
  $checkView,
)

export interface ViewImage {
  $type?: 'app.bsky.embed.gallery#viewImage'
  /**
   * Fully-qualified URL where a thumbnail of the image can be fetched. For example, CDN location provided by
   * the App View.
   *
   * Format uri.
   */
  thumbnail: string
  /**
   * Fully-qualified URL where a large version of the image can be fetched. May or may not be the exact
   * original blob. For example, CDN location provided by the App View.
   *
   * Format uri.
   */
  fullsize: string
  /** Alt text description of the image, for accessibility. */
  alt: string
  aspectRatio: EmbedDefs.AspectRatio
}

/** @internal */
export function $checkViewImage(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewImage>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.gallery#viewImage')
    return l.fault('$type', 'app.bsky.embed.gallery#viewImage', v.$type, '$type')
  const thumbnail = v.thumbnail
  if (typeof thumbnail !== 'string' || !l.uri(thumbnail, c)) return l.notFormat('uri', thumbnail, 'thumbnail')
  const fullsize = v.fullsize
  if (typeof fullsize !== 'string' || !l.uri(fullsize, c)) return l.notFormat('uri', fullsize, 'fullsize')
  const alt = v.alt
  if (typeof alt !== 'string' || !alt.isWellFormed()) return l.notType('string', alt, 'alt')
  const aspectRatio = v.aspectRatio
  const aspectRatioFault = EmbedDefs.$checkAspectRatio(aspectRatio, c)
  if (aspectRatioFault !== undefined) return l.at(aspectRatioFault, 'aspectRatio')
  return undefined
}

export const viewImage: l.ObjectSchema<ViewImage, 'app.bsky.embed.gallery#viewImage'> =
  /*#__PURE__*/ l.object('app.bsky.embed.gallery#viewImage', $checkViewImage)
