import { InvalidError } from '../errors.ts'
import { MAX_DEPTH } from './cbor.ts'

/**
 * Where the CBOR value at `at` ends, without decoding it: only heads and lengths are looked at, so what is
 * skipped is not checked. Throws InvalidError('H1') when it does not end before `end`.
 */
export function skipValue(bytes: Uint8Array, at: number, end: number, depth = 0): number {
  if (at >= end) throw cut(at)
  const head = bytes[at] as number
  const type = head >> 5
  if (type === 7) return checkedEnd(at + 1 + simpleSize(head & 31), end)
  const info = head & 31
  let value = info
  let next = at + 1
  if (info >= 24) {
    value = headArgument(bytes, at, end)
    next += 1 << (info - 24)
  }
  if (type < 2) return next
  if (type < 4) return checkedEnd(next + value, end)
  if (depth >= MAX_DEPTH) throw new InvalidError('F11', `cbor nests deeper than ${MAX_DEPTH}; at=${at}`)
  const count = type === 4 ? value : type === 5 ? value * 2 : 1
  for (let i = 0; i < count; i++) next = skipValue(bytes, next, end, depth + 1)
  return next
}

/** The number in a head: a length, a count or an integer. May exceed 2^53 inexactly. */
export function headArgument(bytes: Uint8Array, at: number, end: number): number {
  const info = (bytes[at] as number) & 31
  if (info < 24) return info
  if (info > 27) throw new InvalidError('H1', `an indefinite length or a reserved head in cbor; at=${at}`)
  const stop = checkedEnd(at + 1 + (1 << (info - 24)), end)
  let value = 0
  for (let i = at + 1; i < stop; i++) value = value * 256 + (bytes[i] as number)
  return value
}

/** Where the content begins after the head at `at`. */
export const headEnd = (bytes: Uint8Array, at: number): number => {
  const info = (bytes[at] as number) & 31
  return at + 1 + (info < 24 ? 0 : 1 << (info - 24))
}

const simpleSize = (info: number) => (info < 24 ? 0 : info < 28 ? 1 << (info - 24) : 0)

function checkedEnd(next: number, end: number): number {
  if (next > end) throw cut(next)
  return next
}

const cut = (at: number) => new InvalidError('H1', `cbor ends early; at=${at}`)
