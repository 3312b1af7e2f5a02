// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as LabelDefs from '../../../com/atproto/label/defs.ts'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'
import * as EmbedExternal from '../embed/external.ts'
import * as FeedPostgate from '../feed/postgate.ts'
import * as FeedThreadgate from '../feed/threadgate.ts'
import * as GraphDefs from '../graph/defs.ts'
import * as NotificationDefs from '../notification/defs.ts'

export const $nsid = 'app.bsky.actor.defs'

export interface ProfileViewBasic {
  $type?: 'app.bsky.actor.defs#profileViewBasic'
  /** Format did. */
  did: string
  /** Format handle. */
  handle: string
  /** At most 640 bytes, at most 64 graphemes. */
  displayName?: string
  pronouns?: string
  /** Format uri. */
  avatar?: string
  associated?: ProfileAssociated
  viewer?: ViewerState
  labels?: LabelDefs.Label[]
  /** Format datetime. */
  createdAt?: string
  verification?: VerificationState
  status?: StatusView
  /** Debug information for internal development */
  debug?: l.LexMap
}

/** @internal */
export function $checkProfileViewBasic(
  v: unknown,
  c: l.CheckOptions,
  depth: number = 0,
): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<ProfileViewBasic>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileViewBasic')
    return l.fault('$type', 'app.bsky.actor.defs#profileViewBasic', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const handle = v.handle
  if (typeof handle !== 'string' || !l.isHandle(handle)) return l.notFormat('handle', handle, 'handle')
  const displayName = v.displayName
  if (displayName !== undefined) {
    if (typeof displayName !== 'string' || !displayName.isWellFormed())
      return l.notType('string', displayName, 'displayName')
    if (displayName.length > 213 && l.utf8Length(displayName) > 640)
      return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(displayName), 'displayName')
    if (displayName.length > 64 && l.graphemes(displayName, 64) > 64)
      return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'displayName')
  }
  const pronouns = v.pronouns
  if (pronouns !== undefined) {
    if (typeof pronouns !== 'string' || !pronouns.isWellFormed())
      return l.notType('string', pronouns, 'pronouns')
  }
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const associated = v.associated
  if (associated !== undefined) {
    const associatedFault = $checkProfileAssociated(associated, c)
    if (associatedFault !== undefined) return l.at(associatedFault, 'associated')
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkViewerState(viewer, c, depth + 1)
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
  const createdAt = v.createdAt
  if (createdAt !== undefined) {
    if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
      return l.notFormat('datetime', createdAt, 'createdAt')
  }
  const verification = v.verification
  if (verification !== undefined) {
    const verificationFault = $checkVerificationState(verification, c)
    if (verificationFault !== undefined) return l.at(verificationFault, 'verification')
  }
  const status = v.status
  if (status !== undefined) {
    const statusFault = $checkStatusView(status, c, depth + 1)
    if (statusFault !== undefined) return l.at(statusFault, 'status')
  }
  const debug = v.debug
  if (debug !== undefined) {
    const debugFault = l.data(debug)
    if (debugFault !== undefined) return l.at(debugFault, 'debug')
  }
  return undefined
}

export const profileViewBasic: l.ObjectSchema<ProfileViewBasic, 'app.bsky.actor.defs#profileViewBasic'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#profileViewBasic', $checkProfileViewBasic)

export interface ProfileView {
  $type?: 'app.bsky.actor.defs#profileView'
  /** Format did. */
  did: string
  /** Format handle. */
  handle: string
  /** At most 640 bytes, at most 64 graphemes. */
  displayName?: string
  pronouns?: string
  /** At most 2560 bytes, at most 256 graphemes. */
  description?: string
  /** Format uri. */
  avatar?: string
  associated?: ProfileAssociated
  /** Format datetime. */
  indexedAt?: string
  /** Format datetime. */
  createdAt?: string
  viewer?: ViewerState
  labels?: LabelDefs.Label[]
  verification?: VerificationState
  status?: StatusView
  /** Debug information for internal development */
  debug?: l.LexMap
}

