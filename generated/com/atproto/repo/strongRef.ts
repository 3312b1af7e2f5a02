// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

/** A URI with a content-hash fingerprint. */
export const $nsid = 'com.atproto.repo.strongRef'
export const $type = 'com.atproto.repo.strongRef'

export interface Main {
  $type?: 'com.atproto.repo.strongRef'
  /** Format at-uri. */
  uri: string
  /** Format cid. */
  cid: string
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (c.strict && v.$type !== undefined && v.$type !== 'com.atproto.repo.strongRef')
    return l.fault('$type', 'com.atproto.repo.strongRef', v.$type, '$type')
  const uri = v.uri
  if (typeof uri !== 'string' || !l.isAtUri(uri)) return l.notFormat('at-uri', uri, 'uri')
  const cid = v.cid
  if (typeof cid !== 'string' || !l.cid(cid, c)) return l.notFormat('cid', cid, 'cid')
  return undefined
}

export const main: l.ObjectSchema<Main, 'com.atproto.repo.strongRef'> = /*#__PURE__*/ l.object(
  'com.atproto.repo.strongRef',
  $checkMain,
)

export const $build: typeof main.$build = /*#__PURE__*/ l.get(main, '$build')
export const $matches: typeof main.$matches = /*#__PURE__*/ l.get(main, '$matches')
export const $parse: typeof main.$parse = /*#__PURE__*/ l.get(main, '$parse')
export const $safeParse: typeof main.$safeParse = /*#__PURE__*/ l.get(main, '$safeParse')
export const $validate: typeof main.$validate = /*#__PURE__*/ l.get(main, '$validate')
export const $safeValidate: typeof main.$safeValidate = /*#__PURE__*/ l.get(main, '$safeValidate')
