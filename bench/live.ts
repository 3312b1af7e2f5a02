import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { asUsers } from './as-users.ts'
import { type Figure, median, ROUNDS } from './figure.ts'
import type { LiveOrders, LiveRun } from './live-run.ts'
import { runNode } from './pinned.ts'
import { Relay } from './relay.ts'
import type { Style } from './sample-app.ts'

/** The accounts that commit, what they have, and how many commits each makes. */
export const NETWORK = { repos: 1000, records: 200 } as const
export const COMMITS = 30
/** Commits that are not counted: V8 compiles meanwhile. */
const WARM_UP = 5000
/** Paced: commits a second, and how many. */
const PACE = 1000
const PACED = 15_000

const KINDS = ['rows', 'plain', 'openssl', 'peer'] as const
type Kind = (typeof KINDS)[number]

/**
 * Live commits, from frames on a socket to committed rows: all rules of Sync 1.1, lexicon validation, record index with
 * bodies, the user's handler. One process; the network, which sends what was encoded beforehand, is another.
 */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const urls = await relay.network(NETWORK)
  await using sqlite = await sqliteCopies((database) => backfill(urls, database))
  const { frames, last } = await relay.commits(COMMITS)
  const rate = (style: Style, openssl = false) =>
    rateOf({ urls, copies: sqlite, frames, last, style, openssl })
  const measures: Record<Kind, () => Promise<number>> = {
    rows: () => rate('rows'),
    plain: () => rate('plain'),
    openssl: () => rate('rows', true),
    peer: async () => peer(urls),
  }
  const rates: Record<Kind, number[]> = { rows: [], plain: [], openssl: [], peer: [] }
  await relay.pace('flood')
  for (let round = 0; round < ROUNDS; round++)
    for (const kind of KINDS) rates[kind].push(await measures[kind]())

  await relay.pace(PACE, { frames: PACED })
  const [p50, p99, cold]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round < ROUNDS; round++) {
    const orders = { ...urls, database: await sqlite.fresh(), style: 'plain', latencies: true } as const
    const { committed } = runIndexer({ ...orders, seq: last - frames + PACED }, { pin: false })
    const sent = new Map(await relay.times())
    const all = committed.map(([rev, at]) => at - (sent.get(rev) ?? Number.NaN))
    p99.push(percentile(all.slice(WARM_UP), 0.99))
    cold.push(percentile(all, 0.99))
    p50.push(percentile(all.slice(WARM_UP), 0.5))
  }
  return [
    {
      id: 'live-commits',
      value: median(rates.plain),
      unit: 'commits/s',
      target: '>= 5,000 (OpenSSL >= 2,000)',
      spread: [Math.min(...rates.plain), Math.max(...rates.plain)],
      peers: {
        'lextap, row writers': median(rates.rows),
        'lextap, row writers, OpenSSL': median(rates.openssl),
        '@atproto/repo verifyProofs, no inversion, no database': median(rates.peer),
      },
    },
    {
      id: 'live-p99',
      value: median(p99),
      unit: 'ms',
      target: `<= 50 at ${PACE}/s`,
      spread: [Math.min(...p99), Math.max(...p99)],
      peers: { 'the first five seconds included': median(cold), 'half of them, within': median(p50) },
    },
  ]
}

/** Commits a second of an indexer that takes the flood of a relay, its first ones not counted. */
export async function rateOf(of: {
  readonly urls: Urls
  readonly copies: Copies
  readonly frames: number
  readonly last: number
  readonly style: Style
  readonly openssl?: boolean
}): Promise<number> {
  const { urls, copies, frames, last: seq, style, openssl = false } = of
  const orders = { ...urls, database: await copies.fresh(), style, seq, warmUp: WARM_UP }
  const { seconds, before } = runIndexer(orders, { pin: false, openssl })
  return (frames - before) / seconds
}

type Urls = Omit<LiveOrders, 'database' | 'style' | 'seq'>

export interface Copies extends AsyncDisposable {
  /** URL of a copy of the database that the backfill left; the copy before is gone. */
  fresh(): Promise<string>
}

export type Fill = (database: string) => unknown

export function backfill(urls: Urls, database: string): void {
  runIndexer({ ...urls, database, style: 'rows', seq: null }, { pin: false })
}

async function sqliteCopies(fill: Fill): Promise<Copies> {
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  const base = join(dir, 'base.db')
  const copy = join(dir, 'run.db')
  fill(`sqlite:${base}`)
  return {
    fresh: async () => {
      copyFileSync(base, copy)
      return `sqlite:${copy}`
    },
    [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }),
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}

interface RunOptions {
  /** As where libsecp256k1 has no prebuilt addon. */
  readonly openssl?: boolean
  /** To one core. Default true. */
  readonly pin?: boolean
}

export function runIndexer(orders: LiveOrders, options: RunOptions = {}): LiveRun {
  const without = options.openssl === true ? ['--require', resolve(import.meta.dirname, 'no-native.cjs')] : []
  const script = resolve(import.meta.dirname, 'live-run.ts')
  return JSON.parse(
    runNode([...asUsers(), ...without, script, JSON.stringify(orders)], options.pin),
  ) as LiveRun
}

const PEER_FRAMES = 2000
function peer({ relay, relayHttp, plc }: { relay: string; relayHttp: string; plc: string }): number {
  const script = resolve(import.meta.dirname, 'live-peer.ts')
  return Number(runNode(['--conditions=lextap-source', script, relay, relayHttp, plc, String(PEER_FRAMES)]))
}

if (import.meta.main) console.log(await bench())
