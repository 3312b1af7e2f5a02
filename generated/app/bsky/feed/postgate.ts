// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'app.bsky.feed.postgate'
export const $type = 'app.bsky.feed.postgate'

/**
 * Record defining interaction rules for a post. The record key (rkey) of the postgate record must match the
 * record key of the post, and that record must be in the same repository.
 */
export interface Main {
  $type: 'app.bsky.feed.postgate'
  /** Format datetime. */
  createdAt: string
  /**
   * Reference (AT-URI) to the post record.
   *
   * Format at-uri.
   */
  post: string
  /**
   * List of AT-URIs embedding this post that the author has detached from.
   *
   * At most 50 items, each format at-uri.
   */
  detachedEmbeddingUris?: string[]
  /**
   * List of rules defining who can embed this post. If value is an empty array or is undefined, no particular
   * rules apply and anyone can embed.
   *
   * At most 5 items.
   */
  embeddingRules?: (l.$Typed<DisableRule> | l.Unknown$TypedObject)[]
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  const post = v.post
  if (typeof post !== 'string' || !l.isAtUri(post)) return l.notFormat('at-uri', post, 'post')
  const detachedEmbeddingUris = v.detachedEmbeddingUris
  if (detachedEmbeddingUris !== undefined) {
    if (!Array.isArray(detachedEmbeddingUris))
      return l.notType('array', detachedEmbeddingUris, 'detachedEmbeddingUris')
    if (detachedEmbeddingUris.length > 50)
      return l.outOf('maxLength', 'at most 50 items', detachedEmbeddingUris.length, 'detachedEmbeddingUris')
    for (let i = 0; i < detachedEmbeddingUris.length; i++) {
      const item: unknown = detachedEmbeddingUris[i]
      if (typeof item !== 'string' || !l.isAtUri(item))
        return l.notFormat('at-uri', item, 'detachedEmbeddingUris', i)
    }
  }
  const embeddingRules = v.embeddingRules
  if (embeddingRules !== undefined) {
    if (!Array.isArray(embeddingRules)) return l.notType('array', embeddingRules, 'embeddingRules')
    if (embeddingRules.length > 5)
      return l.outOf('maxLength', 'at most 5 items', embeddingRules.length, 'embeddingRules')
    for (let i = 0; i < embeddingRules.length; i++) {
      const item: unknown = embeddingRules[i]
      if (!l.isTyped(item)) return l.notType('an object with $type', item, 'embeddingRules', i)
      let itemFault: l.Fault | undefined
      switch (item.$type) {
        case 'app.bsky.feed.postgate#disableRule':
          itemFault = $checkDisableRule(item, c)
          break
        default:
          itemFault = l.openMember(item)
      }
      if (itemFault !== undefined) return l.at(itemFault, 'embeddingRules', i)
    }
  }
  return undefined
}

/**
 * Record defining interaction rules for a post. The record key (rkey) of the postgate record must match the
 * record key of the post, and that record must be in the same repository.
 */
export const main: l.RecordSchema<Main, 'app.bsky.feed.postgate'> = /*#__PURE__*/ l.record(
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

/** Disables embedding of this post. */
export interface DisableRule {
  $type?: 'app.bsky.feed.postgate#disableRule'
}

/** @internal */
export function $checkDisableRule(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isMap<DisableRule>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'app.bsky.feed.postgate#disableRule')
    return l.fault('$type', 'app.bsky.feed.postgate#disableRule', v.$type, '$type')
  return undefined
}

/** Disables embedding of this post. */
export const disableRule: l.ObjectSchema<DisableRule, 'app.bsky.feed.postgate#disableRule'> =
  /*#__PURE__*/ l.object('app.bsky.feed.postgate#disableRule', $checkDisableRule)
