// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'app.bsky.richtext.facet'
export const $type = 'app.bsky.richtext.facet'

/** Annotation of a sub-string within rich text. */
export interface Main {
  $type?: 'app.bsky.richtext.facet'
  index: ByteSlice
  features: (l.$Typed<Mention> | l.$Typed<Link> | l.$Typed<Tag> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.richtext.facet')
    return l.fault('$type', 'app.bsky.richtext.facet', v.$type, '$type')
  const index = v.index
  const indexFault = $checkByteSlice(index, c)
  if (indexFault !== undefined) return l.at(indexFault, 'index')
  const features = v.features
  if (!Array.isArray(features)) return l.notType('array', features, 'features')
  for (let i = 0; i < features.length; i++) {
    const item: unknown = features[i]
    if (!l.isTyped(item)) return l.notType('an object with $type', item, 'features', i)
    let itemFault: l.Fault | undefined
    switch (item.$type) {
      case 'app.bsky.richtext.facet#mention':
        itemFault = $checkMention(item, c)
        break
      case 'app.bsky.richtext.facet#link':
        itemFault = $checkLink(item, c)
        break
      case 'app.bsky.richtext.facet#tag':
        itemFault = $checkTag(item, c)
        break
      default:
        itemFault = l.openMember(item)
    }
    if (itemFault !== undefined) return l.at(itemFault, 'features', i)
  }
  return undefined
}

/** Annotation of a sub-string within rich text. */
export const main: l.ObjectSchema<Main, 'app.bsky.richtext.facet'> = /*#__PURE__*/ l.object(
  'app.bsky.richtext.facet',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

/**
 * Facet feature for mention of another account. The text is usually a handle, including a '@' prefix, but the
 * facet reference is a DID.
 */
export interface Mention {
  $type?: 'app.bsky.richtext.facet#mention'
  /** Format did. */
  did: string
}

/** @internal */
export function $checkMention(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Mention>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.richtext.facet#mention')
    return l.fault('$type', 'app.bsky.richtext.facet#mention', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  return undefined
}

/**
 * Facet feature for mention of another account. The text is usually a handle, including a '@' prefix, but the
 * facet reference is a DID.
 */
export const mention: l.ObjectSchema<Mention, 'app.bsky.richtext.facet#mention'> = /*#__PURE__*/ l.object(
  'app.bsky.richtext.facet#mention',
  $checkMention,
)

/**
 * Facet feature for a URL. The text URL may have been simplified or truncated, but the facet reference should
 * be a complete URL.
 */
export interface Link {
  $type?: 'app.bsky.richtext.facet#link'
  /** Format uri. */
  uri: string
}

/** @internal */
export function $checkLink(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Link>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.richtext.facet#link')
    return l.fault('$type', 'app.bsky.richtext.facet#link', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.uri(uri, c)) return l.notFormat('uri', uri, 'uri')
  return undefined
}

/**
 * Facet feature for a URL. The text URL may have been simplified or truncated, but the facet reference should
 * be a complete URL.
 */
export const link: l.ObjectSchema<Link, 'app.bsky.richtext.facet#link'> = /*#__PURE__*/ l.object(
  'app.bsky.richtext.facet#link',
  $checkLink,
)

/**
 * Facet feature for a hashtag. The text usually includes a '#' prefix, but the facet reference should not
 * (except in the case of 'double hash tags').
 */
export interface Tag {
  $type?: 'app.bsky.richtext.facet#tag'
  /** At most 640 bytes, at most 64 graphemes. */
  tag: string
}

/** @internal */
export function $checkTag(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Tag>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.richtext.facet#tag')
    return l.fault('$type', 'app.bsky.richtext.facet#tag', v.$type, '$type')
  const tag = v.tag
  if (typeof tag !== 'string' || !tag.isWellFormed()) return l.notType('string', tag, 'tag')
  if (tag.length > 213 && l.utf8Length(tag) > 640)
    return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(tag), 'tag')
  if (tag.length > 64 && l.graphemes(tag, 64) > 64)
    return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'tag')
  return undefined
}

/**
 * Facet feature for a hashtag. The text usually includes a '#' prefix, but the facet reference should not
 * (except in the case of 'double hash tags').
 */
export const tag: l.ObjectSchema<Tag, 'app.bsky.richtext.facet#tag'> = /*#__PURE__*/ l.object(
  'app.bsky.richtext.facet#tag',
  $checkTag,
)

/**
 * Specifies the sub-string range a facet feature applies to. Start index is inclusive, end index is
 * exclusive. Indices are zero-indexed, counting bytes of the UTF-8 encoded text. NOTE: some languages, like
 * Javascript, use UTF-16 or Unicode codepoints for string slice indexing; in these languages, convert to byte
 * arrays before working with facets.
 */
export interface ByteSlice {
  $type?: 'app.bsky.richtext.facet#byteSlice'
  /** At least 0. */
  byteStart: number
  /** At least 0. */
  byteEnd: number
}

/** @internal */
export function $checkByteSlice(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ByteSlice>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.richtext.facet#byteSlice')
    return l.fault('$type', 'app.bsky.richtext.facet#byteSlice', v.$type, '$type')
  const byteStart = v.byteStart
  if (typeof byteStart !== 'number' || !Number.isSafeInteger(byteStart))
    return l.notType('integer', byteStart, 'byteStart')
  if (byteStart < 0) return l.outOf('minimum', 'at least 0', byteStart, 'byteStart')
  const byteEnd = v.byteEnd
  if (typeof byteEnd !== 'number' || !Number.isSafeInteger(byteEnd))
    return l.notType('integer', byteEnd, 'byteEnd')
  if (byteEnd < 0) return l.outOf('minimum', 'at least 0', byteEnd, 'byteEnd')
  return undefined
}

/**
 * Specifies the sub-string range a facet feature applies to. Start index is inclusive, end index is
 * exclusive. Indices are zero-indexed, counting bytes of the UTF-8 encoded text. NOTE: some languages, like
 * Javascript, use UTF-16 or Unicode codepoints for string slice indexing; in these languages, convert to byte
 * arrays before working with facets.
 */
export const byteSlice: l.ObjectSchema<ByteSlice, 'app.bsky.richtext.facet#byteSlice'> =
  /*#__PURE__*/ l.object('app.bsky.richtext.facet#byteSlice', $checkByteSlice)
