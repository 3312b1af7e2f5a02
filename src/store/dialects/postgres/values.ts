import { createRequire } from 'node:module'
import type { WireValue } from './wire.ts'

// pg's own conversion, so that a value means the same here as with pg alone. It has no declarations.
const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  prepareValue(value: unknown): unknown
}

/** A value the way `pg` writes it, done before it is sent: an error then belongs to the statement alone. */
export function wireValue(value: unknown): WireValue {
  if (typeof value === 'string') return value
  const prepared = prepareValue(value)
  return prepared === null || prepared === undefined || Buffer.isBuffer(prepared)
    ? (prepared ?? null)
    : String(prepared)
}

/** The same for a column known to hold JSON: arrays and strings are JSON values there, not Postgres ones. */
export function wireJson(value: unknown): WireValue {
  if (value === null || value === undefined) return null
  return typeof value === 'object' && !(value instanceof Date) ? JSON.stringify(value) : wireValue(value)
}

const SPECIAL = /["\\]/
const EACH_SPECIAL = /["\\]/g

/** An array literal of one column's values, for `unnest`. */
export function arrayLiteral(rows: readonly (readonly WireValue[])[], column: number): string {
  const values = rows.map((row) => row[column] ?? null)
  if (values.length === 0) return '{}'
  // Few values need care: one look at all of them is cheaper than one at each.
  return values.every((value) => typeof value === 'string') && !SPECIAL.test(values.join(''))
    ? `{"${values.join('","')}"}`
    : `{${values.map(element).join()}}`
}

function element(value: WireValue): string {
  if (value === null) return 'NULL'
  if (typeof value !== 'string') return `"\\\\x${value.toString('hex')}"`
  // Few values need it, and looking is cheaper than replacing.
  return SPECIAL.test(value) ? `"${value.replace(EACH_SPECIAL, '\\$&')}"` : `"${value}"`
}
