import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { Channel } from '../../src/delivery/channel.ts'
import { Delivery, type DeliveryOptions } from '../../src/delivery/delivery.ts'
import { recordEvent } from '../../src/delivery/wire-event.ts'
import { createObserver, type Observer } from '../../src/observe/observer.ts'
import { type Listener, startServer } from '../../src/server/server.ts'
import { openStore } from '../../src/store/open.ts'
import type { OutboxEvent } from '../../src/store/outbox.ts'
import type { Store } from '../../src/store/store.ts'

export const tempDatabase = (): string =>
  `sqlite:${join(mkdtempSync(join(tmpdir(), 'lextap-outbox-')), 'app.db')}`

/** An event of some repo; `n` becomes its rkey. */
export function event(did: string, n: number, live = true, over: Partial<OutboxEvent> = {}): OutboxEvent {
  const facts = { live, did, rev: '3kb3fge5lm32x', collection: 'app.bsky.feed.post', rkey: `k${n}` }
  return { ...recordEvent({ ...facts, action: 'delete' }), ...over }
}

export interface OutboxOptions extends Partial<Omit<DeliveryOptions, 'outbox' | 'observer'>> {
  readonly database?: string
  readonly acks?: boolean
  readonly retryTimeoutMs?: number
}

/** A real table, delivery, channel and server; only what writes the events is missing. */
export class TestOutbox {
  readonly store: Store
  readonly delivery: Delivery
  readonly channel: Channel
  readonly server: Listener
  readonly observer: Observer

  constructor(store: Store, delivery: Delivery, channel: Channel, server: Listener, observer: Observer) {
    this.store = store
    this.delivery = delivery
    this.channel = channel
    this.server = server
    this.observer = observer
  }

  static async start(options: OutboxOptions = {}): Promise<TestOutbox> {
    const {
      database = tempDatabase(),
      acks = true,
      retryTimeoutMs = 60_000,
      capacity = 1000,
      ...rest
    } = options
    const observer = createObserver({ level: 'silent' })
    const store = await openStore(database, { observer })
    const delivery = new Delivery({ outbox: store.outbox, observer, capacity, ...rest })
    const channel = new Channel({ delivery, observer, acks, retryTimeoutMs })
    await delivery.start()
    const unused = () => Promise.reject(new Error('not in this test'))
    const server = await startServer({
      ...{ host: '127.0.0.1', port: 0, password: null, observer, store, channel, health: null },
      noChannel: { all: null, records: null },
      ports: {
        addRepos: unused,
        removeRepo: unused,
        resync: unused,
        resolveDid: unused,
        retryDeadLetter: unused,
        status: unused,
        cursors: unused,
        ready: unused,
      },
    })
    return new TestOutbox(store, delivery, channel, server, observer)
  }

  /** As a transaction of the dispatcher would. */
  async append(...events: readonly OutboxEvent[]): Promise<void> {
    await this.store.transaction((tx) => this.store.outbox.append(tx, events))
    this.delivery.committed(events.length)
  }

  connect(query = '', options: ClientOptions = {}): Promise<TestClient> {
    return TestClient.connect(`${this.server.url.replace('http', 'ws')}/channel${query}`, options)
  }

  async stop(): Promise<void> {
    this.channel.close()
    await this.delivery.stop()
    await this.server.close()
    await this.store.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

export interface ClientOptions {
  /** Acks each event as it comes, or those of these keys. */
  readonly auto?: boolean | ((key: string) => boolean)
  readonly headers?: Record<string, string>
}

interface Received {
  readonly id: number
  readonly type: string
  readonly key: string
}

/** A client that acks when it is told to. */
export class TestClient {
  readonly socket: WebSocket
  readonly received: Received[] = []
  closed: { code: number; reason: string } | null = null
  #waiters: { count: number; resolve: () => void }[] = []
  auto: boolean | ((key: string) => boolean) = false

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data) => {
      const message = JSON.parse(String(data))
      const { id, type } = message
      const body = message[type]
      const key = body.rkey ?? body.name ?? body.handle
      this.received.push({ id, type, key })
      if (typeof this.auto === 'function' ? this.auto(key) : this.auto) this.ack(id)
      for (const { resolve } of this.#waiters.filter(({ count }) => this.received.length >= count)) resolve()
    })
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    socket.on('error', () => {})
  }

  static async connect(url: string, { auto = false, headers = {} }: ClientOptions = {}): Promise<TestClient> {
    const socket = new WebSocket(url, { headers })
    const client = new TestClient(socket)
    client.auto = auto
    await once(socket, 'open')
    return client
  }

  get keys(): string[] {
    return this.received.map(({ key }) => key)
  }

  /** Resolves once that many events came, over all. */
  waitFor(count: number): Promise<void> {
    if (this.received.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ count, resolve }))
  }

  ack(id: number): void {
    this.socket.send(JSON.stringify({ type: 'ack', id }))
  }

  /** Acks what came with this key last. */
  ackKey(key: string): void {
    const event = this.received.findLast((one) => one.key === key)
    if (event === undefined) throw new Error(`never came: ${key}`)
    this.ack(event.id)
  }

  /** Once this resolves, the server has seen everything sent before, and we what it had sent by then. */
  async settled(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      this.socket.ping()
      await once(this.socket, 'pong')
    }
  }

  /** As a crash: no goodbye. */
  async crash(): Promise<void> {
    const gone = this.closed === null ? once(this.socket, 'close') : null
    this.socket.terminate()
    await gone
  }
}
