// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'app.bsky.notification.defs'

export interface RecordDeleted {
  $type?: 'app.bsky.notification.defs#recordDeleted'
}

/** @internal */
export function $checkRecordDeleted(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<RecordDeleted>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#recordDeleted')
    return l.fault('$type', 'app.bsky.notification.defs#recordDeleted', v.$type, '$type')
  return undefined
}

export const recordDeleted: l.ObjectSchema<RecordDeleted, 'app.bsky.notification.defs#recordDeleted'> =
  /*#__PURE__*/ l.object('app.bsky.notification.defs#recordDeleted', $checkRecordDeleted)

/** @deprecated use chat.bsky.notification preferences instead. This will only return a default value. */
export interface ChatPreference {
  $type?: 'app.bsky.notification.defs#chatPreference'
  include: 'all' | 'accepted' | l.UnknownString
  push: boolean
}

/** @internal */
export function $checkChatPreference(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ChatPreference>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#chatPreference')
    return l.fault('$type', 'app.bsky.notification.defs#chatPreference', v.$type, '$type')
  const include = v.include
  if (typeof include !== 'string' || !include.isWellFormed()) return l.notType('string', include, 'include')
  const push = v.push
  if (typeof push !== 'boolean') return l.notType('boolean', push, 'push')
  return undefined
}

/** @deprecated use chat.bsky.notification preferences instead. This will only return a default value. */
export const chatPreference: l.ObjectSchema<ChatPreference, 'app.bsky.notification.defs#chatPreference'> =
  /*#__PURE__*/ l.object('app.bsky.notification.defs#chatPreference', $checkChatPreference)

export interface FilterablePreference {
  $type?: 'app.bsky.notification.defs#filterablePreference'
  include: 'all' | 'follows' | l.UnknownString
  list: boolean
  push: boolean
}

/** @internal */
export function $checkFilterablePreference(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<FilterablePreference>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#filterablePreference')
    return l.fault('$type', 'app.bsky.notification.defs#filterablePreference', v.$type, '$type')
  const include = v.include
  if (typeof include !== 'string' || !include.isWellFormed()) return l.notType('string', include, 'include')
  const list = v.list
  if (typeof list !== 'boolean') return l.notType('boolean', list, 'list')
  const push = v.push
  if (typeof push !== 'boolean') return l.notType('boolean', push, 'push')
  return undefined
}

export const filterablePreference: l.ObjectSchema<
  FilterablePreference,
  'app.bsky.notification.defs#filterablePreference'
> = /*#__PURE__*/ l.object('app.bsky.notification.defs#filterablePreference', $checkFilterablePreference)

export interface Preference {
  $type?: 'app.bsky.notification.defs#preference'
  list: boolean
  push: boolean
}

/** @internal */
export function $checkPreference(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Preference>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#preference')
    return l.fault('$type', 'app.bsky.notification.defs#preference', v.$type, '$type')
  const list = v.list
  if (typeof list !== 'boolean') return l.notType('boolean', list, 'list')
  const push = v.push
  if (typeof push !== 'boolean') return l.notType('boolean', push, 'push')
  return undefined
}

export const preference: l.ObjectSchema<Preference, 'app.bsky.notification.defs#preference'> =
  /*#__PURE__*/ l.object('app.bsky.notification.defs#preference', $checkPreference)

export interface Preferences {
  $type?: 'app.bsky.notification.defs#preferences'
  /** @deprecated use chat.bsky.notification preferences instead. This will only return a default value. */
  chat: ChatPreference
  follow: FilterablePreference
  like: FilterablePreference
  likeViaRepost: FilterablePreference
  mention: FilterablePreference
  quote: FilterablePreference
  reply: FilterablePreference
  repost: FilterablePreference
  repostViaRepost: FilterablePreference
  starterpackJoined: Preference
  subscribedPost: Preference
  unverified: Preference
  verified: Preference
}

