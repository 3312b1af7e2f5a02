/**
 * The other side of the live benches in a process of its own: a sandbox network for directory, listings and
 * repos, and a firehose of frames encoded beforehand, so that it costs nothing while others are measured.
 * Speaks over IPC; see `Relay` in relay.ts.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { frameOf, type NetworkEvent } from '../src/testing/event.ts'
import { type Network, Random, startNetwork } from '../src/testing/index.ts'
import { machineNow, strangerDid } from './both-sides.ts'

export interface NetworkWish {
  readonly repos: number
  readonly records: number
  /** Accounts beside them that never commit. Default 0. */
  readonly quiet?: number
}
/** How frames are sent: all at once, or so many a second. */
export type Pace = 'flood' | number
export type Request =
  | { readonly do: 'network'; readonly wish: NetworkWish }
  | { readonly do: 'commits'; readonly perRepo: number }
  | {
      readonly do: 'pace'
      readonly pace: Pace
      readonly frames?: number
      readonly loops?: number
      readonly spread?: number
    }
  | { readonly do: 'times' }
export interface Answers {
  readonly network: {
    readonly relay: string
    readonly relayHttp: string
    readonly plc: string
    /** DIDs of the quiet accounts. */
    readonly quiet: readonly string[]
  }
  /** `last` is the seq of the last frame. */
  readonly commits: { readonly frames: number; readonly last: number; readonly bytes: number }
  readonly pace: null
  /** Rev → when its frame was written, ms of the machine's steady clock. */
  readonly times: readonly (readonly [rev: string, at: number])[]
}

interface Ready {
  readonly rev: string
  /** WebSocket header and frame. */
  readonly wire: Buffer
  /** Where in it the seq is, as 4 bytes. */
  readonly seqAt: number
  /** Where in it the DID is. */
  readonly didAt: number
}

let network: Network | null = null
let quiet: readonly string[] = []
let ready: Ready[] = []
let pace: Pace = 'flood'
let limit = Number.POSITIVE_INFINITY
let loops = 1
/** Second loops speak of so many other accounts in turn; 0: of the same ones again. */
let spread = 0
const times: [string, number][] = []

/** Large enough that every seq takes the same 5 bytes of CBOR. */
const FIRST_SEQ = 100_001

function readyOf(event: NetworkEvent, seq: number): Ready {
  const wire = wireOf(frameOf(event, seq))
  const at = wire.indexOf(Buffer.from('cseq\x1a', 'latin1')) + 5
  if (wire.readUInt32BE(at) !== seq) throw new Error('the seq is not where it should be')
  return { rev: 'rev' in event ? event.rev : '', wire, seqAt: at, didAt: wire.indexOf(event.did) }
}

/** Header and payload of an unmasked binary WebSocket frame. */
function wireOf(frame: Uint8Array): Buffer {
  const head = Buffer.alloc(frame.length < 65_536 ? 4 : 10)
  head[0] = 0x82
  head[1] = frame.length < 65_536 ? 126 : 127
  if (frame.length < 65_536) head.writeUInt16BE(frame.length, 2)
  else head.writeBigUInt64BE(BigInt(frame.length), 2)
  if (frame.length < 126) return Buffer.concat([Uint8Array.of(0x82, frame.length), frame])
  return Buffer.concat([head, frame])
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

/** The frame as the `count`-th of the stream; after the first loop it may speak of a stranger. */
function numbered({ wire, seqAt, didAt }: Ready, count: number, first: boolean): Buffer {
  if (first) return wire
  const bytes = Buffer.from(wire)
  bytes.writeUInt32BE(FIRST_SEQ + count, seqAt)
  if (spread > 0) bytes.write(strangerDid((count * 7919) % spread), didAt)
  return bytes
}

const PER_WRITE = 64

/** All frames at once, and again from the start with higher seqs: the revs are old then, the bytes as many. */
async function flood(socket: Socket): Promise<void> {
  const frames = ready.slice(0, limit)
  for (let loop = 0; loop < loops; loop++) {
    for (let i = 0; i < frames.length && !socket.destroyed; i += PER_WRITE) {
      const some = frames.slice(i, i + PER_WRITE)
      const first = loop * frames.length + i
      await write(socket, Buffer.concat(some.map((frame, n) => numbered(frame, first + n, loop === 0))))
    }
  }
}

async function paced(socket: Socket, perSecond: number): Promise<void> {
  const frames = ready.slice(0, limit)
  times.length = 0
  const begin = performance.now()
  const total = frames.length * loops
  for (let sent = 0; sent < total && !socket.destroyed; ) {
    const due = Math.min(total, Math.floor(((performance.now() - begin) * perSecond) / 1000))
    for (; sent < due; sent++) {
      const frame = frames[sent % frames.length] as Ready
      if (sent < frames.length) times.push([frame.rev, machineNow()])
      socket.write(numbered(frame, sent, sent < frames.length))
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

function serve(webSocket: WebSocket, socket: Socket): void {
  webSocket.on('error', () => {})
  // Pings get their pong from `ws`; frames go past it, to the bare socket.
  setImmediate(() => void (pace === 'flood' ? flood(socket) : paced(socket, pace)))
}

async function begin({ repos, records, quiet: still = 0 }: NetworkWish): Promise<Answers['network']> {
  network = await startNetwork({ seed: 'live bench', pdses: 4 })
  quiet = Array.from(
    { length: still },
    () => (network as Network).createRepo({ records, announce: false }).did,
  )
  for (let i = 0; i < repos; i++) network.createRepo({ records, announce: false })
  const server = createServer((_, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ server, perMessageDeflate: false })
  sockets.on('connection', (webSocket, request) => serve(webSocket, request.socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const relay = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { relay, relayHttp: network.relayHttp, plc: network.plc, quiet }
}

/** Commits of all repos, interleaved: mostly creates, some updates and deletes. */
function commit(perRepo: number): Answers['commits'] {
  if (network === null) throw new Error('no network')
  const random = new Random('commits')
  const { repos, records, relayStream } = network
  relayStream.forget()
  for (let n = 0; n < perRepo; n++) {
    for (const repo of random.shuffle(repos.slice(quiet.length))) {
      const collection = records.collection()
      if (collection === 'app.bsky.actor.profile') repo.put(collection, 'self', records.record(collection))
      else if (random.chance(0.1)) {
        const path = [...repo.tree.entries('app.bsky.feed.like/')][0]?.[0] ?? ''
        const [of = '', rkey = ''] = path.split('/')
        repo.delete(of, rkey)
      } else repo.create(collection, records.record(collection))
    }
  }
  ready = [...relayStream.events()].map((event, n) => readyOf(event, FIRST_SEQ + n))
  relayStream.forget()
  const bytes = ready.reduce((sum, { wire }) => sum + wire.length, 0)
  return { frames: ready.length, last: FIRST_SEQ + ready.length - 1, bytes }
}

// A bench that was killed leaves nobody behind.
process.on('disconnect', () => process.exit())
process.on('message', async (request: Request) => {
  try {
    process.send?.({ answer: await answer(request) })
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.stack : String(error) })
  }
})

async function answer(request: Request): Promise<Answers[keyof Answers]> {
  if (request.do === 'network') return begin(request.wish)
  if (request.do === 'commits') return commit(request.perRepo)
  if (request.do === 'times') return times
  pace = request.pace
  limit = request.frames ?? Number.POSITIVE_INFINITY
  loops = request.loops ?? 1
  spread = request.spread ?? 0
  return null
}