/** @internal */
export function $checkProfileView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ProfileView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileView')
    return l.fault('$type', 'app.bsky.actor.defs#profileView', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const handle = v.handle
  if (typeof handle !== 'string' || !l.isHandle(handle)) return l.notFormat('handle', handle, 'handle')
  const displayName = v.displayName
  if (displayName !== undefined) {
    if (typeof displayName !== 'string' || !displayName.isWellFormed())
      return l.notType('string', displayName, 'displayName')
    if (displayName.length > 213 && l.utf8Length(displayName) > 640)
      return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(displayName), 'displayName')
    if (displayName.length > 64 && l.graphemes(displayName, 64) > 64)
      return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'displayName')
  }
  const pronouns = v.pronouns
  if (pronouns !== undefined) {
    if (typeof pronouns !== 'string' || !pronouns.isWellFormed())
      return l.notType('string', pronouns, 'pronouns')
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
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const associated = v.associated
  if (associated !== undefined) {
    const associatedFault = $checkProfileAssociated(associated, c)
    if (associatedFault !== undefined) return l.at(associatedFault, 'associated')
  }
  const indexedAt = v.indexedAt
  if (indexedAt !== undefined) {
    if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
      return l.notFormat('datetime', indexedAt, 'indexedAt')
  }
  const createdAt = v.createdAt
  if (createdAt !== undefined) {
    if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
      return l.notFormat('datetime', createdAt, 'createdAt')
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkViewerState(viewer, c, 0)
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
  const verification = v.verification
  if (verification !== undefined) {
    const verificationFault = $checkVerificationState(verification, c)
    if (verificationFault !== undefined) return l.at(verificationFault, 'verification')
  }
  const status = v.status
  if (status !== undefined) {
    const statusFault = $checkStatusView(status, c, 0)
    if (statusFault !== undefined) return l.at(statusFault, 'status')
  }
  const debug = v.debug
  if (debug !== undefined) {
    const debugFault = l.data(debug)
    if (debugFault !== undefined) return l.at(debugFault, 'debug')
  }
  return undefined
}

export const profileView: l.ObjectSchema<ProfileView, 'app.bsky.actor.defs#profileView'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#profileView', $checkProfileView)

export interface ProfileViewDetailed {
  $type?: 'app.bsky.actor.defs#profileViewDetailed'
  /** Format did. */
  did: string
  /** Format handle. */
  handle: string
  /** At most 640 bytes, at most 64 graphemes. */
  displayName?: string
  /** At most 2560 bytes, at most 256 graphemes. */
  description?: string
  pronouns?: string
  /** Format uri. */
  website?: string
  /** Format uri. */
  avatar?: string
  /** Format uri. */
  banner?: string
  followersCount?: number
  followsCount?: number
  postsCount?: number
  associated?: ProfileAssociated
  joinedViaStarterPack?: GraphDefs.StarterPackViewBasic
  /** Format datetime. */
  indexedAt?: string
  /** Format datetime. */
  createdAt?: string
  viewer?: ViewerState
  labels?: LabelDefs.Label[]
  pinnedPost?: RepoStrongRef.Main
  verification?: VerificationState
  status?: StatusView
  /** Debug information for internal development */
  debug?: l.LexMap
}

/** @internal */
export function $checkProfileViewDetailed(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ProfileViewDetailed>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileViewDetailed')
    return l.fault('$type', 'app.bsky.actor.defs#profileViewDetailed', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  const handle = v.handle
  if (typeof handle !== 'string' || !l.isHandle(handle)) return l.notFormat('handle', handle, 'handle')
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
  }
  const website = v.website
  if (website !== undefined) {
    if (typeof website !== 'string' || !l.uri(website, c)) return l.notFormat('uri', website, 'website')
  }
  const avatar = v.avatar
  if (avatar !== undefined) {
    if (typeof avatar !== 'string' || !l.uri(avatar, c)) return l.notFormat('uri', avatar, 'avatar')
  }
  const banner = v.banner
  if (banner !== undefined) {
    if (typeof banner !== 'string' || !l.uri(banner, c)) return l.notFormat('uri', banner, 'banner')
  }
  const followersCount = v.followersCount
  if (followersCount !== undefined) {
    if (!Number.isSafeInteger(followersCount)) return l.notType('integer', followersCount, 'followersCount')
  }
  const followsCount = v.followsCount
  if (followsCount !== undefined) {
    if (!Number.isSafeInteger(followsCount)) return l.notType('integer', followsCount, 'followsCount')
  }
  const postsCount = v.postsCount
  if (postsCount !== undefined) {
    if (!Number.isSafeInteger(postsCount)) return l.notType('integer', postsCount, 'postsCount')
  }
  const associated = v.associated
  if (associated !== undefined) {
    const associatedFault = $checkProfileAssociated(associated, c)
    if (associatedFault !== undefined) return l.at(associatedFault, 'associated')
  }
  const joinedViaStarterPack = v.joinedViaStarterPack
  if (joinedViaStarterPack !== undefined) {
    const joinedViaStarterPackFault = GraphDefs.$checkStarterPackViewBasic(joinedViaStarterPack, c)
    if (joinedViaStarterPackFault !== undefined)
      return l.at(joinedViaStarterPackFault, 'joinedViaStarterPack')
  }
  const indexedAt = v.indexedAt
  if (indexedAt !== undefined) {
    if (typeof indexedAt !== 'string' || !l.datetime(indexedAt, c))
      return l.notFormat('datetime', indexedAt, 'indexedAt')
  }
  const createdAt = v.createdAt
  if (createdAt !== undefined) {
    if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
      return l.notFormat('datetime', createdAt, 'createdAt')
  }
  const viewer = v.viewer
  if (viewer !== undefined) {
    const viewerFault = $checkViewerState(viewer, c, 0)
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
  const pinnedPost = v.pinnedPost
  if (pinnedPost !== undefined) {
    const pinnedPostFault = RepoStrongRef.$checkMain(pinnedPost, c)
    if (pinnedPostFault !== undefined) return l.at(pinnedPostFault, 'pinnedPost')
  }
  const verification = v.verification
  if (verification !== undefined) {
    const verificationFault = $checkVerificationState(verification, c)
    if (verificationFault !== undefined) return l.at(verificationFault, 'verification')
  }
  const status = v.status
  if (status !== undefined) {
    const statusFault = $checkStatusView(status, c, 0)
    if (statusFault !== undefined) return l.at(statusFault, 'status')
  }
  const debug = v.debug
  if (debug !== undefined) {
    const debugFault = l.data(debug)
    if (debugFault !== undefined) return l.at(debugFault, 'debug')
  }
  return undefined
}

export const profileViewDetailed: l.ObjectSchema<
  ProfileViewDetailed,
  'app.bsky.actor.defs#profileViewDetailed'
> = /*#__PURE__*/ l.object('app.bsky.actor.defs#profileViewDetailed', $checkProfileViewDetailed)

export interface ProfileAssociated {
  $type?: 'app.bsky.actor.defs#profileAssociated'
  lists?: number
  feedgens?: number
  starterPacks?: number
  labeler?: boolean
  chat?: ProfileAssociatedChat
  activitySubscription?: ProfileAssociatedActivitySubscription
  germ?: ProfileAssociatedGerm
}

/** @internal */
export function $checkProfileAssociated(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ProfileAssociated>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileAssociated')
    return l.fault('$type', 'app.bsky.actor.defs#profileAssociated', v.$type, '$type')
  const lists = v.lists
  if (lists !== undefined) {
    if (!Number.isSafeInteger(lists)) return l.notType('integer', lists, 'lists')
  }
  const feedgens = v.feedgens
  if (feedgens !== undefined) {
    if (!Number.isSafeInteger(feedgens)) return l.notType('integer', feedgens, 'feedgens')
  }
  const starterPacks = v.starterPacks
  if (starterPacks !== undefined) {
    if (!Number.isSafeInteger(starterPacks)) return l.notType('integer', starterPacks, 'starterPacks')
  }
  const labeler = v.labeler
  if (labeler !== undefined) {
    if (typeof labeler !== 'boolean') return l.notType('boolean', labeler, 'labeler')
  }
  const chat = v.chat
  if (chat !== undefined) {
    const chatFault = $checkProfileAssociatedChat(chat, c)
    if (chatFault !== undefined) return l.at(chatFault, 'chat')
  }
  const activitySubscription = v.activitySubscription
  if (activitySubscription !== undefined) {
    const activitySubscriptionFault = $checkProfileAssociatedActivitySubscription(activitySubscription, c)
    if (activitySubscriptionFault !== undefined)
      return l.at(activitySubscriptionFault, 'activitySubscription')
  }
  const germ = v.germ
  if (germ !== undefined) {
    const germFault = $checkProfileAssociatedGerm(germ, c)
    if (germFault !== undefined) return l.at(germFault, 'germ')
  }
  return undefined
}

export const profileAssociated: l.ObjectSchema<ProfileAssociated, 'app.bsky.actor.defs#profileAssociated'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#profileAssociated', $checkProfileAssociated)

export interface ProfileAssociatedChat {
  $type?: 'app.bsky.actor.defs#profileAssociatedChat'
  allowIncoming: 'all' | 'none' | 'following' | l.UnknownString
  allowGroupInvites?: 'all' | 'none' | 'following' | l.UnknownString
}

/** @internal */
export function $checkProfileAssociatedChat(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ProfileAssociatedChat>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileAssociatedChat')
    return l.fault('$type', 'app.bsky.actor.defs#profileAssociatedChat', v.$type, '$type')
  const allowIncoming = v.allowIncoming
  if (typeof allowIncoming !== 'string' || !allowIncoming.isWellFormed())
    return l.notType('string', allowIncoming, 'allowIncoming')
  const allowGroupInvites = v.allowGroupInvites
  if (allowGroupInvites !== undefined) {
    if (typeof allowGroupInvites !== 'string' || !allowGroupInvites.isWellFormed())
      return l.notType('string', allowGroupInvites, 'allowGroupInvites')
  }
  return undefined
}

export const profileAssociatedChat: l.ObjectSchema<
  ProfileAssociatedChat,
  'app.bsky.actor.defs#profileAssociatedChat'
> = /*#__PURE__*/ l.object('app.bsky.actor.defs#profileAssociatedChat', $checkProfileAssociatedChat)

export interface ProfileAssociatedGerm {
  $type?: 'app.bsky.actor.defs#profileAssociatedGerm'
  /** Format uri. */
  messageMeUrl: string
  showButtonTo: 'usersIFollow' | 'everyone' | l.UnknownString
}

/** @internal */
export function $checkProfileAssociatedGerm(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ProfileAssociatedGerm>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#profileAssociatedGerm')
    return l.fault('$type', 'app.bsky.actor.defs#profileAssociatedGerm', v.$type, '$type')
  const messageMeUrl = v.messageMeUrl
  if (typeof messageMeUrl !== 'string' || !l.uri(messageMeUrl, c))
    return l.notFormat('uri', messageMeUrl, 'messageMeUrl')
  const showButtonTo = v.showButtonTo
  if (typeof showButtonTo !== 'string' || !showButtonTo.isWellFormed())
    return l.notType('string', showButtonTo, 'showButtonTo')
  return undefined
}

export const profileAssociatedGerm: l.ObjectSchema<
  ProfileAssociatedGerm,
  'app.bsky.actor.defs#profileAssociatedGerm'
> = /*#__PURE__*/ l.object('app.bsky.actor.defs#profileAssociatedGerm', $checkProfileAssociatedGerm)

export interface ProfileAssociatedActivitySubscription {
  $type?: 'app.bsky.actor.defs#profileAssociatedActivitySubscription'
  allowSubscriptions: 'followers' | 'mutuals' | 'none' | l.UnknownString
}

/** @internal */
export function $checkProfileAssociatedActivitySubscription(
  v: unknown,
  c: l.CheckOptions,
): l.Fault | undefined {
  if (!l.isObject<ProfileAssociatedActivitySubscription>(v)) return l.notType('object', v)
  if (
    c.strict &&
    v.$type !== undefined &&
    v.$type !== 'app.bsky.actor.defs#profileAssociatedActivitySubscription'
  )
    return l.fault('$type', 'app.bsky.actor.defs#profileAssociatedActivitySubscription', v.$type, '$type')
  const allowSubscriptions = v.allowSubscriptions
  if (typeof allowSubscriptions !== 'string' || !allowSubscriptions.isWellFormed())
    return l.notType('string', allowSubscriptions, 'allowSubscriptions')
  return undefined
}

export const profileAssociatedActivitySubscription: l.ObjectSchema<
  ProfileAssociatedActivitySubscription,
  'app.bsky.actor.defs#profileAssociatedActivitySubscription'
> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#profileAssociatedActivitySubscription',
  $checkProfileAssociatedActivitySubscription,
)

/**
 * Metadata about the requesting account's relationship with the subject account. Only has meaningful content
 * for authed requests.
 */
export interface ViewerState {
  $type?: 'app.bsky.actor.defs#viewerState'
  /**
   * Whether the account is fully muted, directly or via a mutelist. False when the mute is scoped to specific
   * kinds; see mutedOnlyReposts and mutedOnlyQuoteposts.
   */
  muted?: boolean
  /**
   * Whether the account's reposts are muted. Scoped mutes are exclusive with muted: this can be true while
   * muted is false. If muted is true, this will be false.
   */
  mutedOnlyReposts?: boolean
  /**
   * Whether the account's quote posts are muted. Scoped mutes are exclusive with muted: this can be true
   * while muted is false. If muted is true, this will be false.
   */
  mutedOnlyQuoteposts?: boolean
  mutedByList?: GraphDefs.ListViewBasic
  blockedBy?: boolean
  /** Format at-uri. */
  blocking?: string
  blockingByList?: GraphDefs.ListViewBasic
  /** Format at-uri. */
  following?: string
  /** Format at-uri. */
  followedBy?: string
  /** This property is present only in selected cases, as an optimization. */
  knownFollowers?: KnownFollowers
  /** This property is present only in selected cases, as an optimization. */
  activitySubscription?: NotificationDefs.ActivitySubscription
}

/** @internal */
export function $checkViewerState(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isMap<ViewerState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#viewerState')
    return l.fault('$type', 'app.bsky.actor.defs#viewerState', v.$type, '$type')
  const muted = v.muted
  if (muted !== undefined) {
    if (typeof muted !== 'boolean') return l.notType('boolean', muted, 'muted')
  }
  const mutedOnlyReposts = v.mutedOnlyReposts
  if (mutedOnlyReposts !== undefined) {
    if (typeof mutedOnlyReposts !== 'boolean')
      return l.notType('boolean', mutedOnlyReposts, 'mutedOnlyReposts')
  }
  const mutedOnlyQuoteposts = v.mutedOnlyQuoteposts
  if (mutedOnlyQuoteposts !== undefined) {
    if (typeof mutedOnlyQuoteposts !== 'boolean')
      return l.notType('boolean', mutedOnlyQuoteposts, 'mutedOnlyQuoteposts')
  }
  const mutedByList = v.mutedByList
  if (mutedByList !== undefined) {
    const mutedByListFault = GraphDefs.$checkListViewBasic(mutedByList, c)
    if (mutedByListFault !== undefined) return l.at(mutedByListFault, 'mutedByList')
  }
  const blockedBy = v.blockedBy
  if (blockedBy !== undefined) {
    if (typeof blockedBy !== 'boolean') return l.notType('boolean', blockedBy, 'blockedBy')
  }
  const blocking = v.blocking
  if (blocking !== undefined) {
    if (typeof blocking !== 'string' || !l.isAtUri(blocking))
      return l.notFormat('at-uri', blocking, 'blocking')
  }
  const blockingByList = v.blockingByList
  if (blockingByList !== undefined) {
    const blockingByListFault = GraphDefs.$checkListViewBasic(blockingByList, c)
    if (blockingByListFault !== undefined) return l.at(blockingByListFault, 'blockingByList')
  }
  const following = v.following
  if (following !== undefined) {
    if (typeof following !== 'string' || !l.isAtUri(following))
      return l.notFormat('at-uri', following, 'following')
  }
  const followedBy = v.followedBy
  if (followedBy !== undefined) {
    if (typeof followedBy !== 'string' || !l.isAtUri(followedBy))
      return l.notFormat('at-uri', followedBy, 'followedBy')
  }
  const knownFollowers = v.knownFollowers
  if (knownFollowers !== undefined) {
    const knownFollowersFault = $checkKnownFollowers(knownFollowers, c, depth + 1)
    if (knownFollowersFault !== undefined) return l.at(knownFollowersFault, 'knownFollowers')
  }
  const activitySubscription = v.activitySubscription
  if (activitySubscription !== undefined) {
    const activitySubscriptionFault = NotificationDefs.$checkActivitySubscription(activitySubscription, c)
    if (activitySubscriptionFault !== undefined)
      return l.at(activitySubscriptionFault, 'activitySubscription')
  }
  return undefined
}

/**
 * Metadata about the requesting account's relationship with the subject account. Only has meaningful content
 * for authed requests.
 */
export const viewerState: l.ObjectSchema<ViewerState, 'app.bsky.actor.defs#viewerState'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#viewerState', $checkViewerState)

/** The subject's followers whom you also follow */
export interface KnownFollowers {
  $type?: 'app.bsky.actor.defs#knownFollowers'
  count: number
  /** At most 5 items. */
  followers: ProfileViewBasic[]
}

/** @internal */
export function $checkKnownFollowers(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<KnownFollowers>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#knownFollowers')
    return l.fault('$type', 'app.bsky.actor.defs#knownFollowers', v.$type, '$type')
  const count = v.count
  if (!Number.isSafeInteger(count)) return l.notType('integer', count, 'count')
  const followers = v.followers
  if (!Array.isArray(followers)) return l.notType('array', followers, 'followers')
  if (followers.length > 5) return l.outOf('maxLength', 'at most 5 items', followers.length, 'followers')
  for (let i = 0; i < followers.length; i++) {
    const item: unknown = followers[i]
    const itemFault = $checkProfileViewBasic(item, c, depth + 1)
    if (itemFault !== undefined) return l.at(itemFault, 'followers', i)
  }
  return undefined
}

/** The subject's followers whom you also follow */
export const knownFollowers: l.ObjectSchema<KnownFollowers, 'app.bsky.actor.defs#knownFollowers'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#knownFollowers', $checkKnownFollowers)

/** Represents the verification information about the user this object is attached to. */
export interface VerificationState {
  $type?: 'app.bsky.actor.defs#verificationState'
  /**
   * All verifications issued by trusted verifiers on behalf of this user. Verifications by untrusted
   * verifiers are not included.
   */
  verifications: VerificationView[]
  /** The user's status as a verified account. */
  verifiedStatus: 'valid' | 'invalid' | 'none' | l.UnknownString
  /** The user's status as a trusted verifier. */
  trustedVerifierStatus: 'valid' | 'invalid' | 'none' | l.UnknownString
}

/** @internal */
export function $checkVerificationState(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<VerificationState>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#verificationState')
    return l.fault('$type', 'app.bsky.actor.defs#verificationState', v.$type, '$type')
  const verifications = v.verifications
  if (!Array.isArray(verifications)) return l.notType('array', verifications, 'verifications')
  for (let i = 0; i < verifications.length; i++) {
    const item: unknown = verifications[i]
    const itemFault = $checkVerificationView(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'verifications', i)
  }
  const verifiedStatus = v.verifiedStatus
  if (typeof verifiedStatus !== 'string' || !verifiedStatus.isWellFormed())
    return l.notType('string', verifiedStatus, 'verifiedStatus')
  const trustedVerifierStatus = v.trustedVerifierStatus
  if (typeof trustedVerifierStatus !== 'string' || !trustedVerifierStatus.isWellFormed())
    return l.notType('string', trustedVerifierStatus, 'trustedVerifierStatus')
  return undefined
}

/** Represents the verification information about the user this object is attached to. */
export const verificationState: l.ObjectSchema<VerificationState, 'app.bsky.actor.defs#verificationState'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#verificationState', $checkVerificationState)

/** An individual verification for an associated subject. */
export interface VerificationView {
  $type?: 'app.bsky.actor.defs#verificationView'
  /**
   * The user who issued this verification.
   *
   * Format did.
   */
  issuer: string
  /** The display name of the issuer. */
  issuerDisplayName?: string
  /**
   * The handle of the issuer.
   *
   * Format handle.
   */
  issuerHandle?: string
  /**
   * The AT-URI of the verification record.
   *
   * Format at-uri.
   */
  uri: string
  /** True if the verification passes validation, otherwise false. */
  isValid: boolean
  /**
   * Timestamp when the verification was created.
   *
   * Format datetime.
   */
  createdAt: string
}

/** @internal */
export function $checkVerificationView(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<VerificationView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#verificationView')
    return l.fault('$type', 'app.bsky.actor.defs#verificationView', v.$type, '$type')
  const issuer = v.issuer
  if (typeof issuer !== 'string' || !l.isDid(issuer)) return l.notFormat('did', issuer, 'issuer')
  const issuerDisplayName = v.issuerDisplayName
  if (issuerDisplayName !== undefined) {
    if (typeof issuerDisplayName !== 'string' || !issuerDisplayName.isWellFormed())
      return l.notType('string', issuerDisplayName, 'issuerDisplayName')
  }
  const issuerHandle = v.issuerHandle
  if (issuerHandle !== undefined) {
    if (typeof issuerHandle !== 'string' || !l.isHandle(issuerHandle))
      return l.notFormat('handle', issuerHandle, 'issuerHandle')
  }
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const isValid = v.isValid
  if (typeof isValid !== 'boolean') return l.notType('boolean', isValid, 'isValid')
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  return undefined
}

/** An individual verification for an associated subject. */
export const verificationView: l.ObjectSchema<VerificationView, 'app.bsky.actor.defs#verificationView'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#verificationView', $checkVerificationView)

export type Preferences = (
  | l.$Typed<AdultContentPref>
  | l.$Typed<ContentLabelPref>
  | l.$Typed<SavedFeedsPref>
  | l.$Typed<SavedFeedsPrefV2>
  | l.$Typed<PersonalDetailsPref>
  | l.$Typed<DeclaredAgePref>
  | l.$Typed<FeedViewPref>
  | l.$Typed<ThreadViewPref>
  | l.$Typed<InterestsPref>
  | l.$Typed<MutedWordsPref>
  | l.$Typed<HiddenPostsPref>
  | l.$Typed<BskyAppStatePref>
  | l.$Typed<LabelersPref>
  | l.$Typed<PostInteractionSettingsPref>
  | l.$Typed<VerificationPrefs>
  | l.$Typed<LiveEventPreferences>
  | l.Unknown$TypedObject
)[]

/** @internal */
export function $checkPreferences(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!Array.isArray(v)) return l.notType('array', v)
  for (let i = 0; i < v.length; i++) {
    const item: unknown = v[i]
    if (!l.isTyped(item)) return l.notType('an object with $type', item, i)
    let itemFault: l.Fault | undefined
    switch (item.$type) {
      case 'app.bsky.actor.defs#adultContentPref':
        itemFault = $checkAdultContentPref(item, c)
        break
      case 'app.bsky.actor.defs#contentLabelPref':
        itemFault = $checkContentLabelPref(item, c)
        break
      case 'app.bsky.actor.defs#savedFeedsPref':
        itemFault = $checkSavedFeedsPref(item, c)
        break
      case 'app.bsky.actor.defs#savedFeedsPrefV2':
        itemFault = $checkSavedFeedsPrefV2(item, c)
        break
      case 'app.bsky.actor.defs#personalDetailsPref':
        itemFault = $checkPersonalDetailsPref(item, c)
        break
      case 'app.bsky.actor.defs#declaredAgePref':
        itemFault = $checkDeclaredAgePref(item, c)
        break
      case 'app.bsky.actor.defs#feedViewPref':
        itemFault = $checkFeedViewPref(item, c)
        break
      case 'app.bsky.actor.defs#threadViewPref':
        itemFault = $checkThreadViewPref(item, c)
        break
      case 'app.bsky.actor.defs#interestsPref':
        itemFault = $checkInterestsPref(item, c)
        break
      case 'app.bsky.actor.defs#mutedWordsPref':
        itemFault = $checkMutedWordsPref(item, c)
        break
      case 'app.bsky.actor.defs#hiddenPostsPref':
        itemFault = $checkHiddenPostsPref(item, c)
        break
      case 'app.bsky.actor.defs#bskyAppStatePref':
        itemFault = $checkBskyAppStatePref(item, c)
        break
      case 'app.bsky.actor.defs#labelersPref':
        itemFault = $checkLabelersPref(item, c)
        break
      case 'app.bsky.actor.defs#postInteractionSettingsPref':
        itemFault = $checkPostInteractionSettingsPref(item, c)
        break
      case 'app.bsky.actor.defs#verificationPrefs':
        itemFault = $checkVerificationPrefs(item, c)
        break
      case 'app.bsky.actor.defs#liveEventPreferences':
        itemFault = $checkLiveEventPreferences(item, c)
        break
      default:
        itemFault = l.openMember(item)
    }
    if (itemFault !== undefined) return l.at(itemFault, i)
  }
  return undefined
}

