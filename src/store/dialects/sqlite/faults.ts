import type { Fault } from '../../database.ts'

/** Primary SQLite result codes that are not the statement's fault. */
const FAULTS: Record<number, Fault> = {
  5: 'busy',
  6: 'busy',
  7: 'space', // out of memory
  8: 'io', // read-only: the file's rights changed under us
  10: 'io',
  11: 'damaged', // corrupt
  13: 'space',
  14: 'io', // cannot open
  15: 'busy', // locking protocol
  26: 'damaged', // no database any more
}

/** A virtual table (a full-text index, say) is at odds with itself: the doing of those who write to it. */
const CORRUPT_VTAB = 267

/** Primary result code of an error from `node:sqlite`, null for any other error. */
export function sqliteCode(error: unknown): number | null {
  const code = extendedCode(error)
  return code === null ? null : code & 0xff
}

export function sqliteFault(error: unknown): Fault | null {
  const code = sqliteCode(error)
  return code === null || extendedCode(error) === CORRUPT_VTAB ? null : (FAULTS[code] ?? null)
}

function extendedCode(error: unknown): number | null {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== 'ERR_SQLITE_ERROR') return null
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code : null
}
