import type { WireValue } from './wire.ts'

const SPECIAL = /[\\\t\n\r]/
const EACH_SPECIAL = /[\\\t\n\r]/g
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** The rows as a `copy` in text format wants them: a line for each, its values as they would be parameters. */
export function copyLines(rows: readonly (readonly WireValue[])[]): Buffer {
  return Buffer.from(`${rows.map(line).join('\n')}\n`)
}

// Put together value by value: `join` would leave nulls out.
function line(row: readonly WireValue[]): string {
  let text = field(row[0] ?? null)
  for (let i = 1; i < row.length; i++) text += `\t${field(row[i] ?? null)}`
  return text
}

function field(value: WireValue): string {
  if (value === null) return '\\N'
  if (typeof value !== 'string') return `\\\\x${value.toString('hex')}`
  return SPECIAL.test(value) ? value.replace(EACH_SPECIAL, (found) => ESCAPED[found] ?? found) : value
}
