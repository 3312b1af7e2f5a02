import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { encode } from '../../src/protocol/cbor.ts'
import { cidForBlock, cidToString } from '../../src/protocol/cid.ts'

/** A server that sends what it is told and remembers what it hears. */
export class Scripted {
  readonly heard: string[] = []
  readonly requests: IncomingMessage[] = []
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  /** Called for each new connection. */
  onConnection: (socket: WebSocket, request: IncomingMessage) => void = () => {}

  static async start(): Promise<Scripted> {
    const scripted = new Scripted()
    await once(scripted.#server, 'listening')
    scripted.#server.on('connection', (socket, request) => {
      scripted.requests.push(request)
      socket.on('message', (data) => scripted.heard.push(String(data)))
      scripted.onConnection(socket, request)
    })
    return scripted
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#server.clients.size
  }

  send(message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message)
    for (const socket of this.#server.clients) socket.send(text)
  }

  /** Ids that were acked, in their order. */
  get acks(): number[] {
    return this.heard.map((text) => JSON.parse(text).id)
  }

  hangUp(): void {
    for (const socket of this.#server.clients) socket.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The CID a record really has. */
export const cidOf = (record: unknown): string => cidToString(cidForBlock(encode(record)))
