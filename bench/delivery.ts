import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Channel } from '../src/delivery/channel.ts'
import { Delivery } from '../src/delivery/delivery.ts'
import { createObserver } from '../src/observe/observer.ts'
import { startServer } from '../src/server/server.ts'
import { openStore } from '../src/store/open.ts'
import type { Store } from '../src/store/store.ts'
import { type Figure, median } from './figure.ts'

const EVENTS = 100_000
const ROUNDS = 3

/** Events of the outbox to one client over a real socket, acks on, until the table is empty. */
export async function bench(): Promise<Figure[]> {
  const plain: number[] = []
  const official: number[] = []
  const memory: number[] = []
  const waiting: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const one = await run('plain', EVENTS)
    plain.push(one.perSecond)
    memory.push(one.megabytes)
    official.push((await run('official', EVENTS / 5)).perSecond)
    waiting.push((await run('slow', EVENTS)).megabytes)
  }
  const spread = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)]
  return [
    {
      ...{ id: 'delivery', value: median(plain), unit: 'events/s', target: 'one client, acks on, SQLite' },
      spread: spread(plain),
      peers: { 'to the official client, which takes one at a time': median(official) },
    },
    {
      ...{ id: 'delivery-rss', value: median(memory), unit: 'MB', target: 'flat, 100 k events taken' },
      spread: spread(memory),
      peers: { 'while a slow client lets 100 k wait': median(waiting) },
    },
  ]
}

interface Result {
  readonly perSecond: number
  /** Most the process ever held. */
  readonly megabytes: number
}

async function run(kind: 'plain' | 'official' | 'slow', events: number): Promise<Result> {
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  const database = `sqlite:${join(dir, 'app.db')}`
  // Elsewhere, or its garbage would count as memory of ours.
  await once(fork(join(import.meta.dirname, 'delivery-fill.ts'), [database, String(events)]), 'exit')
  const observer = createObserver({ level: 'silent' })
  const store = await openStore(database, { observer })
  const delivery = new Delivery({ outbox: store.outbox, observer, capacity: 1_000_000 })
  const channel = new Channel({ delivery, observer, acks: true, retryTimeoutMs: 600_000 })
  await delivery.start()
  const unused = () => Promise.reject(new Error('unused'))
  const server = await startServer({
    ...{ host: '127.0.0.1', port: 0, password: null, observer, store, channel, health: null },
    noChannel: { records: null, all: null },
    ports: {
      ...{ addRepos: unused, removeRepo: unused, resync: unused, resolveDid: unused },
      ...{ status: unused, cursors: unused, ready: unused },
    },
  })
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 50)
  const start = performance.now()
  const client = fork(join(import.meta.dirname, 'delivery-client.ts'), [server.url, kind, String(events)])
  if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 5000))
  else await untilEmpty(store, delivery, client)
  const seconds = (performance.now() - start) / 1000
  clearInterval(watch)
  client.kill()
  channel.close()
  await delivery.stop()
  await server.close()
  await store.close()
  rmSync(dir, { recursive: true })
  return { perSecond: Math.round(events / seconds), megabytes: Math.round(most / 2 ** 20) }
}

/** Until everything is taken and deleted: what is not deleted would come again after a crash. */
async function untilEmpty(store: Store, delivery: Delivery, client: ChildProcess): Promise<void> {
  await once(client, 'message')
  while (delivery.pending > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  while ((await store.outbox.count()) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
