/**
 * An indexer whose memory is watched, in a process of its own: `node memory-run.ts '<MemoryOrders as JSON>'` prints
 * `MemoryRun` as JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Metrics } from '../src/observe/metrics.ts'
import { indexerOf, type LiveOrders } from './live-run.ts'
import { sampleHandlers } from './sample-app.ts'

export interface MemoryOrders extends Omit<LiveOrders, 'seq'> {
  /** How long a handler takes, ms. Default 0. */
  readonly handlerMs?: number
  /** The time is watched in pieces of so many ms, the first of which is not told. */
  readonly pieceMs: number
  readonly pieces: number
}
export interface MemoryRun {
  /** Mean resident memory of each piece, bytes. */
  readonly means: readonly number[]
  /** The most there was at once. */
  readonly peak: number
  /** Frames that went by. */
  readonly frames: number
}

async function main({ handlerMs = 0, pieceMs, pieces, style, ...orders }: MemoryOrders): Promise<MemoryRun> {
  const definitions = sampleHandlers(style)
  const tap = indexerOf(
    orders,
    new Metrics(),
    handlerMs === 0 ? definitions : definitions.map(slow(handlerMs)),
  )
  await tap.start()
  await mean(pieceMs)
  const position = async () => (await tap.status()).relay.cursor ?? 0
  const before = await position()
  const means: number[] = []
  let peak = 0
  for (let piece = 0; piece < pieces; piece++) {
    const held = await mean(pieceMs)
    means.push(held.mean)
    peak = Math.max(peak, held.peak)
  }
  return { means, peak, frames: (await position()) - before }
}

async function mean(ms: number): Promise<{ mean: number; peak: number }> {
  const samples: number[] = []
  for (const end = performance.now() + ms; performance.now() < end; await sleep(50))
    samples.push(process.memoryUsage.rss())
  return { mean: samples.reduce((sum, n) => sum + n, 0) / samples.length, peak: Math.max(...samples) }
}

type Definition = ReturnType<typeof sampleHandlers>[number]

/** The same handlers, but each put takes its time. */
const slow =
  (ms: number) =>
  (definition: Definition): Definition => {
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

if (import.meta.main) {
  process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? ''))), () => process.exit())
}
