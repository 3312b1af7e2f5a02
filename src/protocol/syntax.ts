/**
 * Syntax checks of the identifiers and string formats of atproto, hand-written because one runs for nearly every
 * string of every record. They follow the specifications (https://atproto.com/specs) and agree with the interop
 * vectors; docs/validation.md says where the reference validator is more lenient.
 */

import { bytes, copy, NOT_BASE32_PAIR, pairs, words, wordsOf } from './scratch.ts'

// One bit per character class; index is the char code, everything past ASCII is 0.
const DID_CHAR = 1
const KEY_CHAR = 2
const LETTER = 4
const ALNUM = 8
const LOWER = 16
const TID_CHAR = 32
const SCHEME_CHAR = 64
const CLASS = new Uint8Array(128)
for (let code = 0; code < 128; code++) {
  const char = String.fromCharCode(code)
  CLASS[code] =
    (/[a-zA-Z0-9._:%-]/.test(char) ? DID_CHAR : 0) |
    (/[a-zA-Z0-9_~.:-]/.test(char) ? KEY_CHAR : 0) |
    (/[a-zA-Z]/.test(char) ? LETTER : 0) |
    (/[a-zA-Z0-9]/.test(char) ? ALNUM : 0) |
    (/[a-z]/.test(char) ? LOWER : 0) |
    (/[2-7a-z]/.test(char) ? TID_CHAR : 0) |
    (/[a-z.-]/.test(char) ? SCHEME_CHAR : 0)
}
const HYPHEN = 45
const DOT = 46
const SLASH = 47
const COLON = 58
const PERCENT = 37

/** Whether the char code is of the class. Codes past the table read as undefined, which is no class. */
const is = (code: number, kind: number): boolean => ((CLASS[code] ?? 0) & kind) !== 0

/** A DID between two offsets: method in lower case, at most 2048 characters, not ending in `:` or `%`. */
function isDidSpan(s: string, start: number, end: number): boolean {
  if (end - start < 7 || end - start > 2048) return false
  if (s.charCodeAt(start) !== 100 || s.charCodeAt(start + 1) !== 105 || s.charCodeAt(start + 2) !== 100)
    return false
  if (s.charCodeAt(start + 3) !== COLON) return false
  let i = start + 4
  while (i < end && is(s.charCodeAt(i), LOWER)) i++
  if (i === start + 4 || i + 1 >= end || s.charCodeAt(i) !== COLON) return false
  let last = COLON
  for (i++; i < end; i++) {
    last = s.charCodeAt(i)
    if (!is(last, DID_CHAR)) return false
  }
  return last !== COLON && last !== PERCENT
}

/**
 * Dotted labels of letters, digits and inner hyphens, 1 to 63 characters each. Returns the number of labels, or 0.
 * The offset of the last one is left in `lastLabel`, so that callers can look at it without splitting.
 */
let lastLabel = 0
function countLabels(s: string, start: number, end: number): number {
  let labels = 0
  let from = start
  for (let i = start; i <= end; i++) {
    const code = i === end ? DOT : s.charCodeAt(i)
    if (code === DOT) {
      const length = i - from
      if (length === 0 || length > 63) return 0
      if (s.charCodeAt(from) === HYPHEN || s.charCodeAt(i - 1) === HYPHEN) return 0
      labels++
      lastLabel = from
      from = i + 1
    } else if (code !== HYPHEN && !is(code, ALNUM)) return 0
  }
  return labels
}

function isHandleSpan(s: string, start: number, end: number): boolean {
  if (end - start > 253) return false
  return countLabels(s, start, end) >= 2 && is(s.charCodeAt(lastLabel), LETTER)
}

function isNsidSpan(s: string, start: number, end: number): boolean {
  if (end - start > 317 || countLabels(s, start, end) < 3) return false
  if (!is(s.charCodeAt(start), LETTER) || !is(s.charCodeAt(lastLabel), LETTER)) return false
  for (let i = lastLabel; i < end; i++) if (s.charCodeAt(i) === HYPHEN) return false
  return true
}

function isRecordKeySpan(s: string, start: number, end: number): boolean {
  const length = end - start
  if (length < 1 || length > 512) return false
  for (let i = start; i < end; i++) if (!is(s.charCodeAt(i), KEY_CHAR)) return false
  if (length > 2 || s.charCodeAt(start) !== DOT) return true
  return length === 2 && s.charCodeAt(start + 1) !== DOT
}

