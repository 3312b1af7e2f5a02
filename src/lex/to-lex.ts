import { CID } from 'multiformats/cid'
import { LextapError } from '../errors.ts'
import { MAX_DEPTH } from './check.ts'
import { preview } from './fault.ts'
import type { Bytes, CidLink } from './values.ts'

/** A type in the object form of `@atproto/lex`: CID links are CID objects, bytes are `Uint8Array`. */
export type LexForm<T> = T extends CidLink
  ? CID
  : T extends Bytes
    ? Uint8Array
    : T extends readonly (infer I)[]
      ? LexForm<I>[]
      : T extends object
        ? { [K in keyof T]: LexForm<T[K]> }
        : T

/** A type in JSON form, from the object form. */
export type JsonForm<T> = T extends CID
  ? CidLink
  : T extends Uint8Array
    ? Bytes
    : T extends readonly (infer I)[]
      ? JsonForm<I>[]
      : T extends object
        ? { [K in keyof T]: JsonForm<T[K]> }
        : T

/** From JSON form to the form `@atproto/lex` works with. Throws when a `$link` or `$bytes` cannot be read. */
export function toLex<T>(value: T): LexForm<T> {
  return convert(value, special, 0) as LexForm<T>
}

/** From the form of `@atproto/lex` to JSON form. */
export function fromLex<T>(value: T): JsonForm<T> {
  return convert(value, plain, 0) as JsonForm<T>
}

/** What an object becomes as a whole, undefined when its fields are converted instead. */
type Convert = (value: object) => unknown

function convert(value: unknown, whole: Convert, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH)
    throw new LextapError(`a value nested deeper than ${MAX_DEPTH}`, { code: 'invalid-value' })
  if (Array.isArray(value)) return value.map((item) => convert(item, whole, depth + 1))
  const converted = whole(value)
  if (converted !== undefined) return converted
  // `fromEntries` defines properties, so a key called `__proto__` stays a key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, convert(item, whole, depth + 1)]),
  )
}

function special(value: object): unknown {
  const { $link, $bytes } = value as { $link?: unknown; $bytes?: unknown }
  if (typeof $link !== 'string' && typeof $bytes !== 'string') return undefined
  // With other fields it is neither, and @atproto/lex leaves it as it is too: none of them may get lost.
  if (Object.keys(value).length !== 1) return undefined
  if (typeof $link === 'string') return read($link, '$link', 'CID', CID.parse)
  return read($bytes as string, '$bytes', 'base64', fromBase64)
}

const fromBase64 = (text: string) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

function read<T>(text: string, key: string, kind: string, parse: (text: string) => T): T {
  try {
    return parse(text)
  } catch (cause) {
    const message = `a ${key} that is no ${kind}; value=${preview(text)}`
    throw new LextapError(message, { code: 'invalid-value', cause })
  }
}

function plain(value: object): unknown {
  const cid = CID.asCID(value)
  if (cid !== null) return { $link: cid.toString() }
  if (!(value instanceof Uint8Array)) return undefined
  return { $bytes: btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')).replace(/=+$/, '') }
}