export function $fillPreferences(v: Preferences): Preferences {
  return l.replaceItems(
    v,
    l.memberFill({
      'app.bsky.actor.defs#adultContentPref': $fillAdultContentPref,
      'app.bsky.actor.defs#feedViewPref': $fillFeedViewPref,
      'app.bsky.actor.defs#mutedWordsPref': $fillMutedWordsPref,
      'app.bsky.actor.defs#bskyAppStatePref': $fillBskyAppStatePref,
      'app.bsky.actor.defs#verificationPrefs': $fillVerificationPrefs,
      'app.bsky.actor.defs#liveEventPreferences': $fillLiveEventPreferences,
    }),
  ) as Preferences
}

export interface AdultContentPref {
  $type?: 'app.bsky.actor.defs#adultContentPref'
  /** Default false. */
  enabled: boolean
}

/** @internal */
export function $checkAdultContentPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<AdultContentPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#adultContentPref')
    return l.fault('$type', 'app.bsky.actor.defs#adultContentPref', v.$type, '$type')
  const enabled = v.enabled
  if (enabled !== undefined) {
    if (typeof enabled !== 'boolean') return l.notType('boolean', enabled, 'enabled')
  }
  if (enabled === undefined && !c.fill) return l.notType('boolean', enabled, 'enabled')
  return undefined
}

