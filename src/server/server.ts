import { once } from 'node:events'
import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Channel } from '../delivery/channel.ts'
import type { Takes } from '../delivery/window.ts'
import { UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { createApp, type NoChannel } from './app.ts'
import { createGate, type Gate, isLoopback } from './auth.ts'
import { type ErrorBody, JSON_TYPE } from './errors.ts'
import type { Health } from './health.ts'
import { answer, createHttp } from './http.ts'
import type { ServerPorts, ServerStore } from './ports.ts'

export interface ServerOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly password: string | null
  readonly observer: Observer
  readonly store: ServerStore
  readonly ports: ServerPorts
  readonly health: Health | null
  readonly channel: Channel | null
  readonly noChannel: NoChannel
}

/** Anything that listens. */
export interface Listener {
  /** Where it is reached from this machine. */
  readonly url: string
  readonly port: number
  /** Waits for requests under way, not for sockets of `/channel`. */
  close(): Promise<void>
}

/** Acks are small. */
const MAX_ACK = 64 * 1024

/** Tap's HTTP and WebSocket endpoints. Throws UserError when the address cannot be had. */
export async function startServer(options: ServerOptions): Promise<Listener> {
  const { host, password, observer, channel, noChannel } = options
  const gate = createGate({ password, host })
  const app = createApp({ ...options, gate })
  // Some clients offer HTTP/2 with every request: that is no reason not to answer it.
  const http = createHttp(app.fetch, asksForChannel)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_ACK, perMessageDeflate: false })
  sockets.on('wsClientError', ({ message }, socket) => refuse(socket, 400, { message }))
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    upgrade(request, socket, head, { gate, channel, noChannel, sockets })
  })
  const listener = await listen(http, options.port, host, 'server')
  if (password === null && !isLoopback(host)) {
    observer.log.warn(
      { host },
      'the server has no password: whoever reaches this address can add and remove repos',
    )
  }
  const alone = password === null && isLoopback(host)
  observer.log.info(
    { url: listener.url },
    `the server listens${alone ? ' for this machine alone: it has no password' : ''}`,
  )
  return listener
}

/** Prometheus scrapes an address of its own, without a password, as in Tap. */
export async function startMetricsServer(options: {
  host: string
  port: number
  observer: Observer
}): Promise<Listener> {
  const { observer } = options
  const { registry } = observer.metrics
  const fetch = async (request: Request) => {
    if (new URL(request.url).pathname !== '/metrics') return new Response('see /metrics\n', { status: 404 })
    return new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
  }
  const http = createHttp(fetch)
  const listener = await listen(http, options.port, options.host, 'metrics')
  observer.log.info({ url: `${listener.url}/metrics` }, 'metrics are served')
  return listener
}

/** Anything else is an ordinary request, whatever protocol it would rather speak. */
function asksForChannel({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && pathOf(url) === '/channel'
}

const pathOf = (url = '/') => URL.parse(url, 'http://localhost')?.pathname

interface UpgradeContext {
  readonly gate: Gate
  readonly channel: Channel | null
  readonly noChannel: NoChannel
  readonly sockets: WebSocketServer
}

function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: UpgradeContext): void {
  const { authorization, origin, host } = request.headers
  const refused = context.gate({ authorization, origin, host })
  if (refused !== null) {
    answer(socket, refused.status, refused.body, refused.headers)
    return
  }
  const url = URL.parse(request.url ?? '/', 'http://localhost')
  // Before Node 24.9 whatever would upgrade comes here.
  if (url?.pathname !== '/channel') {
    refuse(socket, 404, { message: 'only /channel can be upgraded' })
    return
  }
  const { channel, noChannel, sockets } = context
  const takes = takesOf(url.searchParams.get('emit'))
  const problem =
    takes === null ? '"emit" must be true, false or only' : noChannel[takes === 'tap' ? 'records' : 'all']
  if (problem !== null || channel === null || takes === null) {
    refuse(socket, 400, { message: problem ?? 'there is no channel' })
  } else {
    const client = `${request.socket.remoteAddress}:${request.socket.remotePort}`
    sockets.handleUpgrade(request, socket, head, (ws) => channel.accept(ws, socket, takes, client))
  }
}

/** Tap's clients know Tap's events alone; what handlers emit is for those who ask for it. */
function takesOf(emit: string | null): Takes | null {
  const takes: Record<string, Takes> = { false: 'tap', true: 'both', only: 'emitted' }
  return takes[emit ?? 'false'] ?? null
}

const refuse = (socket: Duplex, status: number, body: ErrorBody) =>
  answer(socket, status, `${JSON.stringify(body)}\n`, { 'content-type': JSON_TYPE })

async function listen(http: HttpServer, port: number, host: string, option: string): Promise<Listener> {
  try {
    await bind(http, port, host)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE' ? 'the port is taken' : code === 'EACCES' ? 'not allowed' : String(cause)
    throw new UserError(`cannot listen on ${host}:${port}: ${why}; change the option ${option}`, {
      code: 'listen',
      cause,
    })
  }
  const address = http.address() as AddressInfo
  const name = isLoopback(host) ? host : '127.0.0.1'
  return {
    url: `http://${name.includes(':') ? `[${name}]` : name}:${address.port}`,
    port: address.port,
    close: () => close(http),
  }
}

/** `::` takes both families, and where there is no IPv6 the other one alone. */
async function bind(http: HttpServer, port: number, host: string): Promise<void> {
  try {
    http.listen({ port, host })
    await once(http, 'listening')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (host !== '::' || !['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(code)) throw error
    await bind(http, port, '0.0.0.0')
  }
}

function close(http: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => resolve())
    http.closeIdleConnections()
    setTimeout(() => http.closeAllConnections(), 5000).unref()
  })
}
