import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Figure, median } from './figure.ts'
import type { LiveOrders, LiveRun } from './live-run.ts'
import { runNode } from './pinned.ts'
import { Relay } from './relay.ts'
import type { Style } from './sample-app.ts'

const REPOS = 1000
const RECORDS = 300
const COMMITS = 30
const ROUNDS = 3
/** Commits that are not counted: V8 compiles meanwhile. */
const WARM_UP = 5000
/** Paced: commits a second, and how many. */
const PACE = 1000
const PACED = 15_000

/**
 * Live commits, from frames on a socket to committed rows in SQLite: all rules of Sync 1.1, lexicon
 * validation, record index with bodies, the user's handler. One process; the network, which sends what was encoded
 * beforehand, is another.
 */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const dir = mkdtempSync(join(tmpdir(), 'lextap-bench-'))
  try {
    const urls = await relay.network({ repos: REPOS, records: RECORDS })
    const base = join(dir, 'base.db')
    const run = (name: string, style: Style, seq: number | null, options: RunOptions = {}) =>
      runIndexer(
        {
          ...urls,
          ...{ database: `sqlite:${join(dir, name)}`, style, seq },
          latencies: options.latencies ?? false,
          warmUp: options.warmUp ?? 0,
        },
        { pin: false, ...options },
      )
    run('base.db', 'rows', null)
    const { frames, last } = await relay.commits(COMMITS)
    const fresh = (name: string) => copyFileSync(base, join(dir, name))

    const rates: Record<'rows' | 'plain' | 'opensslRows', number[]> = { rows: [], plain: [], opensslRows: [] }
    const verify: number[] = []
    await relay.pace('flood')
    for (let round = 0; round < ROUNDS; round++) {
      for (const [key, style, openssl] of [
        ['rows', 'rows', false],
        ['plain', 'plain', false],
        ['opensslRows', 'rows', true],
      ] as const) {
        fresh('run.db')
        const { seconds, before } = run('run.db', style, last, { openssl, warmUp: WARM_UP })
        rates[key].push((frames - before) / seconds)
      }
      verify.push(peer(urls))
    }
    await relay.pace(PACE, { frames: PACED })
    const [p50, p99, cold]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round++) {
      fresh('run.db')
      const { committed } = run('run.db', 'plain', last - frames + PACED, { latencies: true })
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
        target: '>= 5,000 (libsecp256k1), >= 2,000 (OpenSSL)',
        spread: [Math.min(...rates.plain), Math.max(...rates.plain)],
        peers: {
          'lextap, row writers': median(rates.rows),
          'lextap, row writers, OpenSSL': median(rates.opensslRows),
          '@atproto/repo verifyProofs, no inversion, no database': median(verify),
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
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}

interface RunOptions {
  /** As where libsecp256k1 has no prebuilt addon. */
  readonly openssl?: boolean
  readonly latencies?: boolean
  readonly warmUp?: number
  /** To one core. Default true. */
  readonly pin?: boolean
}

export function runIndexer(orders: LiveOrders, options: RunOptions = {}): LiveRun {
  const without = options.openssl === true ? ['--require', resolve(import.meta.dirname, 'no-native.cjs')] : []
  const script = resolve(import.meta.dirname, 'live-run.ts')
  return JSON.parse(
    runNode(['--conditions=lextap-source', ...without, script, JSON.stringify(orders)], options.pin),
  ) as LiveRun
}

const PEER_FRAMES = 2000
function peer({ relay, relayHttp, plc }: { relay: string; relayHttp: string; plc: string }): number {
  const script = resolve(import.meta.dirname, 'live-peer.ts')
  return Number(runNode(['--conditions=lextap-source', script, relay, relayHttp, plc, String(PEER_FRAMES)]))
}

if (import.meta.main) console.log(await bench())
