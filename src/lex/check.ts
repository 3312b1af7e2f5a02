import type { ValidateOptions } from '../dispatch/handler.ts'
import type { Fault } from './fault.ts'

/** What every generated check is handed: `ValidateOptions` without optionals. One object serves every call. */
export interface CheckOptions {
  readonly legacyBlobs: boolean
  readonly strict: boolean
  /** A required field that is missing is fine when it has a default, which is about to be filled in. */
  readonly fill: boolean
}

/** A generated check: `undefined` when the value is right, else the first thing wrong with it. */
export type Check = (value: unknown, options: CheckOptions) => Fault | undefined

const known: readonly CheckOptions[] = Array.from({ length: 8 }, (_, i) => ({
  legacyBlobs: (i & 1) !== 0,
  strict: (i & 2) !== 0,
  fill: (i & 4) !== 0,
}))

/** The shared options object, so that validating a record allocates nothing for them. */
export function checkOptions(options: ValidateOptions | undefined, fill: boolean): CheckOptions {
  const index = (options?.legacyBlobs === false ? 0 : 1) | (options?.strict === true ? 2 : 0) | (fill ? 4 : 0)
  return known[index] as CheckOptions
}

/** Checks of cyclic definitions refuse to go deeper; the decoder of records stops at the same depth. */
export const MAX_DEPTH = 64
