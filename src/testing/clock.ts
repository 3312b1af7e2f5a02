import type { Random } from './random.ts'

/** Microseconds since 1970, strictly increasing. */
export type Clock = () => number

const START = Date.UTC(2025, 0, 1) * 1000

/** Repeatable time: starts on 2025-01-01 and moves on by up to 20 ms whenever somebody looks. */
export function seededClock(random: Random): Clock {
  let now = START
  return () => {
    now += 1 + random.int(20_000)
    return now
  }
}

/** The real time, never twice the same. */
export function systemClock(): Clock {
  let last = 0
  return () => {
    last = Math.max(last + 1, Date.now() * 1000)
    return last
  }
}

export function isoOf(micros: number): string {
  return new Date(Math.floor(micros / 1000)).toISOString()
}
