// Written by `lextap codegen`. Do not edit.

import * as l from 'lextap/lex'

export const $nsid = 'xyz.statusphere.status'
export const $type = 'xyz.statusphere.status'

export interface Main {
  $type: 'xyz.statusphere.status'
  /** At least 1 byte, at most 32 bytes, at most 1 grapheme. */
  status: string
  /** Format datetime. */
  createdAt: string
}

/** @internal */
export function $checkMain(v: unknown, c: l.CheckOptions): l.Fault | undefined {
  if (!l.isObject<Main>(v)) return l.notType('object', v)
  if (v.$type !== $nsid) return l.fault('$type', $nsid, v.$type, '$type')
  const status = v.status
  if (typeof status !== 'string' || !status.isWellFormed()) return l.notType('string', status, 'status')
  if (status.length < 1 && l.utf8Length(status) < 1)
    return l.outOf('minLength', 'at least 1 byte', l.utf8Length(status), 'status')
  if (status.length > 10 && l.utf8Length(status) > 32)
    return l.outOf('maxLength', 'at most 32 bytes', l.utf8Length(status), 'status')
  if (status.length > 1 && l.graphemes(status, 1) > 1)
    return l.outOf('maxGraphemes', 'at most 1 grapheme', 'more', 'status')
  const createdAt = v.createdAt
  if (typeof createdAt !== 'string' || !l.datetime(createdAt, c))
    return l.notFormat('datetime', createdAt, 'createdAt')
  return undefined
}

export const main: l.RecordSchema<Main, 'xyz.statusphere.status'> = /*#__PURE__*/ l.record(
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
