import { decodeJson } from '../protocol/cbor.ts'
import type { RecordIssue, RecordSchema } from './handler.ts'

export type InvalidPolicy = 'dead-letter' | 'deliver' | 'skip'

/** What a record block turned out to be. `value` of an invalid one is what the policy `deliver` delivers. */
export type CheckedRecord =
  | { readonly kind: 'valid'; readonly value: unknown }
  | {
      readonly kind: 'invalid'
      readonly rule: 'H2' | 'H3'
      readonly value: unknown
      readonly error: string
      readonly issues: readonly RecordIssue[]
    }
  | { readonly kind: 'undecodable'; readonly rule: 'H1'; readonly error: string }

/** Decodes a block (H1), checks its `$type` (H2) and its lexicon (H3). */
export function checkRecord(
  body: Uint8Array,
  collection: string,
  schema: RecordSchema | undefined,
  legacyBlobs: boolean,
): CheckedRecord {
  let value: unknown
  try {
    value = decodeJson(body)
  } catch (error) {
    return { kind: 'undecodable', rule: 'H1', error: error instanceof Error ? error.message : String(error) }
  }
  const type = typeof value === 'object' && value !== null ? (value as { $type?: unknown }).$type : undefined
  if (type !== collection) return invalid('H2', value, [wrongType(type, collection)])
  if (schema === undefined) return { kind: 'valid', value }
  const result = schema.$safeParse(value, { legacyBlobs })
  return result.success ? { kind: 'valid', value: result.value } : invalid('H3', value, result.issues)
}

function invalid(rule: 'H2' | 'H3', value: unknown, issues: readonly RecordIssue[]): CheckedRecord {
  const [first] = issues
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  const error = first === undefined ? 'the record does not match its lexicon' : `${first.message}${more}`
  return { kind: 'invalid', rule, value, error, issues }
}

function wrongType(type: unknown, collection: string): RecordIssue {
  const received = type === undefined ? 'nothing' : String(JSON.stringify(type)).slice(0, 100)
  return {
    path: ['$type'],
    rule: '$type',
    expected: collection,
    received,
    message: `$type must be ${collection}, not ${received}`,
  }
}
