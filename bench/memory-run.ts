/**
 * An indexer whose memory is watched, in a process of its own: gets `MemoryOrders` over IPC, then stages; tells what it
 * held in each.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Metrics } from '../src/observe/metrics.ts'
import type { Store } from '../src/store/store.ts'
import type { Tap } from '../src/tap.ts'
import { strangerDid } from './both-sides.ts'
import { indexerOf, type LiveOrders } from './live-run.ts'
import { sampleHandlers } from './sample-app.ts'

export interface MemoryOrders extends Omit<LiveOrders, 'seq'> {
  /** How long a handler takes, ms. Default 0. */
  readonly handlerMs?: number
}
/** Follow so many strangers from now on, if that is said, and watch for so long. */
export interface Stage {
  readonly repos?: number
  readonly ms: number
}
export interface Held {
  /** Resident memory, bytes: the mean of the stage's second half. */
  readonly rss: number
  /** The most there was at once in this half. */
  readonly peak: number
  /** Frames that went by in the stage. */
  readonly frames: number
}

let tap: Tap | null = null
let strangers = 0

process.on('message', async (message: MemoryOrders | Stage) => {
  process.send?.('ms' in message ? await watch(message) : await begin(message))
})

async function begin({ handlerMs = 0, style, ...orders }: MemoryOrders): Promise<'begun'> {
  const definitions = sampleHandlers(style)
  tap = indexerOf(orders, new Metrics(), handlerMs === 0 ? definitions : definitions.map(slow(handlerMs)))
  await tap.start()
  return 'begun'
}

/** The same handlers, but each call takes its time. */
const slow =
  (ms: number) =>
  (definition: ReturnType<typeof sampleHandlers>[number]): ReturnType<typeof sampleHandlers>[number] => {
    if (definition.kind !== 'record') return definition
    const { put } = definition.handlers
    if (put === undefined) return definition
    const handlers: typeof definition.handlers = {
      ...definition.handlers,
      put: async (event, context) => {
        await sleep(ms)
        await put(event, context)
      },
    }
    return { ...definition, handlers }
  }

/** Adds strangers that are level already, further than any frame that names them. */
async function follow(store: Store, count: number): Promise<void> {
  const CHUNK = 10_000
  for (; strangers < count; strangers += CHUNK) {
    const dids = Array.from({ length: Math.min(CHUNK, count - strangers) }, (_, i) =>
      strangerDid(strangers + i),
    )
    await store.repos.add(dids, { state: 'active' })
    await store.db.run(
      `update lextap_repo set rev = $1, data = $2, handle = 'stranger.test', pds = 'https://pds.invalid',
       signing_key = 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme' where rev is null`,
      ['7zzzzzzzzzzzz', new Uint8Array(36)],
    )
  }
}

async function watch({ repos, ms }: Stage): Promise<Held> {
  if (tap === null) throw new Error('not begun')
  if (repos !== undefined) await follow(tap.store, repos)
  const position = async () => (await tap?.status())?.relay.cursor ?? 0
  await sleep(ms / 2)
  const before = await position()
  const samples: number[] = []
  for (const end = performance.now() + ms / 2; performance.now() < end; await sleep(50))
    samples.push(process.memoryUsage.rss())
  return {
    rss: samples.reduce((sum, n) => sum + n, 0) / samples.length,
    peak: Math.max(...samples),
    frames: (await position()) - before,
  }
}
