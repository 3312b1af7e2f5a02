import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodeFrame } from '../../src/protocol/frame.ts'
import type { Message } from '../../src/protocol/message.ts'
import type { NetworkEvent } from '../../src/testing/event.ts'
import { Host, json, type Reply } from '../../src/testing/host.ts'
import { param, subscribeRoute, xrpc } from '../../src/testing/routes.ts'
import { EventStream } from '../../src/testing/stream.ts'
import type { RealNetwork } from './real-network.ts'
import type { RealPds } from './real-pds.ts'

/**
 * A relay in front of real PDSes: their events in one sequence, each taken only from the host where the directory says
 * that the account lives, as relays do; listings of all of them; repos by a redirect to their host.
 */
export class RealRelay {
  readonly stream: EventStream = new EventStream('relay', (frame) => [frame])
  readonly #network: RealNetwork
  readonly #host: Host
  readonly #sockets: WebSocket[] = []
  /** Last seq heard of each PDS. */
  readonly #heard = new Map<RealPds, number>()
  #work: Promise<void> = Promise.resolve()

  private constructor(network: RealNetwork) {
    this.#network = network
    const sync = (name: string) => `com.atproto.sync.${name}`
    const routes = {
      ...subscribeRoute(this.stream),
      [sync('listRepos')]: () => this.#list(),
      [sync('getRepo')]: async (exchange: { query: URLSearchParams }): Promise<Reply> =>
        this.#elsewhere('getRepo', param(exchange as never, 'did')),
      [sync('getRepoStatus')]: async (exchange: { query: URLSearchParams }): Promise<Reply> =>
        this.#elsewhere('getRepoStatus', param(exchange as never, 'did')),
    }
    this.#host = new Host('relay', xrpc(routes), (_, next) => next())
  }

  static async start(network: RealNetwork): Promise<RealRelay> {
    const relay = new RealRelay(network)
    await relay.#host.start()
    await Promise.all(network.pdses.map((pds) => relay.#follow(pds)))
    return relay
  }

  get http(): string {
    return this.#host.url
  }

  get ws(): string {
    return this.#host.url.replace('http:', 'ws:')
  }

  /** Resolves with the relay's seq when everything the PDSes have said so far was taken in. */
  async level(): Promise<number> {
    for (const pds of this.#network.pdses) {
      const last = (await pds.pds.ctx.sequencer.curr()) ?? 0
      while ((this.#heard.get(pds) ?? 0) < last) {
        await this.#work
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    return this.stream.seq
  }

  async #follow(pds: RealPds): Promise<void> {
    const socket = new WebSocket(`${pds.ws}/xrpc/com.atproto.sync.subscribeRepos?cursor=0`)
    this.#sockets.push(socket)
    socket.on('message', (data: Buffer) => {
      const message = decodeFrame(data)
      this.#work = this.#work.then(() => this.#take(pds, message))
    })
    await once(socket, 'open')
  }

  async #take(pds: RealPds, message: Message): Promise<void> {
    if (!('did' in message)) return
    if ((await this.#homeOf(message.did)) === pds.url) this.stream.emit(eventOf(message))
    this.#heard.set(pds, message.seq)
  }

  async #homeOf(did: string): Promise<string | null> {
    const response = await fetch(`${this.#network.plc}/${did}/data`)
    if (!response.ok) return null
    const { services } = (await response.json()) as { services: { atproto_pds?: { endpoint: string } } }
    return services.atproto_pds?.endpoint ?? null
  }

  async #elsewhere(nsid: string, did: string): Promise<Reply> {
    const home = await this.#homeOf(did)
    const location = `${home}/xrpc/com.atproto.sync.${nsid}?did=${encodeURIComponent(did)}`
    return { status: 302, headers: { location }, body: '' }
  }

  async #list(): Promise<Reply> {
    const repos: unknown[] = []
    for (const pds of this.#network.pdses) {
      const { data } = await pds.agent().com.atproto.sync.listRepos({ limit: 1000 })
      for (const repo of data.repos) if ((await this.#homeOf(repo.did)) === pds.url) repos.push(repo)
    }
    return json({ repos })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate()
    await this.#host.stop()
  }
}

/** What the relay passes on, without the host's own seq. */
function eventOf(message: Exclude<Message, { kind: 'info' | 'error' | 'unknown' }>): NetworkEvent {
  switch (message.kind) {
    case 'commit': {
      const { seq: _, prevData, ops, ...rest } = message
      return {
        ...rest,
        ...(prevData === null ? {} : { prevData }),
        ops: ops.map(({ prev, ...op }) => (prev == null ? op : { ...op, prev })),
      }
    }
    case 'sync': {
      const { seq: _, ...rest } = message
      return rest
    }
    case 'identity': {
      const { seq: _, handle, ...rest } = message
      return { ...rest, ...(handle === null ? {} : { handle }) }
    }
    case 'account': {
      const { seq: _, status, ...rest } = message
      return { ...rest, ...(status === null ? {} : { status }) }
    }
  }
}
