import { type CheckOptions, MAX_DEPTH } from './check.ts'
import { isAnyCid, isBlessedCid } from './cid.ts'
import { type Fault, fault, notType, outOf } from './fault.ts'
import type { BlobRef, CidLink, TypedBlobRef } from './values.ts'

/** The fields of a type before they were checked. */
export type Loose<T> = { readonly [K in keyof T]?: unknown }

/** A JSON object, no array. */
export function isObject<T>(value: unknown): value is Loose<T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As {@link isObject}, and neither a CID nor bytes: for objects that may be empty. */
export function isMap<T>(value: unknown): value is Loose<T> {
  if (!isObject<{ $link: unknown; $bytes: unknown; $type: unknown }>(value)) return false
  return value.$link === undefined && value.$bytes === undefined && value.$type !== 'blob'
}

/** An object with a `$type`, as unions want it. A blob is none. */
export function isTyped(value: unknown): value is { readonly $type: string } {
  return isObject<{ $type: unknown }>(value) && typeof value.$type === 'string' && value.$type !== 'blob'
}

/** The value of an own property, for property names that every object inherits something for. */
export function own<T extends object, K extends keyof T>(value: T, key: K): T[K] | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

/** `{ $link }` with a CID the data model allows and nothing else. */
export function isCidLink(value: unknown): boolean {
  if (!isObject<{ $link: unknown }>(value)) return false
  const link = value.$link
  if (typeof link !== 'string' || !isBlessedCid(link)) return false
  for (const key in value) if (key !== '$link') return false
  return true
}

/** `{ $bytes }` with base64 (padding allowed) and nothing else. */
export function isBytes(value: unknown): value is { readonly $bytes: string } {
  if (!isObject<{ $bytes: unknown }>(value)) return false
  const text = value.$bytes
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return false
  if (base64Length(text) < 0) return false
  for (const key in value) if (key !== '$bytes') return false
  return true
}

/** Bytes a base64 text stands for, or -1 when no number of bytes has that many digits. */
function base64Length(text: string): number {
  let digits = text.length
  while (digits > 0 && text.charCodeAt(digits - 1) === 61) digits--
  if (digits % 4 === 1 || (digits < text.length && text.length % 4 !== 0)) return -1
  return Math.floor((digits * 3) / 4)
}

/** Length of a checked `{ $bytes }`. */
export function bytesLength(value: { readonly $bytes: string }): number {
  return base64Length(value.$bytes)
}

/** A blob in a form the options allow. */
export function isBlob(value: unknown, options: CheckOptions): value is BlobRef {
  if (!isObject<TypedBlobRef>(value)) return false
  if (value.$type === undefined) return options.legacyBlobs && isLegacyBlob(value)
  if (value.$type !== 'blob' || typeof value.mimeType !== 'string' || !value.mimeType.isWellFormed())
    return false
  if (!Number.isSafeInteger(value.size) || (value.size as number) < 0 || !isCidLink(value.ref)) return false
  // Blobs are raw bytes, but the interop records carry one with a dag-cbor CID.
  if (options.strict && !(value.ref as CidLink).$link.startsWith('bafk')) return false
  for (const key in value)
    if (key !== '$type' && key !== 'mimeType' && key !== 'size' && key !== 'ref') return false
  return true
}

function isLegacyBlob(value: Loose<{ cid: unknown; mimeType: unknown }>): boolean {
  if (typeof value.cid !== 'string' || !isAnyCid(value.cid, true)) return false
  if (typeof value.mimeType !== 'string' || !value.mimeType.isWellFormed()) return false
  for (const key in value) if (key !== 'cid' && key !== 'mimeType') return false
  return true
}

/** Says what is wrong with a value that is no blob: a legacy one where the options keep those out, mostly. */
export function notBlob(value: unknown, options: CheckOptions, ...path: (string | number)[]): Fault {
  const legacy =
    isObject<{ $type: unknown; cid: unknown }>(value) && value.$type === undefined && value.cid !== undefined
  return notType(legacy && !options.legacyBlobs ? 'a blob with $type' : 'a blob', value, ...path)
}

/** A member of an open union that the lexicon does not know: data with the name of a type. */
export function openMember(value: { readonly $type: string }): Fault | undefined {
  if (!/^[^#]+(?:#[^#]*)?$/.test(value.$type))
    return fault('data', 'the name of a type', value.$type, '$type')
  return data(value)
}

/**
 * What a lexicon leaves open (`unknown`, and members of open unions it does not know): an object of atproto
 * data all the way down. No floats, no `undefined`, no lone surrogates, CIDs and bytes in their only form, and
 * no deeper than the decoder goes. Walks with a stack of its own.
 */
export function data(value: unknown): Fault | undefined {
  if (!isMap<LooseMap>(value)) return notType('an object', value)
  const stack: Step[] = [{ value, depth: 0, key: '', from: null }]
  for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
    const { value: item, depth } = step
    if (typeof item !== 'object' || item === null) {
      if (!isScalar(item)) return fault('data', 'atproto data', item, ...pathTo(step))
      continue
    }
    if (depth >= MAX_DEPTH) return outOf('depth', `at most ${MAX_DEPTH} levels`, 'more')
    const within = (key: string | number, entry: unknown) =>
      stack.push({ value: entry, depth: depth + 1, key, from: step })
    if (Array.isArray(item)) for (let i = 0; i < item.length; i++) within(i, item[i])
    else if (Object.prototype.toString.call(item) !== '[object Object]')
      // A Date, a Map, bytes and CIDs as @atproto/lex has them: nothing that came from JSON.
      return fault('data', 'atproto data', item, ...pathTo(step))
    else if ((item as { $link?: unknown }).$link !== undefined) {
      if (!isCidLink(item)) return fault('data', 'a cid link', item, ...pathTo(step))
    } else if ((item as { $bytes?: unknown }).$bytes !== undefined) {
      if (!isBytes(item)) return fault('data', 'bytes', item, ...pathTo(step))
    } else {
      const type = (item as { $type?: unknown }).$type
      if (type !== undefined && (typeof type !== 'string' || type === ''))
        return fault('data', 'the name of a type', type, ...pathTo(step), '$type')
      for (const key of Object.keys(item)) {
        if (!key.isWellFormed()) return fault('data', 'well-formed keys', key, ...pathTo(step))
        within(key, (item as LooseMap)[key])
      }
    }
  }
  return undefined
}

/** A value to look at, and how it was come by. */
interface Step {
  readonly value: unknown
  readonly depth: number
  readonly key: string | number
  readonly from: Step | null
}

function pathTo(step: Step): (string | number)[] {
  const path: (string | number)[] = []
  for (let at = step; at.from !== null; at = at.from) path.unshift(at.key)
  return path
}

type LooseMap = Record<string, unknown>

function isScalar(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  return value === null || typeof value === 'boolean' || Number.isSafeInteger(value)
}

/** A value whose definition refers to itself too often. */
export function tooDeep(): Fault {
  return outOf('depth', `at most ${MAX_DEPTH} levels`, 'more')
}
