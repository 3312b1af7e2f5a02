import { createServer, type Server as HttpServer, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener, RequestError } from '@hono/node-server'
import { JSON_TYPE } from './errors.ts'

type Upgrades = NonNullable<NonNullable<Parameters<typeof createServer>[0]>['shouldUpgradeCallback']>

/** An HTTP server that says in JSON what is wrong with requests that never become one, too. */
export function createHttp(
  fetch: (request: Request) => Response | Promise<Response>,
  upgrades?: Upgrades,
): HttpServer {
  const listener = getRequestListener(fetch, { errorHandler })
  const http = createServer(
    // Node would answer a missing host without a word; the listener refuses it as well.
    { requireHostHeader: false, ...(upgrades === undefined ? {} : { shouldUpgradeCallback: upgrades }) },
    listener,
  )
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [status, message] = REFUSED[error.code ?? ''] ?? [400, 'this is no HTTP request']
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy()
    else answer(socket, status, jsonText(message), { 'content-type': JSON_TYPE })
  })
  // Whoever sends a request slowly does not keep a connection for ever.
  http.headersTimeout = 10_000
  http.requestTimeout = 60_000
  return http
}

const REFUSED: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the headers are over 16384 bytes'],
  HPE_INVALID_METHOD: [400, 'there is no such method'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive in time'],
}

const jsonText = (message: string) => `${JSON.stringify({ message })}\n`

function errorHandler(error: unknown): Response {
  const wrong = error instanceof RequestError
  const [status, message] = wrong ? [400, error.message] : [500, 'Internal Server Error']
  return new Response(jsonText(message), { status, headers: { 'content-type': JSON_TYPE } })
}

/** Writes an answer to a socket that has no response object, and closes it. */
export function answer(
  socket: Duplex,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  const all = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