/** `did:method:…`, any method. */
export function isDid(s: string): boolean {
  if (s.length === 32 && isPlc(s)) return true
  return isDidSpan(s, 0, s.length)
}

/** A domain name of at least two labels whose last one starts with a letter. */
export function isHandle(s: string): boolean {
  return isHandleSpan(s, 0, s.length)
}

/** A DID or a handle. */
export function isAtIdentifier(s: string): boolean {
  return s.startsWith('did:') ? isDid(s) : isHandle(s)
}

/** A namespaced identifier such as `app.bsky.feed.post`. */
export function isNsid(s: string): boolean {
  return isNsidSpan(s, 0, s.length)
}

/** A record key of any type: 1 to 512 characters of `A-Za-z0-9._~:-`, not `.` or `..`. */
export function isRecordKey(s: string): boolean {
  return isRecordKeySpan(s, 0, s.length)
}

/** A timestamp identifier: 13 characters of base32-sortable, high bit zero. */
export function isTid(s: string): boolean {
  if (s.length !== 13) return false
  const first = s.charCodeAt(0)
  // 2-7, a-j: the top bit of 65 must be zero
  if (!is(first, TID_CHAR) || first > 106) return false
  for (let i = 1; i < 13; i++) if (!is(s.charCodeAt(i), TID_CHAR)) return false
  return true
}

/** `at://authority[/collection[/rkey]][#/json/pointer]`, at most 8192 characters. */
export function isAtUri(s: string): boolean {
  const length = s.length
  if (length === 70 && isCommonUri(s)) return true
  if (length > 8192 || !s.startsWith('at://')) return false
  const hash = s.indexOf('#', 5)
  const end = hash === -1 ? length : hash
  if (hash !== -1 && !isFragment(s, hash + 1)) return false
  const slash = s.indexOf('/', 5)
  const authorityEnd = slash === -1 || slash > end ? end : slash
  const isAuthority = s.startsWith('did:', 5)
    ? isDidSpan(s, 5, authorityEnd)
    : isHandleSpan(s, 5, authorityEnd)
  if (!isAuthority) return false
  if (authorityEnd === end) return true
  const second = s.indexOf('/', authorityEnd + 1)
  const collectionEnd = second === -1 || second > end ? end : second
  if (!isNsidSpan(s, authorityEnd + 1, collectionEnd)) return false
  if (collectionEnd === end) return true
  return isRecordKeySpan(s, collectionEnd + 1, end)
}

type Words = [number, number, number, number, number, number, number, number]
const [T, DID, PLC, P0, P1, P2, P3, P4] = wordsOf('t://did:plc:/app.bsky.feed.post/') as Words

/** `did:plc:` and 24 letters of base32: what nearly all DIDs are. Given 32 characters. */
function isPlc(s: string): boolean {
  copy(s, 0)
  return words[0] === DID && words[1] === PLC && isBase32(4, 16)
}

/**
 * A post of a did:plc with a TID for its key: what nine of ten URIs in the network's records are. Given 70 characters,
 * which are put where all but the first belong to whole words.
 */
function isCommonUri(s: string): boolean {
  copy(s, 3)
  const last = bytes[72] as number
  return (
    bytes[3] === 97 &&
    words[1] === T &&
    words[2] === DID &&
    words[3] === PLC &&
    isBase32(8, 20) &&
    words[10] === P0 &&
    words[11] === P1 &&
    words[12] === P2 &&
    words[13] === P3 &&
    words[14] === P4 &&
    isBase32(30, 36) &&
    NOT_BASE32_PAIR[last * 257] === 0
  )
}

/** Whether the copied text has letters of base32 alone, from one pair to another. */
export function isBase32(start: number, end: number): boolean {
  let wrong = 0
  for (let i = start; i < end; i++) wrong |= NOT_BASE32_PAIR[pairs[i] as number] as number
  return wrong === 0
}

