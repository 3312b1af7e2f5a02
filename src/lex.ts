/**
 * `lextap/lex`: the one door generated code uses, and what user code needs beside it (value types, blob
 * helpers, validation errors). Small and without side effects, so bundlers can drop what is not used.
 */
export type { ColumnType, Generated, GeneratedAlways, Insertable, Selectable, Updateable } from 'kysely'
export type { AccountEvent, DeleteEvent, EventSource, IdentityEvent, PutEvent } from './dispatch/event.ts'
export type { HandlerContext, RecordIssue, ValidateOptions } from './dispatch/handler.ts'
export type { Check, CheckOptions } from './lex/check.ts'
export { MAX_DEPTH } from './lex/check.ts'
export type { Fault } from './lex/fault.ts'
export { at, fault, notFormat, notType, outOf, printPath } from './lex/fault.ts'
export { apply, fieldsFill, itemsFill, memberFill, replace, replaceItems } from './lex/fill.ts'
export { cid, datetime, language, uri } from './lex/format.ts'
export type {
  DeleteOf,
  HandlersOf,
  Named,
  NamesCollection,
  On,
  OnAccount,
  OnIdentity,
  PutOf,
  RecordEventOf,
} from './lex/handlers.ts'
export { createOn, createOnAccount, createOnIdentity } from './lex/handlers.ts'
export type { KeylessRows, RowsOf, TableRows } from './lex/rows.ts'
export type { ObjectSchema, RecordSchema, SafeResult, StandardSchema } from './lex/schema.ts'
export { get, object, record, ValidationError } from './lex/schema.ts'
export { graphemes, utf8Length } from './lex/text.ts'
export type { JsonForm, LexForm } from './lex/to-lex.ts'
export { fromLex, toLex } from './lex/to-lex.ts'
export {
  bytesLength,
  data,
  isBlob,
  isBytes,
  isCidLink,
  isMap,
  isObject,
  isTyped,
  notBlob,
  openMember,
  own,
  tooDeep,
} from './lex/value-checks.ts'
export type {
  $Typed,
  BlobRef,
  Bytes,
  CidLink,
  JsonValue,
  LegacyBlobRef,
  LexMap,
  TypedBlobRef,
  Unknown$Type,
  Unknown$TypedObject,
  UnknownString,
} from './lex/values.ts'
export { asUnknown$TypedObject, blobCid } from './lex/values.ts'
export {
  isAtIdentifier,
  isAtUri,
  isDid,
  isHandle,
  isNsid,
  isRecordKey,
  isTid,
} from './protocol/syntax.ts'
