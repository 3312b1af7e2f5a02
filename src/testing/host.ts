import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** A request as routes and faults see it. */
export interface Exchange {
  /** Name of the host asked, e.g. `plc`, `relay`, `pds1`. */
  readonly host: string
  readonly method: string
  readonly path: string
  /** Last part of `/xrpc/…`, else `null`. */
  readonly nsid: string | null
  readonly query: URLSearchParams
  /** The account meant, when the request names one. */
  readonly did: string | null
  readonly headers: IncomingMessage['headers']
  /** Fires when the other side is gone. */
  readonly signal: AbortSignal
}

/** An answer. A body that throws {@link ConnectionReset} tears the connection down in the middle. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>
  /** Takes the connection as a WebSocket instead, if the request asked for one. */
  readonly upgrade?: (socket: WebSocket) => void
}

export type Handle = (exchange: Exchange) => Reply | Promise<Reply>
/** Stands between the wire and the routes; calls `next` for the honest answer. */
export type Middleware = (exchange: Exchange, next: () => Promise<Reply>) => Promise<Reply>

export class ConnectionReset extends Error {}

/** An XRPC error as hosts spell it. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  constructor(status: number, error: string, message: string = error) {
    super(message)
    this.status = status
    this.error = error
  }
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/**
 * One HTTP and WebSocket server on the loopback address: a PLC directory, a PDS or a relay. It can be taken
 * down and brought back on the same port.
 */
export class Host {
  readonly name: string
  readonly #handle: Handle
  readonly #middleware: Middleware
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #webSockets: WebSocketServer | null = null
  #port: number

  constructor(name: string, handle: Handle, middleware: Middleware, port = 0) {
    this.name = name
    this.#handle = handle
    this.#middleware = middleware
    this.#port = port
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get running(): boolean {
    return this.#server !== null
  }

  async start(): Promise<void> {
    if (this.#server !== null) return
    const server = createServer((request, response) => void this.#serve(request, response))
    const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
    this.#server = server
    this.#webSockets = webSockets
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket as Socket, head))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
  }

  /** Refuses connections from now on and breaks those that exist. Starting again takes the same port. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    this.dropConnections()
    this.#webSockets?.close()
    await closed
  }

  /** Breaks every open connection without a goodbye; new ones are welcome. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #exchange(request: IncomingMessage, gone: AbortSignal): Exchange {
    const url = new URL(request.url ?? '/', 'http://host.invalid')
    const nsid = url.pathname.startsWith('/xrpc/') ? url.pathname.slice('/xrpc/'.length) : null
    const path = decodeURIComponent(url.pathname)
    const did = url.searchParams.get('did') ?? url.searchParams.get('repo')
    return {
      host: this.name,
      method: request.method ?? 'GET',
      path,
      nsid,
      query: url.searchParams,
      did: did ?? (path.startsWith('/did:') ? path.slice(1) : null),
      headers: request.headers,
      signal: gone,
    }
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    try {
      return await this.#middleware(exchange, async () => {
        try {
          return await this.#handle(exchange)
        } catch (error) {
          if (error instanceof Refusal)
            return json({ error: error.error, message: error.message }, error.status)
          throw error
        }
      })
    } catch (error) {
      if (error instanceof ConnectionReset) throw error
      return json({ error: 'InternalServerError', message: String(error) }, 500)
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    request.resume()
    try {
      const reply = await this.#answer(this.#exchange(request, gone.signal))
      response.writeHead(reply.status, reply.headers)
      const { body } = reply
      if (typeof body === 'string' || body instanceof Uint8Array) {
        response.end(request.method === 'HEAD' ? undefined : body)
        return
      }
      for await (const chunk of body) {
        if (gone.signal.aborted) return
        if (!response.write(chunk)) await drained(response, gone.signal)
      }
      response.end()
    } catch {
      request.socket.destroy()
    }
  }

  async #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const gone = new AbortController()
    socket.on('error', () => {})
    socket.on('close', () => gone.abort())
    try {
      const reply = await this.#answer(this.#exchange(request, gone.signal))
      if (reply.upgrade !== undefined) {
        this.#webSockets?.handleUpgrade(request, socket, head, reply.upgrade)
        return
      }
      const headers = Object.entries({ ...reply.headers, connection: 'close' })
      socket.write(`HTTP/1.1 ${reply.status} \r\n${headers.map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`)
      const { body } = reply
      if (typeof body === 'string' || body instanceof Uint8Array) socket.end(body)
      else {
        for await (const chunk of body) socket.write(chunk)
        socket.end()
      }
    } catch {
      socket.destroy()
    }
  }
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    gone.addEventListener('abort', done, { once: true })
  })
}
