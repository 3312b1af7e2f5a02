import type { Fault } from '../../database.ts'

/** SQLSTATE classes and codes that are not the statement's fault. */
const CODES: readonly (readonly [prefix: string, fault: Fault])[] = [
  ['40001', 'conflict'],
  ['40P01', 'conflict'],
  ['55P03', 'busy'], // lock not available
  ['55006', 'busy'], // object in use
  ['57014', 'busy'], // cancelled by somebody else
  ['57P', 'connection'], // shutdown, crash, cannot connect now
  ['25P03', 'connection'], // idle in transaction for too long
  ['25P04', 'connection'], // transaction timeout
  ['08', 'connection'],
  ['53', 'space'],
  ['58', 'io'],
  ['XX001', 'damaged'], // a table
  ['XX002', 'damaged'], // an index
  ['25006', 'io'], // read-only: a standby took over
]

const SOCKET = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ECONNABORTED',
  'EHOSTDOWN',
  'ENETDOWN',
  'ENETRESET',
  'ERR_SOCKET_CLOSED',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
])
const LOST =
  /connection terminated|not queryable|timeout expired|timeout exceeded when trying to connect|Connection ended/i

/** The SQLSTATE of an error the server sent, null for any other. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !SOCKET.has(code) ? code : null
}

export function postgresFault(error: unknown): Fault | null {
  const state = sqlState(error)
  if (state !== null) {
    // A plan made before somebody changed a table: a new connection makes a new one.
    if (state === '0A000' && /cached plan/.test((error as Error).message)) return 'connection'
    return CODES.find(([prefix]) => state.startsWith(prefix))?.[1] ?? null
  }
  if (!(error instanceof Error)) return null
  if (SOCKET.has((error as NodeJS.ErrnoException).code ?? '') || LOST.test(error.message)) return 'connection'
  return null
}