/** @internal */
export function $fillAdultContentPref(v: AdultContentPref): AdultContentPref {
  let out = v
  if (v.enabled === undefined) out = l.replace(out, 'enabled', false)
  return out
}

export const adultContentPref: l.ObjectSchema<
  AdultContentPref,
  'app.bsky.actor.defs#adultContentPref',
  'enabled'
> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#adultContentPref',
  $checkAdultContentPref,
  $fillAdultContentPref,
)

export interface ContentLabelPref {
  $type?: 'app.bsky.actor.defs#contentLabelPref'
  /**
   * Which labeler does this preference apply to? If undefined, applies globally.
   *
   * Format did.
   */
  labelerDid?: string
  label: string
  visibility: 'ignore' | 'show' | 'warn' | 'hide' | l.UnknownString
}

/** @internal */
export function $checkContentLabelPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ContentLabelPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#contentLabelPref')
    return l.fault('$type', 'app.bsky.actor.defs#contentLabelPref', v.$type, '$type')
  const labelerDid = v.labelerDid
  if (labelerDid !== undefined) {
    if (typeof labelerDid !== 'string' || !l.isDid(labelerDid))
      return l.notFormat('did', labelerDid, 'labelerDid')
  }
  const label = v.label
  if (typeof label !== 'string' || !label.isWellFormed()) return l.notType('string', label, 'label')
  const visibility = v.visibility
  if (typeof visibility !== 'string' || !visibility.isWellFormed())
    return l.notType('string', visibility, 'visibility')
  return undefined
}

export const contentLabelPref: l.ObjectSchema<ContentLabelPref, 'app.bsky.actor.defs#contentLabelPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#contentLabelPref', $checkContentLabelPref)

export interface SavedFeed {
  $type?: 'app.bsky.actor.defs#savedFeed'
  id: string
  type: 'feed' | 'list' | 'timeline' | l.UnknownString
  value: string
  pinned: boolean
}

/** @internal */
export function $checkSavedFeed(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SavedFeed>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#savedFeed')
    return l.fault('$type', 'app.bsky.actor.defs#savedFeed', v.$type, '$type')
  const id = v.id
  if (typeof id !== 'string' || !id.isWellFormed()) return l.notType('string', id, 'id')
  const type = v.type
  if (typeof type !== 'string' || !type.isWellFormed()) return l.notType('string', type, 'type')
  const value = v.value
  if (typeof value !== 'string' || !value.isWellFormed()) return l.notType('string', value, 'value')
  const pinned = v.pinned
  if (typeof pinned !== 'boolean') return l.notType('boolean', pinned, 'pinned')
  return undefined
}

export const savedFeed: l.ObjectSchema<SavedFeed, 'app.bsky.actor.defs#savedFeed'> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#savedFeed',
  $checkSavedFeed,
)

