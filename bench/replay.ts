import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { asUsers } from './as-users.ts'
import { carOf, generate, run } from './backfill-rounds.ts'
import { type Figure, median, ROUNDS } from './figure.ts'
import type { ReplayRun } from './replay-run.ts'

const RECORDS = 100_000
const STYLES = ['plain', 'rows', 'puts'] as const
type Style = (typeof STYLES)[number]

/**
 * Replay from stored bodies on SQLite: 200,000 records of two repos into emptied tables, styles taking turns, each
 * run in a process of its own on a copy of one backfilled database. Beside it the same over the rows that are there.
 */
export async function bench(): Promise<Figure[]> {
  const schemas = await generate()
  const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'replay-'))
  const rates: Record<string, number[]> = {}
  try {
    run(`sqlite:${join(dir, 'full.db')}`, 'rows', carOf(RECORDS), schemas)
    for (let round = 0; round < ROUNDS; round++) {
      for (const style of STYLES) measure(dir, style, 'empty', schemas, rates)
      measure(dir, 'rows', 'over', schemas, rates)
    }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
  const of = (name: string) => rates[name] ?? []
  const figure = (id: string, name: string, target: string, peers: Figure['peers']): Figure => ({
    id,
    value: median(of(name)),
    unit: 'records/s',
    target,
    spread: [Math.min(...of(name)), Math.max(...of(name))],
    peers,
  })
  return [
    figure('replay-sqlite', 'plain empty', '>= 30 k', { 'through puts': median(of('puts empty')) }),
    figure('replay-sqlite-rows', 'rows empty', '>= 90 k', { 'over existing rows': median(of('rows over')) }),
  ]
}

function measure(
  dir: string,
  style: Style,
  into: 'empty' | 'over',
  schemas: string,
  rates: Record<string, number[]>,
): void {
  const path = join(dir, 'run.db')
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  cpSync(join(dir, 'full.db'), path)
  const script = resolve(import.meta.dirname, 'replay-run.ts')
  const args = [...asUsers(), script, `sqlite:${path}`, style, into]
  const env = { ...process.env, BENCH_SCHEMAS: schemas }
  const { records, seconds } = JSON.parse(
    execFileSync(process.execPath, args, { env, maxBuffer: 1 << 20 }).toString(),
  ) as ReplayRun
  const name = `${style} ${into}`
  rates[name] = [...(rates[name] ?? []), records / seconds]
}

if (import.meta.main) console.log(await bench())
