/**
 * The few byte↔string moves that every hot path shares. Node keeps these as methods of Buffer's prototype
 * and they work on any Uint8Array; going through `Buffer.from(view).toString()` costs a view per string.
 */
type Slice = (this: Uint8Array, start: number, end: number) => string
const native = Buffer.prototype as unknown as {
  utf8Slice: Slice
  latin1Slice: Slice
  base64Slice: Slice
  latin1Write: (this: Uint8Array, text: string, offset: number, length: number) => number
  utf8Write: (this: Uint8Array, text: string, offset: number, length: number) => number
}

/** Decodes UTF-8; broken sequences become U+FFFD, so the caller must check where that matters. */
export const utf8 = (bytes: Uint8Array, start: number, end: number): string =>
  native.utf8Slice.call(bytes, start, end)

/** One UTF-16 unit per byte. */
export const latin1 = (bytes: Uint8Array, start: number, end: number): string =>
  native.latin1Slice.call(bytes, start, end)

/** Base64 with padding, standard alphabet. */
export const base64 = (bytes: Uint8Array, start: number, end: number): string =>
  native.base64Slice.call(bytes, start, end)

/** Writes one byte per UTF-16 unit; returns the number of bytes written. */
export const writeLatin1 = (bytes: Uint8Array, text: string, offset: number): number =>
  native.latin1Write.call(bytes, text, offset, text.length)

/** Writes UTF-8 into `length` bytes of room; returns the number of bytes written. */
export const writeUtf8 = (bytes: Uint8Array, text: string, offset: number, length: number): number =>
  native.utf8Write.call(bytes, text, offset, length)

/** Byte-wise equality. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