export interface SavedFeedsPrefV2 {
  $type?: 'app.bsky.actor.defs#savedFeedsPrefV2'
  items: SavedFeed[]
}

/** @internal */
export function $checkSavedFeedsPrefV2(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SavedFeedsPrefV2>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#savedFeedsPrefV2')
    return l.fault('$type', 'app.bsky.actor.defs#savedFeedsPrefV2', v.$type, '$type')
  const items = v.items
  if (!Array.isArray(items)) return l.notType('array', items, 'items')
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    const itemFault = $checkSavedFeed(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'items', i)
  }
  return undefined
}

export const savedFeedsPrefV2: l.ObjectSchema<SavedFeedsPrefV2, 'app.bsky.actor.defs#savedFeedsPrefV2'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#savedFeedsPrefV2', $checkSavedFeedsPrefV2)

export interface SavedFeedsPref {
  $type?: 'app.bsky.actor.defs#savedFeedsPref'
  /** Each format at-uri. */
  pinned: string[]
  /** Each format at-uri. */
  saved: string[]
  timelineIndex?: number
}

/** @internal */
export function $checkSavedFeedsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SavedFeedsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#savedFeedsPref')
    return l.fault('$type', 'app.bsky.actor.defs#savedFeedsPref', v.$type, '$type')
  const pinned = v.pinned
  if (!Array.isArray(pinned)) return l.notType('array', pinned, 'pinned')
  for (let i = 0; i < pinned.length; i++) {
    const item: unknown = pinned[i]
    if (typeof item !== 'string' || !l.isAtUri(item)) return l.notFormat('at-uri', item, 'pinned', i)
  }
  const saved = v.saved
  if (!Array.isArray(saved)) return l.notType('array', saved, 'saved')
  for (let i = 0; i < saved.length; i++) {
    const item: unknown = saved[i]
    if (typeof item !== 'string' || !l.isAtUri(item)) return l.notFormat('at-uri', item, 'saved', i)
  }
  const timelineIndex = v.timelineIndex
  if (timelineIndex !== undefined) {
    if (!Number.isSafeInteger(timelineIndex)) return l.notType('integer', timelineIndex, 'timelineIndex')
  }
  return undefined
}

export const savedFeedsPref: l.ObjectSchema<SavedFeedsPref, 'app.bsky.actor.defs#savedFeedsPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#savedFeedsPref', $checkSavedFeedsPref)

export interface PersonalDetailsPref {
  $type?: 'app.bsky.actor.defs#personalDetailsPref'
  /**
   * The birth date of account owner.
   *
   * Format datetime.
   */
  birthDate?: string
}

/** @internal */
export function $checkPersonalDetailsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<PersonalDetailsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#personalDetailsPref')
    return l.fault('$type', 'app.bsky.actor.defs#personalDetailsPref', v.$type, '$type')
  const birthDate = v.birthDate
  if (birthDate !== undefined) {
    if (typeof birthDate !== 'string' || !l.datetime(birthDate, c))
      return l.notFormat('datetime', birthDate, 'birthDate')
  }
  return undefined
}

export const personalDetailsPref: l.ObjectSchema<
  PersonalDetailsPref,
  'app.bsky.actor.defs#personalDetailsPref'
> = /*#__PURE__*/ l.object('app.bsky.actor.defs#personalDetailsPref', $checkPersonalDetailsPref)

/**
 * Read-only preference containing value(s) inferred from the user's declared birthdate. Absence of this
 * preference object in the response indicates that the user has not made a declaration.
 */
export interface DeclaredAgePref {
  $type?: 'app.bsky.actor.defs#declaredAgePref'
  /** Indicates if the user has declared that they are over 13 years of age. */
  isOverAge13?: boolean
  /** Indicates if the user has declared that they are over 16 years of age. */
  isOverAge16?: boolean
  /** Indicates if the user has declared that they are over 18 years of age. */
  isOverAge18?: boolean
}

/** @internal */
export function $checkDeclaredAgePref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<DeclaredAgePref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#declaredAgePref')
    return l.fault('$type', 'app.bsky.actor.defs#declaredAgePref', v.$type, '$type')
  const isOverAge13 = v.isOverAge13
  if (isOverAge13 !== undefined) {
    if (typeof isOverAge13 !== 'boolean') return l.notType('boolean', isOverAge13, 'isOverAge13')
  }
  const isOverAge16 = v.isOverAge16
  if (isOverAge16 !== undefined) {
    if (typeof isOverAge16 !== 'boolean') return l.notType('boolean', isOverAge16, 'isOverAge16')
  }
  const isOverAge18 = v.isOverAge18
  if (isOverAge18 !== undefined) {
    if (typeof isOverAge18 !== 'boolean') return l.notType('boolean', isOverAge18, 'isOverAge18')
  }
  return undefined
}

/**
 * Read-only preference containing value(s) inferred from the user's declared birthdate. Absence of this
 * preference object in the response indicates that the user has not made a declaration.
 */
export const declaredAgePref: l.ObjectSchema<DeclaredAgePref, 'app.bsky.actor.defs#declaredAgePref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#declaredAgePref', $checkDeclaredAgePref)

export interface FeedViewPref {
  $type?: 'app.bsky.actor.defs#feedViewPref'
  /** The URI of the feed, or an identifier which describes the feed. */
  feed: string
  /** Hide replies in the feed. */
  hideReplies?: boolean
  /**
   * Hide replies in the feed if they are not by followed users.
   *
   * Default true.
   */
  hideRepliesByUnfollowed?: boolean
  /** Hide replies in the feed if they do not have this number of likes. */
  hideRepliesByLikeCount?: number
  /** Hide reposts in the feed. */
  hideReposts?: boolean
  /** Hide quote posts in the feed. */
  hideQuotePosts?: boolean
}

/** @internal */
export function $checkFeedViewPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<FeedViewPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#feedViewPref')
    return l.fault('$type', 'app.bsky.actor.defs#feedViewPref', v.$type, '$type')
  const feed = v.feed
  if (typeof feed !== 'string' || !feed.isWellFormed()) return l.notType('string', feed, 'feed')
  const hideReplies = v.hideReplies
  if (hideReplies !== undefined) {
    if (typeof hideReplies !== 'boolean') return l.notType('boolean', hideReplies, 'hideReplies')
  }
  const hideRepliesByUnfollowed = v.hideRepliesByUnfollowed
  if (hideRepliesByUnfollowed !== undefined) {
    if (typeof hideRepliesByUnfollowed !== 'boolean')
      return l.notType('boolean', hideRepliesByUnfollowed, 'hideRepliesByUnfollowed')
  }
  const hideRepliesByLikeCount = v.hideRepliesByLikeCount
  if (hideRepliesByLikeCount !== undefined) {
    if (!Number.isSafeInteger(hideRepliesByLikeCount))
      return l.notType('integer', hideRepliesByLikeCount, 'hideRepliesByLikeCount')
  }
  const hideReposts = v.hideReposts
  if (hideReposts !== undefined) {
    if (typeof hideReposts !== 'boolean') return l.notType('boolean', hideReposts, 'hideReposts')
  }
  const hideQuotePosts = v.hideQuotePosts
  if (hideQuotePosts !== undefined) {
    if (typeof hideQuotePosts !== 'boolean') return l.notType('boolean', hideQuotePosts, 'hideQuotePosts')
  }
  return undefined
}

/** @internal */
export function $fillFeedViewPref(v: FeedViewPref): FeedViewPref {
  let out = v
  if (v.hideRepliesByUnfollowed === undefined) out = l.replace(out, 'hideRepliesByUnfollowed', true)
  return out
}

export const feedViewPref: l.ObjectSchema<FeedViewPref, 'app.bsky.actor.defs#feedViewPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#feedViewPref', $checkFeedViewPref, $fillFeedViewPref)

export interface ThreadViewPref {
  $type?: 'app.bsky.actor.defs#threadViewPref'
  /** Sorting mode for threads. */
  sort?: 'oldest' | 'newest' | 'most-likes' | 'random' | 'hotness' | l.UnknownString
}

/** @internal */
export function $checkThreadViewPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<ThreadViewPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#threadViewPref')
    return l.fault('$type', 'app.bsky.actor.defs#threadViewPref', v.$type, '$type')
  const sort = v.sort
  if (sort !== undefined) {
    if (typeof sort !== 'string' || !sort.isWellFormed()) return l.notType('string', sort, 'sort')
  }
  return undefined
}

