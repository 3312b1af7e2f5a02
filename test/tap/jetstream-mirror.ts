import { once } from 'node:events'
import { WebSocket } from 'ws'
import { parseCar } from '../../src/protocol/car.ts'
import { decodeJson } from '../../src/protocol/cbor.ts'
import { cidToString, digestOfCid } from '../../src/protocol/cid.ts'
import { decodeFrame } from '../../src/protocol/frame.ts'
import type { CommitMessage } from '../../src/protocol/message.ts'
import type { Network } from '../../src/testing/index.ts'
import { Scripted } from './fakes.ts'

interface JetstreamJson {
  readonly did: string
  readonly time_us: number
  readonly kind: string
  readonly [rest: string]: unknown
}

/** A Jetstream (version 1) in front of a sandbox network: its firehose as JSON, with cursors and filters. */
export class JetstreamMirror implements AsyncDisposable {
  readonly events: JetstreamJson[] = []
  readonly server: Scripted
  readonly #socket: WebSocket
  #time = 1_700_000_000_000_000

  constructor(server: Scripted, socket: WebSocket) {
    this.server = server
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#frame(data))
    server.onConnection = (client, request) => {
      const { searchParams } = new URL(request.url ?? '', 'http://localhost')
      const cursor = Number(searchParams.get('cursor') ?? Number.POSITIVE_INFINITY)
      for (const event of this.events) if (event.time_us >= cursor) client.send(JSON.stringify(event))
    }
  }

  static async start(network: Network): Promise<JetstreamMirror> {
    const socket = new WebSocket(`${network.relay}/xrpc/com.atproto.sync.subscribeRepos`)
    const mirror = new JetstreamMirror(await Scripted.start(), socket)
    await once(socket, 'open')
    return mirror
  }

  get url(): string {
    return `ws://127.0.0.1:${this.server.port}`
  }

  #frame(data: Uint8Array): void {
    const message = decodeFrame(data)
    if (message.kind === 'commit')
      for (const commit of commitsOf(message)) this.#add(message.did, 'commit', { commit })
    if (message.kind === 'identity') {
      const { did, seq, time, handle } = message
      this.#add(did, 'identity', { identity: { did, handle, seq, time } })
    }
    if (message.kind === 'account') {
      const { did, seq, time, active, status } = message
      this.#add(did, 'account', {
        account: { active, did, seq, time, ...(status === null ? {} : { status }) },
      })
    }
  }

  #add(did: string, kind: string, rest: object): void {
    const event = { did, time_us: ++this.#time, kind, ...rest }
    this.events.push(event)
    this.server.send(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
    await this.server[Symbol.asyncDispose]()
  }
}

function commitsOf({ rev, ops, blocks }: CommitMessage): object[] {
  const car = parseCar(blocks).blocks
  return ops.map(({ action, path, cid }) => {
    const [collection, rkey] = path.split('/')
    const head = { rev, operation: action, collection, rkey }
    if (cid === null) return head
    const block = car.get(digestOfCid(cid)) ?? new Uint8Array(0)
    return { ...head, record: decodeJson(block), cid: cidToString(cid) }
  })
}
