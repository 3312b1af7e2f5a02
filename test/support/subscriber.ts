import { type RawData, WebSocket } from 'ws'

/** A plain WebSocket client that keeps what it hears and lets tests wait for it. */
export class Subscriber {
  readonly messages: { readonly data: Uint8Array; readonly binary: boolean }[] = []
  readonly socket: WebSocket
  /** Resolves with the close code. */
  readonly closed: Promise<number>
  /** HTTP status of a refused handshake, or null. */
  status: number | null = null
  #closed = false
  readonly #waiting = new Set<() => void>()

  constructor(url: string) {
    this.socket = new WebSocket(url, { maxPayload: 16_000_000 })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code) => {
        this.#closed = true
        this.#look()
        resolve(code)
      })
    })
    this.socket.on('error', () => {})
    this.socket.on('unexpected-response', (_, response) => {
      this.status = response.statusCode ?? null
      this.socket.terminate()
    })
    this.socket.on('message', (data: RawData, binary) => {
      this.messages.push({ data: data as Buffer, binary })
      this.#look()
    })
  }

  /** The frames heard so far. */
  get frames(): Uint8Array[] {
    return this.messages.map(({ data }) => data)
  }

  /** Resolves with the first `n` frames; rejects when the connection ends before. */
  first(n: number): Promise<Uint8Array[]> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.messages.length >= n) resolve(this.frames.slice(0, n))
        else if (this.#closed) reject(new Error(`closed after ${this.messages.length} frames`))
        else return
        this.#waiting.delete(look)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }

  [Symbol.dispose](): void {
    this.socket.terminate()
  }
}

/** Subscribes to a host's `subscribeRepos`. */
export function subscribe(host: string, cursor?: number): Subscriber {
  const query = cursor === undefined ? '' : `?cursor=${cursor}`
  return new Subscriber(`${host}/xrpc/com.atproto.sync.subscribeRepos${query}`)
}
