/**
 * One end-to-end backfill in a process of its own: `node backfill-run.ts <database URL> <style> <car> <repos>`.
 * CAR bytes → walk, signature, decode, validate, handlers, record index with bodies, commit. Prints JSON.
 * The style `atproto` is the same handler without us: the reference packages and stock Kysely, no index.
 */

import { closeSync, openSync, readSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import pino from 'pino'
import { Dispatcher } from '../src/dispatch/dispatcher.ts'
import type { HandlerDefinition, RecordSchema } from '../src/dispatch/handler.ts'
import { Registry } from '../src/dispatch/registry.ts'
import { Metrics } from '../src/observe/metrics.ts'
import type { SignedCommit } from '../src/protocol/commit.ts'
import { parseKey } from '../src/protocol/key.ts'
import type { VerifiedOp } from '../src/protocol/op.ts'
import { verifySignature } from '../src/protocol/signature.ts'
import { WalkThread } from '../src/protocol/walk-thread.ts'
import { type WalkCar, walkHere } from '../src/protocol/walking.ts'
import { openStore, type Store } from '../src/store/open.ts'
import { createTables, handlersFor, TABLES } from './backfill-app.ts'
import { DID_KEY } from './network-repo.ts'
import { peakRss } from './peak-rss.ts'

export type Style = 'plain' | 'rows' | 'puts' | 'atproto'

export interface BackfillRun {
  readonly records: number
  /** Wall clock. */
  readonly seconds: number
  /** Processor time of this process. */
  readonly cpuSeconds: number
  /** Of it, that of the main thread. */
  readonly mainCpuSeconds: number
  readonly peakRss: number
}

async function* chunks(path: string): AsyncGenerator<Uint8Array> {
  const file = openSync(path, 'r')
  for (;;) {
    const chunk = Buffer.allocUnsafeSlow(65_536)
    const length = readSync(file, chunk)
    if (length === 0) break
    yield new Uint8Array(chunk.buffer, 0, length)
  }
  closeSync(file)
}

const CHUNK = 1000
const IN_FLIGHT = 3

/** What `backfill/` does with a response body, without the network. */
async function fetchOne(
  did: string,
  path: string,
  store: Store,
  dispatcher: Dispatcher,
  walk: WalkCar,
): Promise<number> {
  const row = await store.repos.get(did)
  if (row === null) throw new Error('no repo')
  const inFlight = new Set<Promise<unknown>>()
  let ops: VerifiedOp[] = []
  let count = 0
  const send = async () => {
    const unit = {
      repoId: row.id,
      did,
      source: 'backfill',
      rev: '3k',
      guard: { run: row.run },
      run: row.run,
      mode: 'diff',
      fresh: true,
      ops,
    } as const
    ops = []
    const sent = dispatcher.submit(unit).finally(() => inFlight.delete(sent))
    inFlight.add(sent)
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight)
  }
  let commit: SignedCommit | null = null
  for await (const step of walk(chunks(path))) {
    commit = step.commit
    for (const { collection, rkey, cid, block } of step.records) {
      ops.push({ action: 'create', collection, rkey, cid, body: block })
      count++
      if (ops.length >= CHUNK) await send()
    }
  }
  if (commit === null || !verifySignature(parseKey(DID_KEY), commit.signedBytes, commit.sig))
    throw new Error('bad commit')
  await send()
  await Promise.all(inFlight)
  return count
}

async function lextap([url = '', style = 'plain', car = '', repos = '1']: string[]): Promise<BackfillRun> {
  const { schemas } = (await import(pathToFileURL(process.env.BENCH_SCHEMAS ?? '').href)) as {
    schemas: Record<string, RecordSchema>
  }
  const observer = { log: pino({ level: 'warn' }, process.stderr as never), metrics: new Metrics() }
  await using thread = new WalkThread()
  // As while repos are looked up.
  if (process.env.BENCH_THREAD !== '0') thread.prepare()
  await using store = await openStore(url, { observer })
  for (const text of createTables) await store.db.run(text)
  await store.db.introspect()
  const definitions = Object.keys(TABLES).map(
    (pattern): HandlerDefinition => ({
      kind: 'record',
      pattern,
      schemas: [],
      handlers: handlersFor(pattern, style as 'plain'),
    }),
  )
  await using dispatcher = new Dispatcher({
    store,
    observer,
    registry: new Registry(definitions, { schemas, collections: null }),
    policy: { invalid: { '*': 'dead-letter' }, legacyBlobs: true },
    handling: { attempts: 3, timeoutMs: 30_000 },
    keepBodies: true,
  })
  const dids = Array.from(
    { length: Number(repos) },
    (_, n) => `did:plc:6y7d2wrzqhmdxzvq4s2hk3${String.fromCharCode(97 + (n >> 4), 97 + (n & 15))}`,
  )
  await store.repos.add(dids)
  const cpu = process.cpuUsage()
  const main = process.threadCpuUsage()
  const begin = performance.now()
  const walk = process.env.BENCH_THREAD === '0' ? walkHere : thread.walk
  const counts = await Promise.all(dids.map((did) => fetchOne(did, car, store, dispatcher, walk)))
  const seconds = (performance.now() - begin) / 1000
  const used = process.cpuUsage(cpu)
  const mainUsed = process.threadCpuUsage(main)
  const records = counts.reduce((a, b) => a + b)
  if ((await store.records.count()) !== records) throw new Error('records are missing')
  if ((await store.deadLetters.counts()).total > 0) throw new Error('there are dead letters')
  return {
    records,
    seconds,
    cpuSeconds: (used.user + used.system) / 1e6,
    mainCpuSeconds: (mainUsed.user + mainUsed.system) / 1e6,
    peakRss: peakRss(),
  }
}

if (import.meta.main) {
  const [url = '', style = '', car = '', repos = '1'] = process.argv.slice(2)
  const run =
    style === 'atproto'
      ? (await import('./backfill-peer.ts')).atproto(url, car)
      : lextap([url, style, car, repos])
  console.log(JSON.stringify(await run))
}