/** @internal */
export function $checkPreferences(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Preferences>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#preferences')
    return l.fault('$type', 'app.bsky.notification.defs#preferences', v.$type, '$type')
  const chat = v.chat
  const chatFault = $checkChatPreference(chat, c)
  if (chatFault !== undefined) return l.at(chatFault, 'chat')
  const follow = v.follow
  const followFault = $checkFilterablePreference(follow, c)
  if (followFault !== undefined) return l.at(followFault, 'follow')
  const like = v.like
  const likeFault = $checkFilterablePreference(like, c)
  if (likeFault !== undefined) return l.at(likeFault, 'like')
  const likeViaRepost = v.likeViaRepost
  const likeViaRepostFault = $checkFilterablePreference(likeViaRepost, c)
  if (likeViaRepostFault !== undefined) return l.at(likeViaRepostFault, 'likeViaRepost')
  const mention = v.mention
  const mentionFault = $checkFilterablePreference(mention, c)
  if (mentionFault !== undefined) return l.at(mentionFault, 'mention')
  const quote = v.quote
  const quoteFault = $checkFilterablePreference(quote, c)
  if (quoteFault !== undefined) return l.at(quoteFault, 'quote')
  const reply = v.reply
  const replyFault = $checkFilterablePreference(reply, c)
  if (replyFault !== undefined) return l.at(replyFault, 'reply')
  const repost = v.repost
  const repostFault = $checkFilterablePreference(repost, c)
  if (repostFault !== undefined) return l.at(repostFault, 'repost')
  const repostViaRepost = v.repostViaRepost
  const repostViaRepostFault = $checkFilterablePreference(repostViaRepost, c)
  if (repostViaRepostFault !== undefined) return l.at(repostViaRepostFault, 'repostViaRepost')
  const starterpackJoined = v.starterpackJoined
  const starterpackJoinedFault = $checkPreference(starterpackJoined, c)
  if (starterpackJoinedFault !== undefined) return l.at(starterpackJoinedFault, 'starterpackJoined')
  const subscribedPost = v.subscribedPost
  const subscribedPostFault = $checkPreference(subscribedPost, c)
  if (subscribedPostFault !== undefined) return l.at(subscribedPostFault, 'subscribedPost')
  const unverified = v.unverified
  const unverifiedFault = $checkPreference(unverified, c)
  if (unverifiedFault !== undefined) return l.at(unverifiedFault, 'unverified')
  const verified = v.verified
  const verifiedFault = $checkPreference(verified, c)
  if (verifiedFault !== undefined) return l.at(verifiedFault, 'verified')
  return undefined
}

export const preferences: l.ObjectSchema<Preferences, 'app.bsky.notification.defs#preferences'> =
  /*#__PURE__*/ l.object('app.bsky.notification.defs#preferences', $checkPreferences)

export interface ActivitySubscription {
  $type?: 'app.bsky.notification.defs#activitySubscription'
  post: boolean
  reply: boolean
}

/** @internal */
export function $checkActivitySubscription(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ActivitySubscription>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.notification.defs#activitySubscription')
    return l.fault('$type', 'app.bsky.notification.defs#activitySubscription', v.$type, '$type')
  const post = v.post
  if (typeof post !== 'boolean') return l.notType('boolean', post, 'post')
  const reply = v.reply
  if (typeof reply !== 'boolean') return l.notType('boolean', reply, 'reply')
  return undefined
}

export const activitySubscription: l.ObjectSchema<
  ActivitySubscription,
  'app.bsky.notification.defs#activitySubscription'
> = /*#__PURE__*/ l.object('app.bsky.notification.defs#activitySubscription', $checkActivitySubscription)

/** Object used to store activity subscription data in stash. */
export interface SubjectActivitySubscription {
  $type?: 'app.bsky.notification.defs#subjectActivitySubscription'
  /** Format did. */
  subject: string
  activitySubscription: ActivitySubscription
}

/** @internal */
export function $checkSubjectActivitySubscription(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<SubjectActivitySubscription>(v)) return l.notType('object', v)
  if (
    c.strict &&
    v.$type !== undefined &&
    v.$type !== 'app.bsky.notification.defs#subjectActivitySubscription'
  )
    return l.fault('$type', 'app.bsky.notification.defs#subjectActivitySubscription', v.$type, '$type')
  const subject = v.subject
  if (typeof subject !== 'string' || !l.isDid(subject)) return l.notFormat('did', subject, 'subject')
  const activitySubscription = v.activitySubscription
  const activitySubscriptionFault = $checkActivitySubscription(activitySubscription, c)
  if (activitySubscriptionFault !== undefined) return l.at(activitySubscriptionFault, 'activitySubscription')
  return undefined
}

/** Object used to store activity subscription data in stash. */
export const subjectActivitySubscription: l.ObjectSchema<
  SubjectActivitySubscription,
  'app.bsky.notification.defs#subjectActivitySubscription'
> = /*#__PURE__*/ l.object(
  'app.bsky.notification.defs#subjectActivitySubscription',
  $checkSubjectActivitySubscription,
)
