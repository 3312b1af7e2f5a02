/** The values of atproto's JSON form that JSON itself does not have, as types. */

/** A link to a block: `{ $link: 'bafy…' }`. */
export interface CidLink {
  $link: string
}

/** A byte string: `{ $bytes: '…' }`, base64 without padding. */
export interface Bytes {
  $bytes: string
}

/** A blob of the form used since 2023. */
export interface TypedBlobRef {
  $type: 'blob'
  ref: CidLink
  mimeType: string
  /** Bytes. */
  size: number
}

/** A blob of the form before 2023; `policy.legacyBlobs: false` keeps them out. */
export interface LegacyBlobRef {
  $type?: never
  cid: string
  mimeType: string
}

export type BlobRef = TypedBlobRef | LegacyBlobRef

/** The value of a definition of type `unknown`: any atproto object. */
export interface LexMap {
  [key: string]: unknown
}

/** Any other string, in unions of known values; keeps the editor's completion of the known ones. */
export type UnknownString = string & NonNullable<unknown>

/** The same object with its `$type`, as members of unions need it. */
export type $Typed<V extends { $type?: string }> = V & { $type: NonNullable<V['$type']> }

declare const unknownType: unique symbol

/**
 * A `$type` the lexicon does not know. It is a string at run time, but not for TypeScript, which would hold any
 * string possible where a known `$type` was asked for: this way `embed.$type === 'app.bsky.embed.images'` and
 * `switch (embed.$type)` narrow. `String(embed.$type)` reads it.
 */
export interface Unknown$Type {
  readonly [unknownType]: true
  toString(): string
}

/** A member of an open union that the lexicon does not know. */
export interface Unknown$TypedObject {
  $type: Unknown$Type
}

/** The CID of a blob of either form, as text. */
export function blobCid(blob: BlobRef): string {
  return blob.$type === 'blob' ? blob.ref.$link : blob.cid
}

/** An object of a type your lexicons do not know, as a member of an open union. */
export function asUnknown$TypedObject<T extends { readonly $type: string }>(value: T): Unknown$TypedObject {
  return value as unknown as Unknown$TypedObject
}

/** What a JSON column holds. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue }
