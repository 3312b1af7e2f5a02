import { InvalidError } from '../errors.ts'

const ALPHABET = '234567abcdefghijklmnopqrstuvwxyz'
const LENGTH = 13

/**
 * Timestamp identifiers: 53 bits of microseconds and 10 bits of clock id, as 13 sortable letters. Times are
 * microseconds since 1970 and stay exact as numbers until the year 2255.
 */
function spell(value: number, letters: number): string {
  let text = ''
  for (let rest = value, i = 0; i < letters; i++) {
    text = (ALPHABET[rest % 32] as string) + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** The TID of a time in microseconds; `clockId` is 0–1023, by default 0. */
export function tidFromMicros(us: number | bigint, clockId = 0): string {
  const micros = Number(us)
  if (!Number.isSafeInteger(micros) || micros < 0)
    throw new RangeError(`a tid needs a time in microseconds below 2^53; us=${us}`)
  if (!Number.isInteger(clockId) || clockId < 0 || clockId > 1023)
    throw new RangeError(`a tid's clock id is 0 to 1023; clockId=${clockId}`)
  return spell(micros, 11) + spell(clockId, 2)
}

/** The time of a TID in microseconds since 1970. Throws InvalidError('B1') when `tid` is not one. */
export function microsOfTid(tid: string): number {
  // The first letter holds the unused top bit and four bits of time: 53 bits of time begin in it.
  if (!/^[234567a-j][234567a-z]{12}$/.test(tid))
    throw new InvalidError('B1', `not a tid; tid=${tid.slice(0, 40)}`)
  let micros = 0
  for (let i = 0; i < LENGTH - 2; i++) micros = micros * 32 + ALPHABET.indexOf(tid[i] as string)
  return micros
}

let last = 0
const clockId = Math.floor(Math.random() * 1024)

/** A TID for now, later than every one this process made and later than `prev`. */
export function nextTid(prev?: string): string {
  const floor = prev === undefined ? last : Math.max(last, microsOfTid(prev))
  last = Math.max(Date.now() * 1000, floor + 1)
  return tidFromMicros(last, clockId)
}
