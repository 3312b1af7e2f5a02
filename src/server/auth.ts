import { createHash, timingSafeEqual } from 'node:crypto'

/** What a request that may not pass is told. */
export interface Refusal {
  readonly status: 401 | 403
  /** JSON with `error` and `message`. */
  readonly body: string
  readonly headers: Record<string, string>
}

interface Asked {
  /** Request headers, lower-case names. */
  readonly authorization: string | undefined
  readonly origin: string | undefined
  readonly host: string | undefined
}

export interface GateOptions {
  readonly password: string | null
  /** Address the server is bound to. */
  readonly host: string
}

/** Null lets a request pass. */
export type Gate = (asked: Asked) => Refusal | null

/**
 * With a password: Basic auth as `admin`, like Tap, for every path. Without one only programs of this machine
 * should get in: pages that a browser has open are programs of this machine too, so those are kept out.
 */
export function createGate({ password, host }: GateOptions): Gate {
  if (password !== null) {
    const expected = digest(password)
    return ({ authorization }) => (isAdmin(authorization, expected) ? null : UNAUTHORIZED)
  }
  const local = isLoopback(host)
  return (asked) => {
    if (asked.origin !== undefined && hostOf(asked.origin) !== asked.host) return FOREIGN
    // A page may reach us under a name of its own that points here (DNS rebinding).
    if (local && !isLocalName(asked.host ?? '')) return FOREIGN
    return null
  }
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function refusal(status: Refusal['status'], error: string, message: string, headers = {}): Refusal {
  const body = `${JSON.stringify({ error, message })}\n`
  return { status, body, headers: { 'content-type': 'application/json', ...headers } }
}

const UNAUTHORIZED = refusal(
  401,
  'Unauthorized',
  'atproto admin auth required, but missing or incorrect password',
  { 'www-authenticate': 'Basic realm="admin", charset="UTF-8"' },
)
const FOREIGN = refusal(
  403,
  'Forbidden',
  'without a password lextap answers programs of this machine alone; set the option server.password',
)

/** Equal length whatever was sent, so that comparing takes equal time. */
const digest = (text: string) => createHash('sha256').update(text).digest()

function isAdmin(header: string | undefined, expected: Buffer): boolean {
  const match = /^basic +(\S*)$/i.exec(header ?? '')
  const text = Buffer.from(match?.[1] ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  // Compared in any case: that there was no password at all must not show in the time either.
  const equal = timingSafeEqual(digest(text.slice(colon + 1)), expected)
  return equal && match !== null && text.slice(0, Math.max(0, colon)) === 'admin'
}

const hostOf = (origin: string) => URL.parse(origin)?.host ?? ''

function isLocalName(host: string): boolean {
  const name = URL.parse(`http://${host}`)?.hostname ?? ''
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1')) || name.endsWith('.localhost')
}
