/**
 * The Go Tap and an indexer with the official client, measured: `node tap-peer.ts '<TapOrders as JSON>'` prints
 * `TapRun` as JSON. One row by the same handler for each record, into SQLite by stock Kysely, acks on.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LexIndexer, Tap } from '@atproto/tap'
import { Kysely } from 'kysely'
import { stock } from './backfill-peer.ts'
import { up } from './migrations/0001_tables.ts'
import { sampleHandlers, TABLES } from './sample-app.ts'

// biome-ignore lint/suspicious/noExplicitAny: schemas and database of any shape
type Loose = any

export interface TapOrders {
  /** Path of the `tap` binary. */
  readonly binary: string
  /** Where `@atproto/lex` wrote the schemas: a file URL. */
  readonly schemas: string
  readonly relayHttp: string
  readonly plc: string
  /** For both databases. */
  readonly dir: string
  readonly records: number
}
export interface TapRun {
  /** From the request to follow the accounts to the last row. */
  readonly seconds: number
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function main(orders: TapOrders): Promise<TapRun> {
  const { binary, relayHttp, plc, dir, records } = orders
  const port = await freePort()
  const env = {
    TAP_DATABASE_URL: `sqlite://${join(dir, 'tap.db')}`,
    TAP_BIND: `127.0.0.1:${port}`,
    TAP_RELAY_URL: relayHttp,
    TAP_PLC_URL: plc,
    TAP_LOG_LEVEL: 'error',
  }
  const tap = spawn(binary, ['run'], { env: { ...process.env, ...env }, stdio: 'ignore' })
  const db = new Kysely<Loose>({ dialect: await stock(`sqlite:${join(dir, 'app.db')}`) })
  try {
    await up(db)
    const client = new Tap(`http://127.0.0.1:${port}`)
    await healthy(client.url)
    const done = Promise.withResolvers<void>()
    let taken = 0
    const took = () => {
      if (++taken === records) done.resolve()
    }
    const channel = client.channel(await indexer(orders.schemas, db, took, done.reject))
    const ended = channel.start().then(() => {
      throw new Error('the channel ended early')
    })
    const dids = await listed(relayHttp)
    const begin = performance.now()
    await client.addRepos(dids)
    await Promise.race([done.promise, ended])
    const seconds = (performance.now() - begin) / 1000
    // Its promise waits for a goodbye that does not always come.
    ended.catch(() => {})
    void channel.destroy()
    return { seconds }
  } finally {
    tap.kill()
    await db.destroy()
  }
}

async function healthy(url: string): Promise<void> {
  for (let left = 200; ; left--) {
    const answer = await fetch(`${url}/health`).catch(() => null)
    if (answer?.ok) return
    if (left === 0) throw new Error('tap does not answer')
    await sleep(50)
  }
}

async function listed(relayHttp: string): Promise<string[]> {
  const answer = await fetch(`${relayHttp}/xrpc/com.atproto.sync.listRepos?limit=1000`)
  return ((await answer.json()) as { repos: { did: string }[] }).repos.map(({ did }) => did)
}

/** The handler of the other benches behind the official client. */
async function indexer(
  schemas: string,
  db: Kysely<Loose>,
  took: () => void,
  failed: (error: Error) => void,
): Promise<LexIndexer> {
  const made = new LexIndexer().error(failed)
  const handlers = sampleHandlers('plain')
  for (const [n, nsid] of Object.keys(TABLES).entries()) {
    const schema = (await import(`${schemas}/${nsid.replaceAll('.', '/')}.defs.ts`)) as Loose
    const { put } = (handlers[n] as Loose).handlers
    made.put(schema, async (event: Loose) => {
      const uri = `at://${event.did}/${event.collection}/${event.rkey}`
      await put({ ...event, uri }, { tx: db })
      took()
    })
  }
  return made
}

if (import.meta.main) {
  console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? ''))))
  // The client's pings would keep the process.
  process.exit()
}
