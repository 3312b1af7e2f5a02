import { WebSocket } from 'ws'
import { UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import {
  relayConnected,
  relayDisconnected,
  relayUnreachable,
  streamBroken,
} from '../observe/source-events.ts'
import { askedWait, parseRateLimit, parseRetryAfter } from '../protocol/xrpc-error.ts'

export interface RelayOptions {
  /** Base URL, `wss://relay…` or `ws://…`; `/xrpc/com.atproto.sync.subscribeRepos` is added. */
  readonly url: string
  /** The seq to resume after, asked anew before each connection; null starts at the head. */
  readonly cursor: () => number | null
  readonly observer: Observer
  readonly userAgent?: string
  /** Frames held before the socket is paused. Default 2048. */
  readonly highWater?: number
  /** End a connection that gave no sign of life for so long, ms (rule A12). Default 60000. */
  readonly idleMs?: number
  /** A connection is open. */
  readonly onOpen?: () => void
  /** First and longest wait between connections, ms. Default 500 and 30000. */
  readonly backoffMs?: { readonly first: number; readonly longest: number }
}

/** Frames over this are refused (rule A9). */
const MAX_FRAME = 5_000_000
/** Statuses that no retry will change (rule A10). */
const FINAL_STATUSES = new Set([405, 426, 501])

/** What one connection's life ended with. */
interface Ending {
  readonly reason: string
  readonly retryAfterMs?: number
  readonly fatal?: Error
  /** We ended it because it broke a rule: the same may follow at once, so back off even if frames came. */
  readonly broken?: boolean
}

/**
 * The firehose of a relay (or PDS) as batches of frames, reconnecting for ever with jittered back-off.
 * Not pulling is the back-pressure: past `highWater` frames the socket is not read.
 *
 * The generator's exits: the signal aborted (returns) · a status or error that no retry will change (throws).
 */
export class Relay {
  readonly #options: RelayOptions
  #socket: WebSocket | null = null
  #queue: Uint8Array[] = []
  #wake: (() => void) | null = null
  #ending: Ending | null = null
  #fresh = false
  connected = false

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Ends the current connection (a broken rule, a wish to start over); a new one follows. */
  disconnect(reason: string): void {
    this.#end({ reason, broken: true })
  }

  /** Batches of frames. `first` marks a batch that begins a new connection: seqs may repeat once there (rule A7). */
  async *batches(signal: AbortSignal): AsyncGenerator<{ frames: readonly Uint8Array[]; first: boolean }> {
    let failures = 0
    const abort = () => this.#end({ reason: 'stopped' })
    signal.addEventListener('abort', abort)
    try {
      while (!signal.aborted) {
        this.#connect()
        let received = false
        for (;;) {
          if (this.#queue.length > 0) {
            const frames = this.#queue
            this.#queue = []
            const first = this.#fresh
            this.#fresh = false
            received = true
            yield { frames, first }
            if (this.#socket?.isPaused) this.#socket.resume()
          } else if (this.#ending === null) {
            await new Promise<void>((resolve) => {
              this.#wake = resolve
            })
          } else break
          if (signal.aborted) break
        }
        if (signal.aborted) return
        const ending = this.#ending as Ending | null
        if (ending?.fatal) throw ending.fatal
        failures = received && ending?.broken !== true ? 0 : failures + 1
        const wait = this.#waitBefore(failures, ending?.retryAfterMs)
        const { observer, url } = this.#options
        if (received) relayDisconnected(observer, { url, reason: ending?.reason ?? 'closed', waitMs: wait })
        else relayUnreachable(observer, { url, reason: ending?.reason ?? 'closed', waitMs: wait, failures })
        await sleep(wait, signal)
      }
    } finally {
      signal.removeEventListener('abort', abort)
      this.#end({ reason: 'stopped' })
    }
  }

  #waitBefore(failures: number, retryAfterMs: number | undefined): number {
    const { first, longest } = this.#options.backoffMs ?? { first: 500, longest: 30_000 }
    if (retryAfterMs !== undefined) return Math.min(Math.max(retryAfterMs, first), 10 * longest)
    const base = Math.min(first * 2 ** Math.min(failures, 10), longest)
    return base / 2 + (Math.random() * base) / 2
  }

  #connect(): void {
    const { url, cursor, observer, userAgent = 'lextap', highWater = 2048, idleMs = 60_000 } = this.#options
    const target = new URL(`${url.replace(/\/+$/, '')}/xrpc/com.atproto.sync.subscribeRepos`)
    const from = cursor()
    if (from !== null) target.searchParams.set('cursor', String(from))
    this.#queue = []
    this.#ending = null
    this.#fresh = true
    const socket = new WebSocket(target, {
      maxPayload: MAX_FRAME,
      perMessageDeflate: false,
      handshakeTimeout: 15_000,
      headers: { 'user-agent': userAgent },
    })
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    let alive = true
    const idle = setInterval(() => {
      // A paused socket is our doing: its silence says nothing about the relay.
      if (socket.isPaused) return
      if (!alive) this.#end({ reason: `no sign of life for ${idleMs} ms` })
      alive = false
      if (socket.readyState === WebSocket.OPEN) socket.ping()
    }, idleMs / 2)
    socket.on('pong', () => {
      alive = true
    })
    socket.on('open', () => {
      this.connected = true
      relayConnected(observer, { url, cursor: from })
      this.#options.onOpen?.()
    })
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      alive = true
      if (this.#socket !== socket || this.#ending !== null) return
      if (!isBinary) {
        this.#broken('A1', 'a text frame')
        return
      }
      this.#queue.push(data)
      if (this.#queue.length >= highWater) socket.pause()
      this.#notify()
    })
    socket.on('unexpected-response', (_request, response) => {
      const status = response.statusCode ?? 0
      const reason = `HTTP ${status} from ${target.host}`
      response.resume()
      if (FINAL_STATUSES.has(status)) {
        const message = `${url} does not offer a firehose (${reason}); check the option "relay"`
        this.#end({ reason, fatal: new UserError(message, { code: 'relay' }) })
      } else {
        const now = Date.now()
        const retryAfterMs = parseRetryAfter(response.headers, now)
        const rateLimit = parseRateLimit(response.headers, now)
        const asked = askedWait({ status, retryAfterMs, rateLimit }, now)
        this.#end(asked === null ? { reason } : { reason, retryAfterMs: asked })
      }
      socket.terminate()
    })
    socket.on('error', (error) => {
      const tooLarge = (error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
      if (tooLarge && this.#socket === socket) this.#broken('A9', `a frame over ${MAX_FRAME} bytes`)
      else this.#endOf(socket, error.message || String(error))
    })
    socket.on('close', (code, text) => {
      clearInterval(idle)
      this.#endOf(socket, `closed with ${code}${text.length > 0 ? ` ${text.toString()}` : ''}`)
    })
  }

  /** What came is no frame: nobody else gets to see it. */
  #broken(rule: string, message: string): void {
    streamBroken(this.#options.observer, { rule, message, seq: null })
    this.disconnect(`${rule}: ${message}`)
  }

  #endOf(socket: WebSocket, reason: string): void {
    if (this.#socket === socket) this.#end({ reason })
  }

  #end(ending: Ending): void {
    this.#ending ??= ending
    this.connected = false
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

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}

/** A cursor the relay does not know yet: only the operator can tell which of the two is wrong (rule A3). */
export function futureCursorError(url: string, cursor: number | null): UserError {
  return new UserError(
    `the relay says our cursor lies in its future; relay=${url}; cursor=${cursor}. Its sequence was probably reset. ` +
      'Nothing was lost in your tables. To go on from its head run: lextap run --reset-cursor',
    { code: 'future-cursor' },
  )
}
