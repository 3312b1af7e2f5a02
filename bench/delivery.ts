import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Channel } from '../src/delivery/channel.ts'
import { Delivery } from '../src/delivery/delivery.ts'
import { Webhook } from '../src/delivery/webhook.ts'
import { createObserver, type Observer } from '../src/observe/observer.ts'
import { startServer } from '../src/server/server.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { type Figure, median, ROUNDS } from './figure.ts'

const EVENTS = 100_000
const WATCH_MS = 5000
/** The share of the events whose repos never wait for the client that takes nothing. */
const FREE = 0.45

type Kind = 'plain' | 'official' | 'beside' | 'slow' | 'dead'

/** Events of the outbox to one client over a real socket, acks on, until the table is empty. */
export async function bench(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  const found: Record<Kind, Result[]> = { plain: [], official: [], beside: [], slow: [], dead: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of Object.keys(found) as Kind[])
      found[kind].push(await run(dir, kind, kind === 'official' ? EVENTS / 5 : EVENTS))
  }
  rmSync(dir, { recursive: true })
  const rates = (kind: Kind) => found[kind].map(({ perSecond }) => perSecond)
  const memory = (kind: Kind) => found[kind].map(({ megabytes }) => megabytes)
  const spread = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)]
  return [
    {
      ...{ id: 'delivery', unit: 'events/s', target: 'one client, acks on, SQLite' },
      ...{ value: median(rates('plain')), spread: spread(rates('plain')) },
      peers: {
        'to the official client, which takes one at a time': median(rates('official')),
        'while another client takes nothing': median(rates('beside')),
      },
    },
    {
      ...{ id: 'delivery-rss', unit: 'MB', target: 'flat, 100 k events taken' },
      ...{ value: median(memory('plain')), spread: spread(memory('plain')) },
      peers: {
        'while a slow client lets 100 k wait': median(memory('slow')),
        'while a webhook refuses 100 k': median(memory('dead')),
      },
    },
  ]
}

interface Result {
  readonly perSecond: number
  /** Most the process ever held. */
  readonly megabytes: number
}

async function run(template: string, kind: Kind, events: number): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  const filled = join(template, `${events}.db`)
  // Elsewhere, or its garbage would count as memory of ours.
  if (!existsSync(filled)) await once(forked('delivery-fill.ts', `sqlite:${filled}`, events), 'exit')
  cpSync(filled, join(dir, 'app.db'))
  const observer = createObserver({ level: 'silent' })
  const store = await openStore(`sqlite:${join(dir, 'app.db')}`, { observer })
  const delivery = new Delivery({ outbox: store.outbox, observer, capacity: 1_000_000 })
  const channel = new Channel({ delivery, observer, acks: true, retryTimeoutMs: 600_000 })
  await delivery.start()
  const unused = () => Promise.reject(new Error('unused'))
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, password: null, observer, store, channel, health: null },
    noChannel: { records: null, all: null },
    ports: {
      ...{ addRepos: unused, removeRepo: unused, resync: unused, resolveDid: unused },
      ...{ retryDeadLetter: unused, status: unused, cursors: unused, ready: unused },
    },
  })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 50)
  let perSecond = 0
  if (kind === 'dead') await dead(delivery, observer)
  else perSecond = await taken(store, delivery, server.url, kind, events)
  clearInterval(watch)
  channel.close()
  await delivery.stop()
  await server.close()
  await store.close()
  rmSync(dir, { recursive: true })
  return { perSecond, megabytes: Math.round(most / 2 ** 20) }
}

const forked = (file: string, ...args: (string | number)[]) =>
  fork(join(import.meta.dirname, file), args.map(String))
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Events a second until the client took everything; a slow one is watched for a while. */
async function taken(
  store: Store,
  delivery: Delivery,
  url: string,
  kind: Kind,
  events: number,
): Promise<number> {
  const idle = kind === 'beside' ? forked('delivery-client.ts', url, 'idle', 0) : null
  // It is sent its share and keeps it: so many repos wait for it, and the others are to notice nothing.
  if (idle !== null) await once(idle, 'message')
  const client = forked('delivery-client.ts', url, kind, events)
  if (kind !== 'slow') await once(client, 'message')
  const start = performance.now()
  const left = idle === null ? 0 : events * (1 - FREE)
  if (kind === 'slow') await wait(WATCH_MS)
  else while (delivery.pending > left) await wait(5)
  // What is not deleted would come again after a crash.
  while (left === 0 && kind !== 'slow' && (await store.outbox.count()) > 0) await wait(5)
  const seconds = (performance.now() - start) / 1000
  client.kill()
  idle?.kill()
  return Math.round((events - left) / seconds)
}

/** A webhook that refuses every event, for a while. */
async function dead(delivery: Delivery, observer: Observer): Promise<void> {
  const endpoint = forked('delivery-endpoint.ts')
  const [url] = await once(endpoint, 'message')
  const webhook = new Webhook({ delivery, observer, url, password: null, concurrency: 16 })
  webhook.start()
  await wait(WATCH_MS)
  await webhook.stop()
  endpoint.kill()
}