export const threadViewPref: l.ObjectSchema<ThreadViewPref, 'app.bsky.actor.defs#threadViewPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#threadViewPref', $checkThreadViewPref)

export interface InterestsPref {
  $type?: 'app.bsky.actor.defs#interestsPref'
  /**
   * The timestamp when the account owner last updated their interests.
   *
   * Format datetime.
   */
  updatedAt?: string
  /**
   * A list of tags which describe the account owner's interests gathered during onboarding.
   *
   * At most 100 items, each at most 640 bytes, at most 64 graphemes.
   */
  tags: string[]
}

/** @internal */
export function $checkInterestsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<InterestsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#interestsPref')
    return l.fault('$type', 'app.bsky.actor.defs#interestsPref', v.$type, '$type')
  const updatedAt = v.updatedAt
  if (updatedAt !== undefined) {
    if (typeof updatedAt !== 'string' || !l.datetime(updatedAt, c))
      return l.notFormat('datetime', updatedAt, 'updatedAt')
  }
  const tags = v.tags
  if (!Array.isArray(tags)) return l.notType('array', tags, 'tags')
  if (tags.length > 100) return l.outOf('maxLength', 'at most 100 items', tags.length, 'tags')
  for (let i = 0; i < tags.length; i++) {
    const item: unknown = tags[i]
    if (typeof item !== 'string' || !item.isWellFormed()) return l.notType('string', item, 'tags', i)
    if (item.length > 213 && l.utf8Length(item) > 640)
      return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(item), 'tags', i)
    if (item.length > 64 && l.graphemes(item, 64) > 64)
      return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more', 'tags', i)
  }
  return undefined
}

export const interestsPref: l.ObjectSchema<InterestsPref, 'app.bsky.actor.defs#interestsPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#interestsPref', $checkInterestsPref)

/** At most 640 bytes, at most 64 graphemes. */
export type MutedWordTarget = 'content' | 'tag' | l.UnknownString

/** @internal */
export function $checkMutedWordTarget(v: unknown, _c: l.CheckOptions): l.Fault | undefined {
  if (typeof v !== 'string' || !v.isWellFormed()) return l.notType('string', v)
  if (v.length > 213 && l.utf8Length(v) > 640)
    return l.outOf('maxLength', 'at most 640 bytes', l.utf8Length(v))
  if (v.length > 64 && l.graphemes(v, 64) > 64) return l.outOf('maxGraphemes', 'at most 64 graphemes', 'more')
  return undefined
}

/** A word that the account owner has muted. */
export interface MutedWord {
  $type?: 'app.bsky.actor.defs#mutedWord'
  id?: string
  /**
   * The muted word itself.
   *
   * At most 10000 bytes, at most 1000 graphemes.
   */
  value: string
  /** The intended targets of the muted word. */
  targets: MutedWordTarget[]
  /**
   * Groups of users to apply the muted word to. If undefined, applies to all users.
   *
   * Default "all".
   */
  actorTarget?: 'all' | 'exclude-following' | l.UnknownString
  /**
   * The date and time at which the muted word will expire and no longer be applied.
   *
   * Format datetime.
   */
  expiresAt?: string
}

/** @internal */
export function $checkMutedWord(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<MutedWord>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#mutedWord')
    return l.fault('$type', 'app.bsky.actor.defs#mutedWord', v.$type, '$type')
  const id = v.id
  if (id !== undefined) {
    if (typeof id !== 'string' || !id.isWellFormed()) return l.notType('string', id, 'id')
  }
  const value = v.value
  if (typeof value !== 'string' || !value.isWellFormed()) return l.notType('string', value, 'value')
  if (value.length > 3333 && l.utf8Length(value) > 10000)
    return l.outOf('maxLength', 'at most 10000 bytes', l.utf8Length(value), 'value')
  if (value.length > 1000 && l.graphemes(value, 1000) > 1000)
    return l.outOf('maxGraphemes', 'at most 1000 graphemes', 'more', 'value')
  const targets = v.targets
  if (!Array.isArray(targets)) return l.notType('array', targets, 'targets')
  for (let i = 0; i < targets.length; i++) {
    const item: unknown = targets[i]
    const itemFault = $checkMutedWordTarget(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'targets', i)
  }
  const actorTarget = v.actorTarget
  if (actorTarget !== undefined) {
    if (typeof actorTarget !== 'string' || !actorTarget.isWellFormed())
      return l.notType('string', actorTarget, 'actorTarget')
  }
  const expiresAt = v.expiresAt
  if (expiresAt !== undefined) {
    if (typeof expiresAt !== 'string' || !l.datetime(expiresAt, c))
      return l.notFormat('datetime', expiresAt, 'expiresAt')
  }
  return undefined
}

/** @internal */
export function $fillMutedWord(v: MutedWord): MutedWord {
  let out = v
  if (v.actorTarget === undefined) out = l.replace(out, 'actorTarget', 'all')
  return out
}

/** A word that the account owner has muted. */
export const mutedWord: l.ObjectSchema<MutedWord, 'app.bsky.actor.defs#mutedWord'> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#mutedWord',
  $checkMutedWord,
  $fillMutedWord,
)

export interface MutedWordsPref {
  $type?: 'app.bsky.actor.defs#mutedWordsPref'
  /** A list of words the account owner has muted. */
  items: MutedWord[]
}

/** @internal */
export function $checkMutedWordsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<MutedWordsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#mutedWordsPref')
    return l.fault('$type', 'app.bsky.actor.defs#mutedWordsPref', v.$type, '$type')
  const items = v.items
  if (!Array.isArray(items)) return l.notType('array', items, 'items')
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    const itemFault = $checkMutedWord(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'items', i)
  }
  return undefined
}

/** @internal */
export function $fillMutedWordsPref(v: MutedWordsPref): MutedWordsPref {
  let out = v
  out = l.replace(out, 'items', l.replaceItems(v.items, $fillMutedWord))
  return out
}

export const mutedWordsPref: l.ObjectSchema<MutedWordsPref, 'app.bsky.actor.defs#mutedWordsPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#mutedWordsPref', $checkMutedWordsPref, $fillMutedWordsPref)

export interface HiddenPostsPref {
  $type?: 'app.bsky.actor.defs#hiddenPostsPref'
  /**
   * A list of URIs of posts the account owner has hidden.
   *
   * Each format at-uri.
   */
  items: string[]
}

/** @internal */
export function $checkHiddenPostsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<HiddenPostsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#hiddenPostsPref')
    return l.fault('$type', 'app.bsky.actor.defs#hiddenPostsPref', v.$type, '$type')
  const items = v.items
  if (!Array.isArray(items)) return l.notType('array', items, 'items')
  for (let i = 0; i < items.length; i++) {
    const item: unknown = items[i]
    if (typeof item !== 'string' || !l.isAtUri(item)) return l.notFormat('at-uri', item, 'items', i)
  }
  return undefined
}

export const hiddenPostsPref: l.ObjectSchema<HiddenPostsPref, 'app.bsky.actor.defs#hiddenPostsPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#hiddenPostsPref', $checkHiddenPostsPref)

export interface LabelersPref {
  $type?: 'app.bsky.actor.defs#labelersPref'
  labelers: LabelerPrefItem[]
}

/** @internal */
export function $checkLabelersPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelersPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#labelersPref')
    return l.fault('$type', 'app.bsky.actor.defs#labelersPref', v.$type, '$type')
  const labelers = v.labelers
  if (!Array.isArray(labelers)) return l.notType('array', labelers, 'labelers')
  for (let i = 0; i < labelers.length; i++) {
    const item: unknown = labelers[i]
    const itemFault = $checkLabelerPrefItem(item, c)
    if (itemFault !== undefined) return l.at(itemFault, 'labelers', i)
  }
  return undefined
}

export const labelersPref: l.ObjectSchema<LabelersPref, 'app.bsky.actor.defs#labelersPref'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#labelersPref', $checkLabelersPref)

export interface LabelerPrefItem {
  $type?: 'app.bsky.actor.defs#labelerPrefItem'
  /** Format did. */
  did: string
}

/** @internal */
export function $checkLabelerPrefItem(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<LabelerPrefItem>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#labelerPrefItem')
    return l.fault('$type', 'app.bsky.actor.defs#labelerPrefItem', v.$type, '$type')
  const did = v.did
  if (typeof did !== 'string' || !l.isDid(did)) return l.notFormat('did', did, 'did')
  return undefined
}

