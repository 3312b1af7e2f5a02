// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'

export const $nsid = 'app.bsky.actor.profile'
export const $type = 'app.bsky.actor.profile'

/** A declaration of a Bluesky account profile. */
export interface Main {
  $type: 'app.bsky.actor.profile'
  /** At most 640 bytes, at most 64 graphemes. */
  displayName?: string
  /**
   * Free-form profile description text.
   *
   * At most 2560 bytes, at most 256 graphemes.
   */
  description?: string
  /**
   * Free-form pronouns text.
   *
   * At most 200 bytes, at most 20 graphemes.
   */
  pronouns?: string
  /** Format uri. */
  website?: string
  /**
   * Small image to be displayed next to posts from account. AKA, 'profile picture'
   *
   * Accepts image/png, image/jpeg, at most 1000000 bytes.
   */
  avatar?: l.BlobRef
  /**
   * Larger horizontal image to display behind profile view.
   *
   * Accepts image/png, image/jpeg, at most 1000000 bytes.
   */
  banner?: l.BlobRef
  /** Self-label values, specific to the Bluesky application, on the overall account. */
  labels?: l.$Typed<LabelDefs.SelfLabels> | l.Unknown$TypedObject
  joinedViaStarterPack?: RepoStrongRef.Main
  pinnedPost?: RepoStrongRef.Main
  /** Format datetime. */
  createdAt?: string
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const displayName = v.displayName
  if (displayName !== undefined) {
    if (typeof displayName !== 'string' || !displayName.isWellFormed())
      return l.notType('string', displayName, 'displayName')
    if (displayName.length > 213 && l.utf8Length(displayName) > 640)
      return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(displayName), 'displayName')
    if (displayName.length > 64 && l.graphemes(displayName, 64) > 64)
      return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'displayName')
  }
  const description = v.description
  if (description !== undefined) {
    if (typeof description !== 'string' || !description.isWellFormed())
      return l.notType('string', description, 'description')
    if (description.length > 853 && l.utf8Length(description) > 2560)
      return l.outOf('maxLength', 'at most 2560 bytes', l.utf8Length(description), 'description')
    if (description.length > 256 && l.graphemes(description, 256) > 256)
      return l.outOf('maxGraphemes', 'at most 256 graphemes', 'more', 'description')
  }
  const pronouns = v.pronouns
  if (pronouns !== undefined) {
    if (typeof pronouns !== 'string' || !pronouns.isWellFormed())
      return l.notType('string', pronouns, 'pronouns')
    if (pronouns.length > 66 && l.utf8Length(pronouns) > 200)
      return l.outOf('maxLength', 'at most 200 bytes', l.utf8Length(pronouns), 'pronouns')
    if (pronouns.length > 20 && l.graphemes(pronouns, 20) > 20)
      return l.outOf('maxGraphemes', 'at most 20 graphemes', 'more', 'pronouns')
  }
  const website = v.website
  if (website !== undefined) {
    if (typeof website !== 'string' || !l.uri(website, c)) return l.notFormat('uri', website, 'website')
  }
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (!l.isBlob(avatar, c)) return l.notBlob(avatar, c, 'avatar')
    if (avatar.mimeType !== 'image/png' && avatar.mimeType !== 'image/jpeg')
      return l.fault('accept', 'a blob of image/png or image/jpeg', avatar.mimeType, 'avatar', 'mimeType')
    if (avatar.$type === 'blob' && avatar.size > 1000000)
      return l.outOf('maxSize', 'at most 1000000 bytes', avatar.size, 'avatar', 'size')
  }
  const banner = v.banner
  if (banner !== undefined) {
    if (!l.isBlob(banner, c)) return l.notBlob(banner, c, 'banner')
    if (banner.mimeType !== 'image/png' && banner.mimeType !== 'image/jpeg')
      return l.fault('accept', 'a blob of image/png or image/jpeg', banner.mimeType, 'banner', 'mimeType')
    if (banner.$type === 'blob' && banner.size > 1000000)
      return l.outOf('maxSize', 'at most 1000000 bytes', banner.size, 'banner', 'size')
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
  const joinedViaStarterPack = v.joinedViaStarterPack
  if (joinedViaStarterPack !== undefined) {
    const joinedViaStarterPackFault = RepoStrongRef.$checkMain(joinedViaStarterPack, c)
    if (joinedViaStarterPackFault !== undefined)
      return l.at(joinedViaStarterPackFault, 'joinedViaStarterPack')
  }
  const pinnedPost = v.pinnedPost
  if (pinnedPost !== undefined) {
    const pinnedPostFault = RepoStrongRef.$checkMain(pinnedPost, c)
    if (pinnedPostFault !== undefined) return l.at(pinnedPostFault, 'pinnedPost')
  }
  const createdAt = v.createdAt
  if (createdAt !== undefined) {
    if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
      return l.notFormat('datetime', createdAt, 'createdAt')
  }
  return undefined
}

/** A declaration of a Bluesky account profile. */
export const main: l.RecordSchema<Main, 'app.bsky.actor.profile'> = /*#__PURE__*/ l.record(
  $nsid,
  'literal:self',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')
