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

/** Trouble that everybody has who uses the database, whoever's statement meets it. */
const WHOLE = ['53100', '53200', '53300', '58030', '25006', 'XX001', 'XX002']
/** The number of parameters does not fit, which no waiting mends. */
const WRONG_MESSAGE = '08P01'

/**
 * Whether the connection is of no use after the error. A function may raise any SQLSTATE, and one that connects to
 * another server speaks of that connection: what ends ours is no `ERROR`, or comes from the driver. Other severities
 * are words of the server's language.
 */
export function endsConnection(error: unknown): boolean {
  if (postgresFault(error) !== 'connection') return false
  const state = sqlState(error)
  if (state === null || isStalePlan(state, error)) return true
  // Should it have ended all the same, the next statement hears of it.
  return !state.startsWith('08') && (error as { severity?: unknown }).severity !== 'ERROR'
}

/**
 * What an error of a handler's statement is: the database's trouble (`whole`), or one that may pass and may as well be
 * the statement's own for ever. Null when it surely is the statement's.
 */
export function statementFault(error: unknown): { readonly fault: Fault; readonly whole: boolean } | null {
  const fault = postgresFault(error)
  const state = sqlState(error)
  if (fault === null || state === WRONG_MESSAGE) return null
  return { fault, whole: state === null || WHOLE.includes(state) || endsConnection(error) }
}

/** A plan made before somebody changed a table: a new connection makes a new one. */
const isStalePlan = (state: string, error: unknown): boolean =>
  state === '0A000' && /cached plan/.test((error as Error).message)

export function postgresFault(error: unknown): Fault | null {
  const state = sqlState(error)
  if (state !== null) {
    if (isStalePlan(state, error)) return 'connection'
    return CODES.find(([prefix]) => state.startsWith(prefix))?.[1] ?? null
  }
  if (!(error instanceof Error)) return null
  if (SOCKET.has((error as NodeJS.ErrnoException).code ?? '') || LOST.test(error.message)) return 'connection'
  return null
}
