// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'
import * as ActorDefs from '../actor/defs.ts'

export const $nsid = 'app.bsky.embed.external'
export const $type = 'app.bsky.embed.external'

/**
 * A representation of some externally linked content (eg, a URL and 'card'), embedded in a Bluesky record
 * (eg, a post).
 */
export interface Main {
  $type?: 'app.bsky.embed.external'
  external: External
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external')
    return l.fault('$type', 'app.bsky.embed.external', v.$type, '$type')
  const external = v.external
  const externalFault = $checkExternal(external, c)
  if (externalFault !== undefined) return l.at(externalFault, 'external')
  return undefined
}

/**
 * A representation of some externally linked content (eg, a URL and 'card'), embedded in a Bluesky record
 * (eg, a post).
 */
export const main: l.ObjectSchema<Main, 'app.bsky.embed.external'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.external',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')

export interface External {
  $type?: 'app.bsky.embed.external#external'
  /** Format uri. */
  uri: string
  title: string
  description: string
  /** Accepts image/*, at most 1000000 bytes. */
  thumb?: l.BlobRef
  /** StrongRefs (uri+cid) of the Atmosphere records that backed this view. */
  associatedRefs?: RepoStrongRef.Main[]
}

/** @internal */
export function $checkExternal(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<External>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#external')
    return l.fault('$type', 'app.bsky.embed.external#external', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.uri(uri, c)) return l.notFormat('uri', uri, 'uri')
  const title = v.title
  if (typeof title !== 'string' || !title.isWellFormed()) return l.notType('string', title, 'title')
  const description = v.description
  if (typeof description !== 'string' || !description.isWellFormed())
    return l.notType('string', description, 'description')
  const thumb = v.thumb
  if (thumb !== undefined) {
    if (!l.isBlob(thumb, c)) return l.notBlob(thumb, c, 'thumb')
    if (!thumb.mimeType.startsWith('image/'))
      return l.fault('accept', 'a blob of image/*', thumb.mimeType, 'thumb', 'mimeType')
    if (thumb.$type === 'blob' && thumb.size > 1000000)
      return l.outOf('maxSize', 'at most 1000000 bytes', thumb.size, 'thumb', 'size')
  }
  const associatedRefs = v.associatedRefs
  if (associatedRefs !== undefined) {
    if (!Array.isArray(associatedRefs)) return l.notType('array', associatedRefs, 'associatedRefs')
    for (let i = 0; i < associatedRefs.length; i++) {
      const item: unknown = associatedRefs[i]
      const itemFault = RepoStrongRef.$checkMain(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'associatedRefs', i)
    }
  }
  return undefined
}

export const external: l.ObjectSchema<External, 'app.bsky.embed.external#external'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.external#external',
  $checkExternal,
)

export interface View {
  $type?: 'app.bsky.embed.external#view'
  external: ViewExternal
}

/** @internal */
export function $checkView(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<View>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#view')
    return l.fault('$type', 'app.bsky.embed.external#view', v.$type, '$type')
  const external = v.external
  const externalFault = $checkViewExternal(external, c, depth + 1)
  if (externalFault !== undefined) return l.at(externalFault, 'external')
  return undefined
}

export const view: l.ObjectSchema<View, 'app.bsky.embed.external#view'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.external#view',
  $checkView,
)

export interface ViewExternal {
  $type?: 'app.bsky.embed.external#viewExternal'
  /** Format uri. */
  uri: string
  title: string
  description: string
  /** Format uri. */
  thumb?: string
  /**
   * When the external content was created, if available. Example: a publication date, for an article.
   *
   * Format datetime.
   */
  createdAt?: string
  /**
   * When the external content was updated, if available.
   *
   * Format datetime.
   */
  updatedAt?: string
  /** Estimated reading time in minutes, if applicable and available. */
  readingTime?: number
  labels?: LabelDefs.Label[]
  source?: ViewExternalSource
  /** StrongRefs (uri+cid) of the Atmosphere records that backed this view. */
  associatedRefs?: RepoStrongRef.Main[]
  /** Profiles of the owners of the Atmosphere records that backed this view. */
  associatedProfiles?: ActorDefs.ProfileViewBasic[]
}

