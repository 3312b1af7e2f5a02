import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { clientConnected, clientGone } from '../observe/delivery-events.ts'
import { ChannelClient, type ChannelOptions } from './channel-client.ts'
import type { Takes } from './window.ts'

/** `WS /channel`: events are spread over whoever is connected. */
export class Channel {
  readonly #options: ChannelOptions
  readonly #clients = new Set<ChannelClient>()
  /** Who was served first last time. */
  #turn = 0
  #next = 0
  #wished = false
  #closed = false

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  get clients(): number {
    return this.#clients.size
  }

  /** `socket` is the connection below, for writing many frames at once. */
  accept(ws: WebSocket, socket: Duplex, takes: Takes, client: string = `client ${++this.#next}`): void {
    if (this.#closed) {
      ws.terminate()
      return
    }
    const { observer, delivery } = this.#options
    const peer = new ChannelClient(ws, socket, takes, client, this.#options, {
      // One hand for all, so that several clients get equal shares.
      wish: () => this.#wish(),
      gone: (reason, unacked) => {
        this.#clients.delete(peer)
        delivery.removeSink(peer)
        clientGone(observer, { client, clients: this.#clients.size, reason, unacked })
      },
    })
    this.#clients.add(peer)
    clientConnected(observer, { client, clients: this.#clients.size, takes })
    delivery.addSink(peer)
  }

  /** Cuts every connection without a word: a client that is told goodbye would not come back. */
  close(): void {
    this.#closed = true
    for (const client of this.#clients) client.end('lextap stops')
  }

  /** Once for all acks that came in one piece. */
  #wish(): void {
    if (this.#wished) return
    this.#wished = true
    setImmediate(() => {
      this.#wished = false
      this.#serve()
    })
  }

  /** A few events to each in turn, until nobody takes any more. */
  #serve(): void {
    const clients = [...this.#clients]
    const start = this.#turn++
    let given = true
    while (given) {
      given = false
      for (let i = 0; i < clients.length; i++) {
        if (clients[(start + i) % clients.length]?.give(SHARE)) given = true
      }
    }
  }
}

const SHARE = 32