export const labelerPrefItem: l.ObjectSchema<LabelerPrefItem, 'app.bsky.actor.defs#labelerPrefItem'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#labelerPrefItem', $checkLabelerPrefItem)

/** A grab bag of state that's specific to the bsky.app program. Third-party apps shouldn't use this. */
export interface BskyAppStatePref {
  $type?: 'app.bsky.actor.defs#bskyAppStatePref'
  activeProgressGuide?: BskyAppProgressGuide
  /** Indicates if the user is participating in the beta features program. */
  isBetaUser?: boolean
  /**
   * An array of tokens which identify nudges (modals, popups, tours, highlight dots) that should be shown to
   * the user.
   *
   * At most 1000 items, each at most 100 bytes.
   */
  queuedNudges?: string[]
  /**
   * Storage for NUXs the user has encountered.
   *
   * At most 100 items.
   */
  nuxs?: Nux[]
}

/** @internal */
export function $checkBskyAppStatePref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<BskyAppStatePref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#bskyAppStatePref')
    return l.fault('$type', 'app.bsky.actor.defs#bskyAppStatePref', v.$type, '$type')
  const activeProgressGuide = v.activeProgressGuide
  if (activeProgressGuide !== undefined) {
    const activeProgressGuideFault = $checkBskyAppProgressGuide(activeProgressGuide, c)
    if (activeProgressGuideFault !== undefined) return l.at(activeProgressGuideFault, 'activeProgressGuide')
  }
  const isBetaUser = v.isBetaUser
  if (isBetaUser !== undefined) {
    if (typeof isBetaUser !== 'boolean') return l.notType('boolean', isBetaUser, 'isBetaUser')
  }
  const queuedNudges = v.queuedNudges
  if (queuedNudges !== undefined) {
    if (!Array.isArray(queuedNudges)) return l.notType('array', queuedNudges, 'queuedNudges')
    if (queuedNudges.length > 1000)
      return l.outOf('maxLength', 'at most 1000 items', queuedNudges.length, 'queuedNudges')
    for (let i = 0; i < queuedNudges.length; i++) {
      const item: unknown = queuedNudges[i]
      if (typeof item !== 'string' || !item.isWellFormed())
        return l.notType('string', item, 'queuedNudges', i)
      if (item.length > 33 && l.utf8Length(item) > 100)
        return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(item), 'queuedNudges', i)
    }
  }
  const nuxs = v.nuxs
  if (nuxs !== undefined) {
    if (!Array.isArray(nuxs)) return l.notType('array', nuxs, 'nuxs')
    if (nuxs.length > 100) return l.outOf('maxLength', 'at most 100 items', nuxs.length, 'nuxs')
    for (let i = 0; i < nuxs.length; i++) {
      const item: unknown = nuxs[i]
      const itemFault = $checkNux(item, c)
      if (itemFault !== undefined) return l.at(itemFault, 'nuxs', i)
    }
  }
  return undefined
}

/** @internal */
export function $fillBskyAppStatePref(v: BskyAppStatePref): BskyAppStatePref {
  let out = v
  if (v.nuxs !== undefined) out = l.replace(out, 'nuxs', l.replaceItems(v.nuxs, $fillNux))
  return out
}

/** A grab bag of state that's specific to the bsky.app program. Third-party apps shouldn't use this. */
export const bskyAppStatePref: l.ObjectSchema<BskyAppStatePref, 'app.bsky.actor.defs#bskyAppStatePref'> =
  /*#__PURE__*/ l.object(
    'app.bsky.actor.defs#bskyAppStatePref',
    $checkBskyAppStatePref,
    $fillBskyAppStatePref,
  )

/**
 * If set, an active progress guide. Once completed, can be set to undefined. Should have unspecced fields
 * tracking progress.
 */
export interface BskyAppProgressGuide {
  $type?: 'app.bsky.actor.defs#bskyAppProgressGuide'
  /** At most 100 bytes. */
  guide: string
}

/** @internal */
export function $checkBskyAppProgressGuide(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<BskyAppProgressGuide>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#bskyAppProgressGuide')
    return l.fault('$type', 'app.bsky.actor.defs#bskyAppProgressGuide', v.$type, '$type')
  const guide = v.guide
  if (typeof guide !== 'string' || !guide.isWellFormed()) return l.notType('string', guide, 'guide')
  if (guide.length > 33 && l.utf8Length(guide) > 100)
    return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(guide), 'guide')
  return undefined
}

/**
 * If set, an active progress guide. Once completed, can be set to undefined. Should have unspecced fields
 * tracking progress.
 */
export const bskyAppProgressGuide: l.ObjectSchema<
  BskyAppProgressGuide,
  'app.bsky.actor.defs#bskyAppProgressGuide'
> = /*#__PURE__*/ l.object('app.bsky.actor.defs#bskyAppProgressGuide', $checkBskyAppProgressGuide)

/** A new user experiences (NUX) storage object */
export interface Nux {
  $type?: 'app.bsky.actor.defs#nux'
  /** At most 100 bytes. */
  id: string
  /** Default false. */
  completed: boolean
  /**
   * Arbitrary data for the NUX. The structure is defined by the NUX itself. Limited to 300 characters.
   *
   * At most 3000 bytes, at most 300 graphemes.
   */
  data?: string
  /**
   * The date and time at which the NUX will expire and should be considered completed.
   *
   * Format datetime.
   */
  expiresAt?: string
}

/** @internal */
export function $checkNux(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Nux>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#nux')
    return l.fault('$type', 'app.bsky.actor.defs#nux', v.$type, '$type')
  const id = v.id
  if (typeof id !== 'string' || !id.isWellFormed()) return l.notType('string', id, 'id')
  if (id.length > 33 && l.utf8Length(id) > 100)
    return l.outOf('maxLength', 'at most 100 bytes', l.utf8Length(id), 'id')
  const completed = v.completed
  if (completed !== undefined) {
    if (typeof completed !== 'boolean') return l.notType('boolean', completed, 'completed')
  }
  if (completed === undefined && !c.fill) return l.notType('boolean', completed, 'completed')
  const data = v.data
  if (data !== undefined) {
    if (typeof data !== 'string' || !data.isWellFormed()) return l.notType('string', data, 'data')
    if (data.length > 1000 && l.utf8Length(data) > 3000)
      return l.outOf('maxLength', 'at most 3000 bytes', l.utf8Length(data), 'data')
    if (data.length > 300 && l.graphemes(data, 300) > 300)
      return l.outOf('maxGraphemes', 'at most 300 graphemes', 'more', 'data')
  }
  const expiresAt = v.expiresAt
  if (expiresAt !== undefined) {
    if (typeof expiresAt !== 'string' || !l.datetime(expiresAt, c))
      return l.notFormat('datetime', expiresAt, 'expiresAt')
  }
  return undefined
}

/** @internal */
export function $fillNux(v: Nux): Nux {
  let out = v
  if (v.completed === undefined) out = l.replace(out, 'completed', false)
  return out
}

/** A new user experiences (NUX) storage object */
export const nux: l.ObjectSchema<Nux, 'app.bsky.actor.defs#nux', 'completed'> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#nux',
  $checkNux,
  $fillNux,
)

/** Preferences for how verified accounts appear in the app. */
export interface VerificationPrefs {
  $type?: 'app.bsky.actor.defs#verificationPrefs'
  /**
   * Hide the blue check badges for verified accounts and trusted verifiers.
   *
   * Default false.
   */
  hideBadges?: boolean
}

/** @internal */
export function $checkVerificationPrefs(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<VerificationPrefs>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#verificationPrefs')
    return l.fault('$type', 'app.bsky.actor.defs#verificationPrefs', v.$type, '$type')
  const hideBadges = v.hideBadges
  if (hideBadges !== undefined) {
    if (typeof hideBadges !== 'boolean') return l.notType('boolean', hideBadges, 'hideBadges')
  }
  return undefined
}

/** @internal */
export function $fillVerificationPrefs(v: VerificationPrefs): VerificationPrefs {
  let out = v
  if (v.hideBadges === undefined) out = l.replace(out, 'hideBadges', false)
  return out
}

/** Preferences for how verified accounts appear in the app. */
export const verificationPrefs: l.ObjectSchema<VerificationPrefs, 'app.bsky.actor.defs#verificationPrefs'> =
  /*#__PURE__*/ l.object(
    'app.bsky.actor.defs#verificationPrefs',
    $checkVerificationPrefs,
    $fillVerificationPrefs,
  )

