import { cidFromString } from '../protocol/cid.ts'

/**
 * JSON as Go's encoding/json writes it, because consumers may compare bytes: keys sorted by their UTF-8
 * bytes, `<`, `>`, `&`, U+2028 and U+2029 escaped.
 */
export function goString(text: string): string {
  const json = JSON.stringify(text)
  return SPECIAL.test(json) ? json.replace(SPECIALS, unicode) : json
}

const SPECIAL = /[<>&\u2028\u2029]/
const SPECIALS = /[<>&\u2028\u2029]/g
const unicode = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * A record in atproto's JSON form as indigo's `atdata` writes it. Null where that library refuses the record
 * (a malformed blob, a `$type` that is not a name) or has nothing to write (no fields): Tap sends such an event
 * without its `record`.
 */
export function goRecord(record: unknown): string | null {
  if (!isObject(record) || isLink(record) || isBytes(record) || Object.keys(record).length === 0) return null
  if (record.$type === 'blob' || isLegacyBlob(record)) return null
  try {
    return value(record)
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

class Refused extends Error {}

function value(v: unknown): string {
  if (typeof v === 'string') return goString(v)
  if (v === null || typeof v === 'number' || typeof v === 'boolean') return String(v)
  if (Array.isArray(v)) return `[${v.map(value).join(',')}]`
  if (isObject(v)) return object(v)
  throw new Refused()
}

function object(map: Readonly<Record<string, unknown>>): string {
  const { $type } = map
  if ($type === 'blob') return blob(map)
  if ($type === '' || ($type !== undefined && typeof $type !== 'string')) throw new Refused()
  if (isLegacyBlob(map)) return legacyBlob(map)
  const keys = Object.keys(map)
  if (!sorted(keys)) keys.sort(byBytes)
  let text = '{'
  for (const key of keys) text += `${text.length > 1 ? ',' : ''}${goString(key)}:${value(map[key])}`
  return `${text}}`
}

/** A struct in Go: its fields keep the order of their declaration. */
function blob(map: Readonly<Record<string, unknown>>): string {
  const { ref, mimeType, size } = map
  const whole = Object.keys(map).length === 4 && typeof mimeType === 'string' && isLink(ref)
  if (!whole || typeof size !== 'number') throw new Refused()
  // Go marks what it read in the old form by a negative size, so whatever has one is written in that form.
  if (size < 0) return `{"cid":${goString(ref.$link)},"mimeType":${goString(mimeType)}}`
  return `{"$type":"blob","ref":${value(ref)},"mimeType":${goString(mimeType)},"size":${size}}`
}

/** The form of before 2023. */
const isLegacyBlob = (map: Readonly<Record<string, unknown>>) =>
  'mimeType' in map && 'cid' in map && Object.keys(map).length === 2

function legacyBlob({ cid, mimeType }: Readonly<Record<string, unknown>>): string {
  if (typeof cid !== 'string' || typeof mimeType !== 'string' || !isCid(cid)) throw new Refused()
  return `{"cid":${goString(cid)},"mimeType":${goString(mimeType)}}`
}

function isCid(text: string): boolean {
  // Version 0 is 46 characters of base58; Go reads it, and legacy blobs are old enough to have it.
  if (/^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(text)) return true
  try {
    cidFromString(text)
    return true
  } catch {
    return false
  }
}

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
const only = (v: unknown, key: string) =>
  isObject(v) && typeof v[key] === 'string' && Object.keys(v).length === 1
const isLink = (v: unknown): v is { $link: string } => only(v, '$link')
const isBytes = (v: unknown) => only(v, '$bytes')

function sorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++)
    if (byBytes(keys[i - 1] as string, keys[i] as string) > 0) return false
  return true
}

/** UTF-16 order and UTF-8 order differ where surrogates meet U+E000 to U+FFFF. */
function byBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    if (isSurrogate(x) === isSurrogate(y)) return x - y
    return isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff
