import type { RecordIssue, ValidateOptions } from '../dispatch/handler.ts'
import { LextapError } from '../errors.ts'
import { type Check, checkOptions } from './check.ts'
import { issueOf } from './fault.ts'

/** A value does not fit its lexicon. `issues` says where and why. */
export class ValidationError extends LextapError {
  override readonly name = 'ValidationError'
  readonly issues: readonly RecordIssue[]
  constructor(type: string, issues: readonly RecordIssue[]) {
    super(`${issues.map((issue) => issue.message).join('; ')}; type=${type}`, { code: 'invalid-value' })
    this.issues = issues
  }
}

export type SafeResult<T> =
  | { readonly success: true; readonly value: T }
  | { readonly success: false; readonly issues: readonly RecordIssue[] }

/** What a user hands to `$build`: everything but `$type`. The required fields `D` have a default and may be left out. */
export type Buildable<T, D extends PropertyKey> = {
  [K in keyof T as K extends '$type' | D ? never : K]: T[K]
} & { [K in keyof T as K extends D ? K : never]?: T[K] }

type Stringy<N extends string> = { readonly $type?: N }

/** The validator of an object definition. Values are in atproto's JSON form. */
export interface ObjectSchema<T, N extends string = string, D extends PropertyKey = never> {
  /** What `$type` says of such a value. */
  readonly $type: N
  /** Fills in `$type` and the defaults. Checks nothing beyond the types. */
  $build(fields: Buildable<T, D> & Stringy<N>): T & { $type: N }
  /** Whether the value fits as it is. */
  $matches(value: unknown, options?: ValidateOptions): value is T
  /** The value with its defaults; throws {@link ValidationError}. */
  $parse(value: unknown, options?: ValidateOptions): T
  /** As `$parse`, but tells instead of throwing. Allocates next to nothing when the value fits. */
  $safeParse(value: unknown, options?: ValidateOptions): SafeResult<T>
  /** The value itself, without defaults; throws {@link ValidationError}. */
  $validate(value: unknown, options?: ValidateOptions): T
  $safeValidate(value: unknown, options?: ValidateOptions): SafeResult<T>
  /** Standard Schema, see https://standardschema.dev. */
  readonly '~standard': StandardSchema<T>
}

/** The validator of a record. */
export interface RecordSchema<T, N extends string = string, D extends PropertyKey = never>
  extends ObjectSchema<T, N, D> {
  readonly $nsid: N
  /** The kind of record key: `tid`, `nsid`, `any` or `literal:…`. */
  readonly $key: string
}

export interface StandardSchema<T> {
  readonly version: 1
  readonly vendor: 'lextap'
  readonly validate: (value: unknown) => { readonly value: T } | { readonly issues: readonly RecordIssue[] }
  readonly types?: { readonly input: T; readonly output: T } | undefined
}

/** Binds the checks of one definition to its public surface. `fill` puts the defaults in, copying what it changes. */
export function object<T extends { $type?: string }, N extends string, D extends PropertyKey = never>(
  type: N,
  check: Check,
  fill: (value: T) => T = same,
): ObjectSchema<T, N, D> {
  const safe = (value: unknown, options: ValidateOptions | undefined, parse: boolean): SafeResult<T> => {
    const fault = check(value, checkOptions(options, parse))
    if (fault !== undefined) return { success: false, issues: [issueOf(fault)] }
    return { success: true, value: parse ? fill(value as T) : (value as T) }
  }
  const throwing = (value: unknown, options: ValidateOptions | undefined, parse: boolean): T => {
    const result = safe(value, options, parse)
    if (!result.success) throw new ValidationError(type, result.issues)
    return result.value
  }
  return {
    $type: type,
    $build: (fields) => fill({ ...fields, $type: type } as unknown as T) as T & { $type: N },
    $matches: (value, options): value is T => check(value, checkOptions(options, false)) === undefined,
    $parse: (value, options) => throwing(value, options, true),
    $safeParse: (value, options) => safe(value, options, true),
    $validate: (value, options) => throwing(value, options, false),
    $safeValidate: (value, options) => safe(value, options, false),
    '~standard': {
      version: 1,
      vendor: 'lextap',
      validate: (value) => {
        const result = safe(value, undefined, true)
        return result.success ? { value: result.value } : { issues: result.issues }
      },
    },
  }
}

const same = <T>(value: T): T => value

/** As {@link object}, for records. */
export function record<T extends { $type: N }, N extends string, D extends PropertyKey = never>(
  nsid: N,
  key: string,
  check: Check,
  fill?: (value: T) => T,
): RecordSchema<T, N, D> {
  return { ...object<T, N, D>(nsid, check, fill), $nsid: nsid, $key: key }
}

/** `schema[name]`, as a call that generated code can mark as free of effects. */
export function get<T, K extends keyof T>(schema: T, name: K): T[K] {
  return schema[name]
}
