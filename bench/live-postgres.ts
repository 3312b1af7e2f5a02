import pg from 'pg'
import { type Figure, median, ROUNDS } from './figure.ts'
import { backfill, COMMITS, type Copies, type Fill, NETWORK, rateOf } from './live.ts'
import { benchServer } from './postgres.ts'
import { Relay } from './relay.ts'

/** As `live-commits`, into a real PostgreSQL server on the same machine. */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const urls = await relay.network(NETWORK)
  await using copies = await postgresCopies((database) => backfill(urls, database))
  const { frames, last } = await relay.commits(COMMITS)
  await relay.pace('flood')
  const rates: Record<'plain' | 'rows', number[]> = { plain: [], rows: [] }
  for (let round = 0; round < ROUNDS; round++)
    for (const style of ['plain', 'rows'] as const)
      rates[style].push(await rateOf({ urls, copies, frames, last, style }))
  return [
    {
      id: 'live-postgres',
      value: median(rates.plain),
      unit: 'commits/s',
      target: '>= 4,000',
      spread: [Math.min(...rates.plain), Math.max(...rates.plain)],
      peers: { 'lextap, row writers': median(rates.rows) },
    },
  ]
}

async function postgresCopies(fill: Fill): Promise<Copies> {
  const server = await benchServer()
  const base = (await server.create()).url
  fill(base)
  const run = async (text: string) => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query(text).finally(() => client.end())
  }
  return {
    fresh: async () => {
      await run('drop database if exists bench_copy')
      await run(`create database bench_copy template ${new URL(base).pathname.slice(1)}`)
      return server.url.replace(/[^/]*$/, 'bench_copy')
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

if (import.meta.main) console.log(await bench())
