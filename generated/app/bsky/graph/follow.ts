// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'
import * as RepoStrongRef from '../../../com/atproto/repo/strongRef.ts'

export const $nsid = 'app.bsky.graph.follow'
export const $type = 'app.bsky.graph.follow'

/**
 * Record declaring a social 'follow' relationship of another account. Duplicate follows will be ignored by
 * the AppView.
 */
export interface Main {
  $type: 'app.bsky.graph.follow'
  /** Format did. */
  subject: string
  /** Format datetime. */
  createdAt: string
  via?: RepoStrongRef.Main
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const subject = v.subject
  if (typeof subject !== 'string' || !l.isDid(subject)) return l.notFormat('did', subject, 'subject')
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

/**
 * Record declaring a social 'follow' relationship of another account. Duplicate follows will be ignored by
 * the AppView.
 */
export const main: l.RecordSchema<Main, 'app.bsky.graph.follow'> = /*#__PURE__*/ l.record(
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