/** @internal */
export function $checkViewExternal(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<ViewExternal>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#viewExternal')
    return l.fault('$type', 'app.bsky.embed.external#viewExternal', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.uri(uri, c)) return l.notFormat('uri', uri, 'uri')
  const title = v.title
  if (typeof title !== 'string' || !title.isWellFormed()) return l.notType('string', title, 'title')
  const description = v.description
  if (typeof description !== 'string' || !description.isWellFormed())
    return l.notType('string', description, 'description')
  const thumb = v.thumb
  if (thumb !== undefined) {
    if (typeof thumb !== 'string' || !l.uri(thumb, c)) return l.notFormat('uri', thumb, 'thumb')
  }
  const createdAt = v.createdAt
  if (createdAt !== undefined) {
    if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
      return l.notFormat('datetime', createdAt, 'createdAt')
  }
  const updatedAt = v.updatedAt
  if (updatedAt !== undefined) {
    if (typeof updatedAt !== 'string' || !l.datetime(updatedAt, c))
      return l.notFormat('datetime', updatedAt, 'updatedAt')
  }
  const readingTime = v.readingTime
  if (readingTime !== undefined) {
    if (!Number.isSafeInteger(readingTime)) return l.notType('integer', readingTime, 'readingTime')
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
  const source = v.source
  if (source !== undefined) {
    const sourceFault = $checkViewExternalSource(source, c)
    if (sourceFault !== undefined) return l.at(sourceFault, 'source')
  }
  const associatedRefs = v.associatedRefs
  if (associatedRefs !== undefined) {
    if (!Array.isArray(associatedRefs)) return l.notType('array', associatedRefs, 'associatedRefs')
    for (let i = 0; i < associatedRefs.length; i++) {
      const item: unknown = associatedRefs[i]
      const itemFault = RepoStrongRef.$checkMain(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'associatedRefs', i)
    }
  }
  const associatedProfiles = v.associatedProfiles
  if (associatedProfiles !== undefined) {
    if (!Array.isArray(associatedProfiles))
      return l.notType('array', associatedProfiles, 'associatedProfiles')
    for (let i = 0; i < associatedProfiles.length; i++) {
      const item: unknown = associatedProfiles[i]
      const itemFault = ActorDefs.$checkProfileViewBasic(item, c, depth + 1)
      if (itemFault !== undefined) return l.at(itemFault, 'associatedProfiles', i)
    }
  }
  return undefined
}

export const viewExternal: l.ObjectSchema<ViewExternal, 'app.bsky.embed.external#viewExternal'> =
  /*#__PURE__*/ l.object('app.bsky.embed.external#viewExternal', $checkViewExternal)

/** The source of an external embed, such as a standard.site publication. */
export interface ViewExternalSource {
  $type?: 'app.bsky.embed.external#viewExternalSource'
  /**
   * URI of the source, if available. Example: the https:// URL of a site.standard.publication record.
   *
   * Format uri.
   */
  uri: string
  /**
   * Fully-qualified URL where an icon representing the source can be fetched. For example, CDN location
   * provided by the App View.
   *
   * Format uri.
   */
  icon?: string
  title: string
  description?: string
  theme?: ViewExternalSourceTheme
}

/** @internal */
export function $checkViewExternalSource(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ViewExternalSource>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#viewExternalSource')
    return l.fault('$type', 'app.bsky.embed.external#viewExternalSource', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.uri(uri, c)) return l.notFormat('uri', uri, 'uri')
  const icon = v.icon
  if (icon !== undefined) {
    if (typeof icon !== 'string' || !l.uri(icon, c)) return l.notFormat('uri', icon, 'icon')
  }
  const title = v.title
  if (typeof title !== 'string' || !title.isWellFormed()) return l.notType('string', title, 'title')
  const description = v.description
  if (description !== undefined) {
    if (typeof description !== 'string' || !description.isWellFormed())
      return l.notType('string', description, 'description')
  }
  const theme = v.theme
  if (theme !== undefined) {
    const themeFault = $checkViewExternalSourceTheme(theme, c)
    if (themeFault !== undefined) return l.at(themeFault, 'theme')
  }
  return undefined
}

/** The source of an external embed, such as a standard.site publication. */
export const viewExternalSource: l.ObjectSchema<
  ViewExternalSource,
  'app.bsky.embed.external#viewExternalSource'
> = /*#__PURE__*/ l.object('app.bsky.embed.external#viewExternalSource', $checkViewExternalSource)

/**
 * The theme colors of an external source, such as a site.standard.publication. These colors may be used when
 * rendering an embed from that source.
 */
export interface ViewExternalSourceTheme {
  $type?: 'app.bsky.embed.external#viewExternalSourceTheme'
  backgroundRGB?: ColorRGB
  foregroundRGB?: ColorRGB
  accentRGB?: ColorRGB
  accentForegroundRGB?: ColorRGB
}

/** @internal */
export function $checkViewExternalSourceTheme(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ViewExternalSourceTheme>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#viewExternalSourceTheme')
    return l.fault('$type', 'app.bsky.embed.external#viewExternalSourceTheme', v.$type, '$type')
  const backgroundRGB = v.backgroundRGB
  if (backgroundRGB !== undefined) {
    const backgroundRGBFault = $checkColorRGB(backgroundRGB, c)
    if (backgroundRGBFault !== undefined) return l.at(backgroundRGBFault, 'backgroundRGB')
  }
  const foregroundRGB = v.foregroundRGB
  if (foregroundRGB !== undefined) {
    const foregroundRGBFault = $checkColorRGB(foregroundRGB, c)
    if (foregroundRGBFault !== undefined) return l.at(foregroundRGBFault, 'foregroundRGB')
  }
  const accentRGB = v.accentRGB
  if (accentRGB !== undefined) {
    const accentRGBFault = $checkColorRGB(accentRGB, c)
    if (accentRGBFault !== undefined) return l.at(accentRGBFault, 'accentRGB')
  }
  const accentForegroundRGB = v.accentForegroundRGB
  if (accentForegroundRGB !== undefined) {
    const accentForegroundRGBFault = $checkColorRGB(accentForegroundRGB, c)
    if (accentForegroundRGBFault !== undefined) return l.at(accentForegroundRGBFault, 'accentForegroundRGB')
  }
  return undefined
}

/**
 * The theme colors of an external source, such as a site.standard.publication. These colors may be used when
 * rendering an embed from that source.
 */
export const viewExternalSourceTheme: l.ObjectSchema<
  ViewExternalSourceTheme,
  'app.bsky.embed.external#viewExternalSourceTheme'
> = /*#__PURE__*/ l.object('app.bsky.embed.external#viewExternalSourceTheme', $checkViewExternalSourceTheme)

/** RGB color definition, inspired by site.standard.theme.color#rgb */
export interface ColorRGB {
  $type?: 'app.bsky.embed.external#colorRGB'
  /** At least 0, at most 255. */
  r: number
  /** At least 0, at most 255. */
  g: number
  /** At least 0, at most 255. */
  b: number
}

/** @internal */
export function $checkColorRGB(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ColorRGB>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.embed.external#colorRGB')
    return l.fault('$type', 'app.bsky.embed.external#colorRGB', v.$type, '$type')
  const r = v.r
  if (typeof r !== 'number' || !Number.isSafeInteger(r)) return l.notType('integer', r, 'r')
  if (r < 0) return l.outOf('minimum', 'at least 0', r, 'r')
  if (r > 255) return l.outOf('maximum', 'at most 255', r, 'r')
  const g = v.g
  if (typeof g !== 'number' || !Number.isSafeInteger(g)) return l.notType('integer', g, 'g')
  if (g < 0) return l.outOf('minimum', 'at least 0', g, 'g')
  if (g > 255) return l.outOf('maximum', 'at most 255', g, 'g')
  const b = v.b
  if (typeof b !== 'number' || !Number.isSafeInteger(b)) return l.notType('integer', b, 'b')
  if (b < 0) return l.outOf('minimum', 'at least 0', b, 'b')
  if (b > 255) return l.outOf('maximum', 'at most 255', b, 'b')
  return undefined
}

/** RGB color definition, inspired by site.standard.theme.color#rgb */
export const colorRGB: l.ObjectSchema<ColorRGB, 'app.bsky.embed.external#colorRGB'> = /*#__PURE__*/ l.object(
  'app.bsky.embed.external#colorRGB',
  $checkColorRGB,
)
