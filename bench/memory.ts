import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Figure, median, ROUNDS } from './figure.ts'
import { runIndexer } from './live.ts'
import type { MemoryOrders, MemoryRun } from './memory-run.ts'
import { runNode } from './pinned.ts'
import { Relay } from './relay.ts'

const TRACKED = [10_000, 100_000, 1_000_000] as const
/** Of the accounts that commit, and the commits of each. */
const ACTIVE = { repos: 500, commits: 20 } as const
/** Frames a second: a busy day of the network. */
const PACE = 2000
const PIECE_MS = 6_000
/** Slow: how long a handler takes, ms. */
const HANDLER_MS = 20

/**
 * Resident memory with ten thousand, a hundred thousand and a million tracked repos under the same traffic: first ten
 * thousand commits, then frames that each name another repo. And with a handler so slow that a flooding relay must wait.
 * SQLite, each run a process of its own.
 */
export async function bench(): Promise<Figure[]> {
  using relay = new Relay()
  const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'memory-'))
  try {
    const urls = await relay.network({ repos: ACTIVE.repos, records: 100 })
    const base = join(dir, 'base.db')
    runIndexer({ ...urls, database: `sqlite:${base}`, style: 'rows', seq: null }, { pin: false })
    await relay.commits(ACTIVE.commits)
    const run = (orders: Partial<MemoryOrders> & { pieces: number }): MemoryRun => {
      const copy = join(dir, 'run.db')
      // The run before was ended where it stood: its log must not meet another database.
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true })
      copyFileSync(base, copy)
      return watch({ ...urls, database: `sqlite:${copy}`, style: 'rows', pieceMs: PIECE_MS, ...orders })
    }
    const rounds = (orders: Partial<MemoryOrders> & { pieces: number }): MemoryRun[] =>
      Array.from({ length: ROUNDS }, () => run(orders))
    await relay.pace('flood')
    const slow = rounds({ handlerMs: HANDLER_MS, pieces: 3 })
    const held = new Map<number, MemoryRun[]>()
    let last = 0
    for (const tracked of TRACKED) {
      fill(`sqlite:${base}`, last, tracked)
      last = tracked
      await relay.pace(PACE, { loops: 1_000, spread: tracked })
      held.set(tracked, rounds({ pieces: 1 }))
    }
    return [reposFigure(held), slowFigure(slow)]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function watch(orders: MemoryOrders): MemoryRun {
  const script = resolve(import.meta.dirname, 'memory-run.ts')
  return JSON.parse(
    runNode(['--conditions=lextap-source', script, JSON.stringify(orders)], false),
  ) as MemoryRun
}

function fill(database: string, from: number, to: number): void {
  const script = resolve(import.meta.dirname, 'memory-fill.ts')
  runNode(['--conditions=lextap-source', script, database, String(from), String(to)], false)
}

const MB = 1e6
const percent = (part: number, whole: number) => (part / whole) * 100

function reposFigure(held: ReadonlyMap<number, readonly MemoryRun[]>): Figure {
  const means = [...held].map(([tracked, runs]) => ({ tracked, mean: runs.map((run) => run.means[0] ?? 0) }))
  const few = median(means[0]?.mean ?? [])
  const many = (means.at(-1)?.mean ?? []).map((rss) => percent(rss, few))
  return {
    id: 'memory-repos',
    value: median(many),
    unit: '%',
    target: '90 to 110: with 1 M tracked repos, of what it is with 10 k',
    spread: [Math.min(...many), Math.max(...many)],
    peers: Object.fromEntries(
      means.map(({ tracked, mean }) => [`MB with ${tracked.toLocaleString('en')} repos`, median(mean) / MB]),
    ),
  }
}

function slowFigure(runs: readonly MemoryRun[]): Figure {
  const share = runs.map(({ means }) => percent(means.at(-1) ?? 0, means[0] ?? 0))
  const piece = (n: number) => median(runs.map(({ means }) => means[n] ?? 0)) / MB
  return {
    id: 'memory-slow-handler',
    value: median(share),
    unit: '%',
    target: '90 to 110: after 24 s of waiting, of what it was after 12',
    spread: [Math.min(...share), Math.max(...share)],
    peers: { 'MB after 12 s': piece(0), 'MB after 18 s': piece(1), 'MB after 24 s': piece(2) },
  }
}

if (import.meta.main) console.log(JSON.stringify(await bench(), null, 1))
