import { WebSocket } from 'ws'
import { backoffMs } from '../async/backoff.ts'
import { sleep } from '../async/signal.ts'
import { UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { relayConnected, relayDisconnected, relayUnreachable } from '../observe/source-events.ts'

export interface TextSocketOptions {
  /** What is followed, for the log: `the Tap`. */
  readonly what: string
  /** Asked anew before each connection. */
  readonly url: () => URL
  readonly headers?: Readonly<Record<string, string>>
  readonly observer: Observer
  /** A connection is open. */
  readonly onOpen?: () => void
  /** What a refusal means that no retry will change, by HTTP status; absent statuses are tried again. */
  readonly fatal?: (status: number, body: string) => string | null
  /** Messages held before the socket is not read. Default 1024. */
  readonly highWater?: number
  /** End a connection that gave no sign of life for so long, ms. Default 60000. */
  readonly idleMs?: number
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
}

/** A record is at most 1 MiB of CBOR; its JSON may be several times that. */
const MAX_MESSAGE = 16 << 20

/**
 * Text messages of a WebSocket, reconnecting for ever. Not pulling is the back-pressure.
 *
 * The generator's exits: the signal aborted (returns) · a refusal that no retry will change (throws).
 */
export class TextSocket {
  readonly #options: TextSocketOptions
  #socket: WebSocket | null = null
  /** Which connection it is, counted from one; what `batches` gave last came over it. */
  connection = 0
  #queue: string[] = []
  #wake: (() => void) | null = null
  #ending: { reason: string; fatal?: Error } | null = null

  constructor(options: TextSocketOptions) {
    this.#options = options
  }

  get connected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** False when there is no connection to send on. */
  send(text: string): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(text)
    return true
  }

  /** Ends the current connection; a new one follows. */
  disconnect(reason: string): void {
    this.#end({ reason })
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly string[]> {
    const { what, observer, url, backoff = { baseMs: 500, maxMs: 30_000 } } = this.#options
    const abort = () => this.#end({ reason: 'stopped' })
    signal.addEventListener('abort', abort)
    let failures = 0
    try {
      while (!signal.aborted) {
        const received = yield* this.#connection(signal)
        if (signal.aborted) return
        if (this.#ending?.fatal) throw this.#ending.fatal
        failures = received ? 0 : failures + 1
        const waitMs = backoffMs(failures, backoff)
        const facts = { url: url().host, reason: this.#ending?.reason ?? 'closed', waitMs }
        if (received) relayDisconnected(observer, facts, what)
        else relayUnreachable(observer, { ...facts, failures }, what)
        await sleep(waitMs, signal).catch(() => {})
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#end({ reason: 'stopped' })
    }
  }

  /** What one connection brings, to its end. Returns whether it brought anything. */
  async *#connection(signal: AbortSignal): AsyncGenerator<readonly string[], boolean> {
    this.#connect()
    let received = false
    while (!signal.aborted) {
      if (this.#queue.length > 0) {
        received = true
        const messages = this.#queue
        this.#queue = []
        yield messages
        if (this.#socket?.isPaused) this.#socket.resume()
      } else if (this.#ending !== null) break
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    return received
  }

  #connect(): void {
    const { url, headers = {}, highWater = 1024, idleMs = 60_000, observer } = this.#options
    const target = url()
    this.#queue = []
    this.#ending = null
    this.connection++
    const socket = new WebSocket(target, {
      maxPayload: MAX_MESSAGE,
      perMessageDeflate: false,
      handshakeTimeout: 15_000,
      headers: { 'user-agent': 'lextap', ...headers },
    })
    this.#socket = socket
    const end = (reason: string, fatal?: Error) => {
      if (this.#socket === socket) this.#end(fatal === undefined ? { reason } : { reason, fatal })
    }
    let alive = true
    const idle = setInterval(() => {
      if (socket.isPaused) return
      if (!alive) end(`no sign of life for ${idleMs} ms`)
      alive = false
      if (socket.readyState === WebSocket.OPEN) socket.ping()
    }, idleMs / 2)
    socket.on('pong', () => {
      alive = true
    })
    socket.on('open', () => {
      relayConnected(observer, { url: target.host }, this.#options.what)
      this.#options.onOpen?.()
    })
    socket.on('message', (data, isBinary) => {
      alive = true
      if (this.#socket !== socket || this.#ending !== null) return
      if (isBinary) {
        end('a binary message')
        return
      }
      this.#queue.push(String(data))
      if (this.#queue.length >= highWater) socket.pause()
      this.#notify()
    })
    socket.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        if (body.length < 2000) body += text
      })
      response.on('close', () => {
        const what = this.#options.fatal?.(status, body) ?? null
        const reason = `HTTP ${status} from ${target.host}`
        end(reason, what === null ? undefined : new UserError(`${what} (${reason})`, { code: 'source' }))
      })
    })
    socket.on('error', (error) => end(error.message || String(error)))
    socket.on('close', (code, text) => {
      clearInterval(idle)
      end(`closed with ${code}${text.length > 0 ? ` ${text.toString()}` : ''}`)
    })
  }

  #end(ending: { reason: string; fatal?: Error }): void {
    this.#ending ??= ending
    const socket = this.#socket
    this.#socket = null
    if (socket !== null && socket.readyState !== WebSocket.CLOSED) socket.terminate()
    this.#notify()
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}
