import { isDatetimeStringLenient } from '@atproto/syntax'
import { isDatetime, isLanguage, isLanguageTag, isUri } from '../protocol/syntax.ts'
import type { CheckOptions } from './check.ts'
import { isAnyCid } from './cid.ts'

/**
 * The formats about which the specification and the reference validator (`@atproto/lexicon`) disagree. By
 * default what either accepts passes, because the network is full of records the reference let in;
 * `strict: true` keeps to the specification. docs/validation.md lists the differences.
 */

/** Strict: as the specification. Else also ISO 8601 without a time zone and the like, as long as it parses. */
export function datetime(s: string, options: CheckOptions): boolean {
  if (isDatetime(s)) return true
  if (options.strict || s.length > 64 || s.indexOf('T') !== s.lastIndexOf('T')) return false
  return isDatetimeStringLenient(s) && !Number.isNaN(Date.parse(s))
}

/** Strict: primary tag in small letters, nothing twice. Else any well-formed BCP 47 tag. */
export function language(s: string, options: CheckOptions): boolean {
  return options.strict ? isLanguage(s) : isLanguageTag(s)
}

/** Strict: printable ASCII after a scheme. Else anything without white space. Never more than 8192 units. */
export function uri(s: string, options: CheckOptions): boolean {
  if (s.length > 8192) return false
  if (isUri(s)) return true
  return !options.strict && /^\w+:(?:\/\/)?[^\s/][^\s]*$/.test(s) && s.isWellFormed()
}

/** A CID that can be read, in base32, base36 or base58; version 0 only when not strict. */
export function cid(s: string, options: CheckOptions): boolean {
  return isAnyCid(s, !options.strict)
}
