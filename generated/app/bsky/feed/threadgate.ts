// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'app.bsky.feed.threadgate'
export const $type = 'app.bsky.feed.threadgate'

/**
 * Record defining interaction gating rules for a thread (aka, reply controls). The record key (rkey) of the
 * threadgate record must match the record key of the thread's root post, and that record must be in the same
 * repository.
 */
export interface Main {
  $type: 'app.bsky.feed.threadgate'
  /**
   * Reference (AT-URI) to the post record.
   *
   * Format at-uri.
   */
  post: string
  /**
   * List of rules defining who can reply to this post. If value is an empty array, no one can reply. If value
   * is undefined, anyone can reply.
   *
   * At most 5 items.
   */
  allow?: (
    | l.$Typed<MentionRule>
    | l.$Typed<FollowerRule>
    | l.$Typed<FollowingRule>
    | l.$Typed<ListRule>
    | l.Unknown$TypedObject
  )[]
  /** Format datetime. */
  createdAt: string
  /**
   * List of hidden reply URIs.
   *
   * At most 300 items, each format at-uri.
   */
  hiddenReplies?: string[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const post = v.post
  if (typeof post !== 'string' || !l.isAtUri(post)) return l.notFormat('at-uri', post, 'post')
  const allow = v.allow
  if (allow !== undefined) {
    if (!Array.isArray(allow)) return l.notType('array', allow, 'allow')
    if (allow.length > 5) return l.outOf('maxLength', 'at most 5 items', allow.length, 'allow')
    for (let i = 0; i < allow.length; i++) {
      const item: unknown = allow[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'allow', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.feed.threadgate#mentionRule':
          itemFault = $checkMentionRule(item, c)
          break
        case 'app.bsky.feed.threadgate#followerRule':
          itemFault = $checkFollowerRule(item, c)
          break
        case 'app.bsky.feed.threadgate#followingRule':
          itemFault = $checkFollowingRule(item, c)
          break
        case 'app.bsky.feed.threadgate#listRule':
          itemFault = $checkListRule(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'allow', i)
    }
  }
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  const hiddenReplies = v.hiddenReplies
  if (hiddenReplies !== undefined) {
    if (!Array.isArray(hiddenReplies)) return l.notType('array', hiddenReplies, 'hiddenReplies')
    if (hiddenReplies.length > 300)
      return l.outOf('maxLength', 'at most 300 items', hiddenReplies.length, 'hiddenReplies')
    for (let i = 0; i < hiddenReplies.length; i++) {
      const item: unknown = hiddenReplies[i]
      if (typeof item !== 'string' || !l.isAtUri(item)) return l.notFormat('at-uri', item, 'hiddenReplies', i)
    }
  }
  return undefined
}

/**
 * Record defining interaction gating rules for a thread (aka, reply controls). The record key (rkey) of the
 * threadgate record must match the record key of the thread's root post, and that record must be in the same
 * repository.
 */
export const main: l.RecordSchema<Main, 'app.bsky.feed.threadgate'> = /*#__PURE__*/ l.record(
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

/** Allow replies from actors mentioned in your post. */
export interface MentionRule {
  $type?: 'app.bsky.feed.threadgate#mentionRule'
}

/** @internal */
export function $checkMentionRule(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<MentionRule>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.threadgate#mentionRule')
    return l.fault('$type', 'app.bsky.feed.threadgate#mentionRule', v.$type, '$type')
  return undefined
}

/** Allow replies from actors mentioned in your post. */
export const mentionRule: l.ObjectSchema<MentionRule, 'app.bsky.feed.threadgate#mentionRule'> =
  /*#__PURE__*/ l.object('app.bsky.feed.threadgate#mentionRule', $checkMentionRule)

/** Allow replies from actors who follow you. */
export interface FollowerRule {
  $type?: 'app.bsky.feed.threadgate#followerRule'
}

/** @internal */
export function $checkFollowerRule(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<FollowerRule>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.threadgate#followerRule')
    return l.fault('$type', 'app.bsky.feed.threadgate#followerRule', v.$type, '$type')
  return undefined
}

/** Allow replies from actors who follow you. */
export const followerRule: l.ObjectSchema<FollowerRule, 'app.bsky.feed.threadgate#followerRule'> =
  /*#__PURE__*/ l.object('app.bsky.feed.threadgate#followerRule', $checkFollowerRule)

/** Allow replies from actors you follow. */
export interface FollowingRule {
  $type?: 'app.bsky.feed.threadgate#followingRule'
}

/** @internal */
export function $checkFollowingRule(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<FollowingRule>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.threadgate#followingRule')
    return l.fault('$type', 'app.bsky.feed.threadgate#followingRule', v.$type, '$type')
  return undefined
}

/** Allow replies from actors you follow. */
export const followingRule: l.ObjectSchema<FollowingRule, 'app.bsky.feed.threadgate#followingRule'> =
  /*#__PURE__*/ l.object('app.bsky.feed.threadgate#followingRule', $checkFollowingRule)

/** Allow replies from actors on a list. */
export interface ListRule {
  $type?: 'app.bsky.feed.threadgate#listRule'
  /** Format at-uri. */
  list: string
}

/** @internal */
export function $checkListRule(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<ListRule>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.threadgate#listRule')
    return l.fault('$type', 'app.bsky.feed.threadgate#listRule', v.$type, '$type')
  const list = v.list
  if (typeof list !== 'string' || !l.isAtUri(list)) return l.notFormat('at-uri', list, 'list')
  return undefined
}

/** Allow replies from actors on a list. */
export const listRule: l.ObjectSchema<ListRule, 'app.bsky.feed.threadgate#listRule'> = /*#__PURE__*/ l.object(
  'app.bsky.feed.threadgate#listRule',
  $checkListRule,
)
