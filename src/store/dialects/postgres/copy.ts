import type { BulkInsert, BulkType, Param, Rows } from '../../database.ts'

/** What a binary `copy` begins and ends with. */
const HEAD = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const END = -1

export const copyText = ({ table, columns }: BulkInsert): string =>
  `copy ${table} (${Object.keys(columns).join(', ')}) from stdin (format binary)`

/** The rows as a binary `copy` wants them: no text to be taken apart, nothing to be escaped. */
export function copyRows(columns: BulkInsert['columns'], rows: Rows): Buffer {
  const types = Object.values(columns)
  const out = Buffer.allocUnsafe(HEAD.length + 2 + sizeOf(rows))
  let at = HEAD.copy(out)
  for (const row of rows) {
    at = out.writeInt16BE(types.length, at)
    for (let i = 0; i < types.length; i++) at = writeField(out, at, types[i] as BulkType, row[i] ?? null)
  }
  return out.subarray(0, out.writeInt16BE(END, at))
}

/** Bytes the rows take up at most. */
function sizeOf(rows: Rows): number {
  let size = 0
  for (const row of rows) {
    size += 2
    for (const value of row) {
      if (typeof value === 'string') size += 4 + 3 * value.length
      else size += value instanceof Uint8Array ? 4 + value.length : 12
    }
  }
  return size
}

function writeField(out: Buffer, at: number, type: BulkType, value: Param): number {
  if (value === null) return out.writeInt32BE(END, at)
  switch (type) {
    case 'int':
      return out.writeInt32BE(Number(value), out.writeInt32BE(4, at))
    case 'big':
      return out.writeBigInt64BE(BigInt(value as number), out.writeInt32BE(8, at))
    case 'bytes': {
      const bytes = value as Uint8Array
      out.set(bytes, out.writeInt32BE(bytes.length, at))
      return at + 4 + bytes.length
    }
    case 'text': {
      const end = writeText(out, at + 4, String(value))
      out.writeInt32BE(end - at - 4, at)
      return end
    }
  }
}

/** Most texts are short and ASCII: a call out of JavaScript would cost more than the loop. */
const SHORT = 24

function writeText(out: Buffer, at: number, text: string): number {
  if (text.length > SHORT) return at + out.write(text, at)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return at + out.write(text, at)
    out[at + i] = code
  }
  return at + text.length
}
