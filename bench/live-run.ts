/**
 * An indexer in a process of its own, to be measured: `node live-run.ts '<LiveOrders as JSON>'`. Prints
 * `LiveRun` as JSON.
 */

import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { schemas } from '../generated/handlers.ts'
import { resolveConfig } from '../src/config/resolve.ts'
import type { TapConfig } from '../src/config/types.ts'
import type { HandlerDefinition, RecordSchema } from '../src/dispatch/handler.ts'
import { Metrics } from '../src/observe/metrics.ts'
import { k256Backend } from '../src/protocol/signature.ts'
import { createTap, type Tap } from '../src/tap.ts'
import { machineNow } from './both-sides.ts'
import { peakRss } from './peak-rss.ts'
import { type Style, sampleHandlers } from './sample-app.ts'

export interface LiveOrders {
  readonly database: string
  readonly relay: string
  readonly relayHttp: string
  readonly plc: string
  readonly style: Style
  /** Stop when everything up to here is done; null: when the backfill is. */
  readonly seq: number | null
  /** Note when each rev was committed. */
  readonly latencies?: boolean
  /** The clock starts when so many commits were applied: V8 compiles the first ones' code. Default 0. */
  readonly warmUp?: number
  readonly config?: TapConfig
}

export interface LiveRun {
  readonly backend: string
  /** From the start of following, or the end of the warm-up, to the end. */
  readonly seconds: number
  /** Commits applied before. */
  readonly before: number
  readonly cpuSeconds: number
  readonly rss: number
  /** Transactions it took. */
  readonly batches: number
  /** Rev → when it was committed, ms of the machine's steady clock. */
  readonly committed: readonly (readonly [rev: string, at: number])[]
}

/** The indexer of these orders, not started. */
export function indexerOf(
  { database, relay, relayHttp, plc, config }: Omit<LiveOrders, 'style' | 'seq'>,
  metrics: Metrics,
  definitions: readonly HandlerDefinition[],
): Tap {
  return createTap(
    resolveConfig(
      {
        database,
        migrations: resolve(import.meta.dirname, 'migrations'),
        relay,
        plc,
        upstream: { lists: relayHttp },
        track: { network: 'full' },
        backfill: { allowPrivateHosts: true },
        discovery: { reconcileGraceMs: 3_600_000 },
        ...config,
      },
      { root: process.cwd(), file: null },
    ),
    {
      observer: { log: pino({ level: 'warn' }, process.stderr as never), metrics },
      definitions,
      schemas: schemas as Readonly<Record<string, RecordSchema>>,
      handles: { resolve: async () => null },
    },
  )
}

async function main(orders: LiveOrders): Promise<LiveRun> {
  const { style, seq, latencies, warmUp = 0 } = orders
  const committed: [string, number][] = []
  const note = latencies === true ? (rev: string) => void committed.push([rev, machineNow()]) : undefined
  const metrics = new Metrics()
  const tap = indexerOf(orders, metrics, sampleHandlers(style, note))
  await tap.start()
  const before = await warm(metrics, warmUp)
  const cpu = process.cpuUsage()
  const begin = performance.now()
  await tap.settled(seq === null ? {} : { seq })
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  const { states } = await tap.store.repos.counts()
  if (states.active === 0 || states.error + states.desynchronized > 0)
    throw new Error(`not all repos are active: ${JSON.stringify(states)}`)
  if ((await tap.store.deadLetters.counts()).total > 0) throw new Error('there are dead letters')
  await tap.stop()
  return {
    backend: k256Backend,
    seconds,
    before,
    cpuSeconds: (used.user + used.system) / 1e6,
    rss: peakRss(),
    batches: (await metrics.registry.getSingleMetric('lextap_batches_total')?.get())?.values[0]?.value ?? 0,
    committed,
  }
}

async function warm(metrics: Metrics, commits: number): Promise<number> {
  for (;;) {
    const counts = await metrics.values('lextap_messages_total')
    const applied = counts.find(({ labels }) => labels.kind === 'commit' && labels.outcome === 'applied')
    const done = applied?.value ?? 0
    if (done >= commits) return done
    await sleep(5)
  }
}

if (import.meta.main) console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? ''))))