/** A JSON pointer in the characters a URI allows, with decodable percent escapes. */
function isFragment(s: string, start: number): boolean {
  if (s.charCodeAt(start) !== SLASH) return false
  const fragment = s.slice(start)
  if (!/^[a-zA-Z0-9._~:@!$&')(*+,;=%[\]/-]+$/.test(fragment)) return false
  if (!fragment.includes('%')) return true
  try {
    decodeURIComponent(fragment)
    return true
  } catch {
    return false
  }
}

/** The superficial syntax of a CID in any multibase; CIDv0 is not supported by the protocol. */
export function isCidString(s: string): boolean {
  return s.length >= 8 && s.length <= 256 && !s.startsWith('Qmb') && /^[a-zA-Z0-9+=]+$/.test(s)
}

/** A URI by its look: scheme, colon, something without white space; at most 8192 characters. */
export function isUri(s: string): boolean {
  if (s.length > 8192 || !is(s.charCodeAt(0), LOWER)) return false
  let i = 1
  while (i <= 80 && is(s.charCodeAt(i), SCHEME_CHAR)) i++
  return s.charCodeAt(i) === COLON && i + 1 < s.length && /^[\x21-\x7e]+$/.test(s)
}

const digit = (s: string, i: number): number => {
  const value = s.charCodeAt(i) - 48
  return value >= 0 && value <= 9 ? value : 10_000
}
const two = (s: string, i: number): number => digit(s, i) * 10 + digit(s, i + 1)

/** What nearly all are: UTC, with a day every month has. */
const PLAIN_DATETIME =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?Z$/

/**
 * RFC 3339 and ISO 8601 at once: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, at most 64 characters, `-00:00`
 * refused, years 0 to 9999 after the offset is applied.
 */
export function isDatetime(s: string): boolean {
  const length = s.length
  if (length < 20 || length > 64) return false
  if (PLAIN_DATETIME.test(s)) return true
  const year = two(s, 0) * 100 + two(s, 2)
  const month = two(s, 5)
  const day = two(s, 8)
  const second = two(s, 17)
  if (year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 || second > 60) return false
  if (two(s, 11) > 23 || two(s, 14) > 59) return false
  if (s.charCodeAt(4) !== HYPHEN || s.charCodeAt(7) !== HYPHEN || s.charCodeAt(10) !== 84) return false
  if (s.charCodeAt(13) !== COLON || s.charCodeAt(16) !== COLON) return false
  let i = 19
  if (s.charCodeAt(i) === DOT) {
    i++
    while (digit(s, i) < 10) i++
    if (i === 20) return false
  }
  const zulu = s.charCodeAt(i) === 90
  if (zulu ? length !== i + 1 : !isOffset(s, i)) return false
  if (day <= 28 && second < 60 && (zulu || (year > 0 && year < 9999))) return true
  // The rare rest: days a month may lack, leap seconds, and offsets that leave the allowed years.
  const utc = new Date(s).getUTCFullYear()
  return utc >= 0 && utc <= 9999
}

function isOffset(s: string, i: number): boolean {
  const sign = s.charCodeAt(i)
  if ((sign !== 43 && sign !== HYPHEN) || s.length !== i + 6 || s.charCodeAt(i + 3) !== COLON) return false
  const hours = two(s, i + 1)
  const minutes = two(s, i + 4)
  return hours <= 23 && minutes <= 59 && !(sign === HYPHEN && hours === 0 && minutes === 0)
}

const GRANDFATHERED =
  /^(?:en-GB-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:BE-FR|BE-NL|CH-DE)|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang))$/
const LANGUAGE_TAG =
  /^(?:(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?((?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)((?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*)(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?|[xX](?:-[A-Za-z0-9]{1,8})+)$/

/** A well-formed BCP 47 tag, as lenient as the reference validator (upper-case `JA` passes). */
export function isLanguageTag(s: string): boolean {
  if ((s.length === 2 || s.length === 3) && is(s.charCodeAt(0), LETTER) && is(s.charCodeAt(1), LETTER))
    if (s.length === 2 || is(s.charCodeAt(2), LETTER)) return true
  return LANGUAGE_TAG.test(s) || GRANDFATHERED.test(s)
}

/** A BCP 47 tag: two or three small letters first, no variant or extension twice (RFC 5646 §4.1). */
export function isLanguage(s: string): boolean {
  if (s.length === 2) return is(s.charCodeAt(0), LOWER) && is(s.charCodeAt(1), LOWER)
  if (GRANDFATHERED.test(s)) return true
  const match = LANGUAGE_TAG.exec(s)
  if (match === null) return false
  if (s.charCodeAt(1) === HYPHEN) return true // private use: x-…
  if (!/^[a-z]{2,3}(?:-|$)/.test(s)) return false
  const variants = (match[1] ?? '').toLowerCase().split('-').slice(1)
  const singletons = [...(match[2] ?? '').toLowerCase().matchAll(/-([0-9a-wy-z])(?=-)/g)].map((m) => m[1])
  return new Set(variants).size === variants.length && new Set(singletons).size === singletons.length
}
