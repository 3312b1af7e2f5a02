// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'

export const $nsid = 'app.bsky.feed.like'
export const $type = 'app.bsky.feed.like'

/** Record declaring a 'like' of a piece of subject content. */
export interface Main {
  $type: 'app.bsky.feed.like'
  subject: RepoStrongRef.Main
  /** Format datetime. */
  createdAt: string
  via?: RepoStrongRef.Main
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const subject = v.subject
  const subjectFault = RepoStrongRef.$checkMain(subject, c)
  if (subjectFault !== undefined) return l.at(subjectFault, 'subject')
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  const via = v.via
  if (via !== undefined) {
    const viaFault = RepoStrongRef.$checkMain(via, c)
    if (viaFault !== undefined) return l.at(viaFault, 'via')
  }
  return undefined
}

/** Record declaring a 'like' of a piece of subject content. */
export const main: l.RecordSchema<Main, 'app.bsky.feed.like'> = /*#__PURE__*/ l.record(
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