/** Preferences for live events. */
export interface LiveEventPreferences {
  $type?: 'app.bsky.actor.defs#liveEventPreferences'
  /** A list of feed IDs that the user has hidden from live events. */
  hiddenFeedIds?: string[]
  /**
   * Whether to hide all feeds from live events.
   *
   * Default false.
   */
  hideAllFeeds?: boolean
}

/** @internal */
export function $checkLiveEventPreferences(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<LiveEventPreferences>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#liveEventPreferences')
    return l.fault('$type', 'app.bsky.actor.defs#liveEventPreferences', v.$type, '$type')
  const hiddenFeedIds = v.hiddenFeedIds
  if (hiddenFeedIds !== undefined) {
    if (!Array.isArray(hiddenFeedIds)) return l.notType('array', hiddenFeedIds, 'hiddenFeedIds')
    for (let i = 0; i < hiddenFeedIds.length; i++) {
      const item: unknown = hiddenFeedIds[i]
      if (typeof item !== 'string' || !item.isWellFormed())
        return l.notType('string', item, 'hiddenFeedIds', i)
    }
  }
  const hideAllFeeds = v.hideAllFeeds
  if (hideAllFeeds !== undefined) {
    if (typeof hideAllFeeds !== 'boolean') return l.notType('boolean', hideAllFeeds, 'hideAllFeeds')
  }
  return undefined
}

/** @internal */
export function $fillLiveEventPreferences(v: LiveEventPreferences): LiveEventPreferences {
  let out = v
  if (v.hideAllFeeds === undefined) out = l.replace(out, 'hideAllFeeds', false)
  return out
}

/** Preferences for live events. */
export const liveEventPreferences: l.ObjectSchema<
  LiveEventPreferences,
  'app.bsky.actor.defs#liveEventPreferences'
> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#liveEventPreferences',
  $checkLiveEventPreferences,
  $fillLiveEventPreferences,
)

/**
 * Default post interaction settings for the account. These values should be applied as default values when
 * creating new posts. These refs should mirror the threadgate and postgate records exactly.
 */
export interface PostInteractionSettingsPref {
  $type?: 'app.bsky.actor.defs#postInteractionSettingsPref'
  /**
   * Matches threadgate record. List of rules defining who can reply to this users posts. If value is an empty
   * array, no one can reply. If value is undefined, anyone can reply.
   *
   * At most 5 items.
   */
  threadgateAllowRules?: (
    | l.$Typed<FeedThreadgate.MentionRule>
    | l.$Typed<FeedThreadgate.FollowerRule>
    | l.$Typed<FeedThreadgate.FollowingRule>
    | l.$Typed<FeedThreadgate.ListRule>
    | l.Unknown$TypedObject
  )[]
  /**
   * Matches postgate record. List of rules defining who can embed this users posts. If value is an empty
   * array or is undefined, no particular rules apply and anyone can embed.
   *
   * At most 5 items.
   */
  postgateEmbeddingRules?: (l.$Typed<FeedPostgate.DisableRule> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkPostInteractionSettingsPref(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<PostInteractionSettingsPref>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#postInteractionSettingsPref')
    return l.fault('$type', 'app.bsky.actor.defs#postInteractionSettingsPref', v.$type, '$type')
  const threadgateAllowRules = v.threadgateAllowRules
  if (threadgateAllowRules !== undefined) {
    if (!Array.isArray(threadgateAllowRules))
      return l.notType('array', threadgateAllowRules, 'threadgateAllowRules')
    if (threadgateAllowRules.length > 5)
      return l.outOf('maxLength', 'at most 5 items', threadgateAllowRules.length, 'threadgateAllowRules')
    for (let i = 0; i < threadgateAllowRules.length; i++) {
      const item: unknown = threadgateAllowRules[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'threadgateAllowRules', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.feed.threadgate#mentionRule':
          itemFault = FeedThreadgate.$checkMentionRule(item, c)
          break
        case 'app.bsky.feed.threadgate#followerRule':
          itemFault = FeedThreadgate.$checkFollowerRule(item, c)
          break
        case 'app.bsky.feed.threadgate#followingRule':
          itemFault = FeedThreadgate.$checkFollowingRule(item, c)
          break
        case 'app.bsky.feed.threadgate#listRule':
          itemFault = FeedThreadgate.$checkListRule(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'threadgateAllowRules', i)
    }
  }
  const postgateEmbeddingRules = v.postgateEmbeddingRules
  if (postgateEmbeddingRules !== undefined) {
    if (!Array.isArray(postgateEmbeddingRules))
      return l.notType('array', postgateEmbeddingRules, 'postgateEmbeddingRules')
    if (postgateEmbeddingRules.length > 5)
      return l.outOf('maxLength', 'at most 5 items', postgateEmbeddingRules.length, 'postgateEmbeddingRules')
    for (let i = 0; i < postgateEmbeddingRules.length; i++) {
      const item: unknown = postgateEmbeddingRules[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'postgateEmbeddingRules', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.feed.postgate#disableRule':
          itemFault = FeedPostgate.$checkDisableRule(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'postgateEmbeddingRules', i)
    }
  }
  return undefined
}

/**
 * Default post interaction settings for the account. These values should be applied as default values when
 * creating new posts. These refs should mirror the threadgate and postgate records exactly.
 */
export const postInteractionSettingsPref: l.ObjectSchema<
  PostInteractionSettingsPref,
  'app.bsky.actor.defs#postInteractionSettingsPref'
> = /*#__PURE__*/ l.object(
  'app.bsky.actor.defs#postInteractionSettingsPref',
  $checkPostInteractionSettingsPref,
)

export interface StatusView {
  $type?: 'app.bsky.actor.defs#statusView'
  /** Format at-uri. */
  uri?: string
  /** Format cid. */
  cid?: string
  /** The status for the account. */
  status: 'app.bsky.actor.status#live' | l.UnknownString
  record: l.LexMap
  /** An optional embed associated with the status. */
  embed?: l.$Typed<EmbedExternal.View> | l.Unknown$TypedObject
  labels?: LabelDefs.Label[]
  /**
   * The date when this status will expire. The application might choose to no longer return the status after
   * expiration.
   *
   * Format datetime.
   */
  expiresAt?: string
  /** True if the status is not expired, false if it is expired. Only present if expiration was set. */
  isActive?: boolean
  /** True if the user's go-live access has been disabled by a moderator, false otherwise. */
  isDisabled?: boolean
}

/** @internal */
export function $checkStatusView(v: unknown, c: l.CheckOptions, depth: number = 0): l.Fault | undefined {
  if (depth > l.MAX_DEPTH) return l.tooDeep()
  if (!l.isObject<StatusView>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.actor.defs#statusView')
    return l.fault('$type', 'app.bsky.actor.defs#statusView', v.$type, '$type')
  const uri = v.uri
  if (uri !== undefined) {
    if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  }
  const cid = v.cid
  if (cid !== undefined) {
    if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  }
  const status = v.status
  if (typeof status !== 'string' || !status.isWellFormed()) return l.notType('string', status, 'status')
  const record = v.record
  const recordFault = l.data(record)
  if (recordFault !== undefined) return l.at(recordFault, 'record')
  const embed = v.embed
  if (embed !== undefined) {
    if (!l.isTyped(embed)) return l.notType('an object with $type', embed, 'embed')
    let embedFault: l.Fault | undefined
    switch (embed.$type) {
      case 'app.bsky.embed.external#view':
        embedFault = EmbedExternal.$checkView(embed, c, depth + 1)
        break
      default:
        embedFault = l.openMember(embed)
    }
    if (embedFault !== undefined) return l.at(embedFault, 'embed')
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
  const expiresAt = v.expiresAt
  if (expiresAt !== undefined) {
    if (typeof expiresAt !== 'string' || !l.datetime(expiresAt, c))
      return l.notFormat('datetime', expiresAt, 'expiresAt')
  }
  const isActive = v.isActive
  if (isActive !== undefined) {
    if (typeof isActive !== 'boolean') return l.notType('boolean', isActive, 'isActive')
  }
  const isDisabled = v.isDisabled
  if (isDisabled !== undefined) {
    if (typeof isDisabled !== 'boolean') return l.notType('boolean', isDisabled, 'isDisabled')
  }
  return undefined
}

export const statusView: l.ObjectSchema<StatusView, 'app.bsky.actor.defs#statusView'> =
  /*#__PURE__*/ l.object('app.bsky.actor.defs#statusView', $checkStatusView)
