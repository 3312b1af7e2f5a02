import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Figure, missed } from './figure.ts'

/**
 * `npm run bench [-- id…]`: measures what TARGETS lists, prints the table, and writes `bench/results.json`.
 * Each module runs in a process of its own, so that none pays for the garbage of another.
 */

/** Module → the figures it measures. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'verify-path': ['verify-path', 'verify-rss'],
  validate: ['validate'],
  codegen: ['codegen-cold'],
  backfill: ['backfill-sqlite', 'backfill-sqlite-rows', 'backfill-sqlite-puts'],
  'backfill-postgres': ['backfill-postgres', 'backfill-postgres-rows', 'backfill-postgres-puts'],
  'small-repos': ['small-repos'],
  live: ['live-commits', 'live-p99'],
  'live-postgres': ['live-postgres'],
  'skip-frames': ['skip-frames'],
  memory: ['memory-repos', 'memory-slow-handler'],
  replay: ['replay-sqlite', 'replay-sqlite-rows'],
  delivery: ['delivery', 'delivery-rss'],
  help: ['help-ms'],
  // With TAP_BIN=/path/to/tap only.
  tap: ['tap-backfill', 'tap-backfill-rows'],
}

interface Results {
  readonly machine: string
  readonly node: string
  readonly date: string
  readonly figures: Readonly<Record<string, Omit<Figure, 'id'>>>
}

const here = import.meta.dirname
const RESULTS = join(here, 'results.json')

/** The child's side: measure one module and hand the figures over. */
async function measure(name: string): Promise<void> {
  const { bench } = (await import(`./${name}.ts`)) as { bench: () => Promise<Figure[]> }
  process.send?.(await bench())
  process.disconnect?.()
}

async function measureApart(name: string): Promise<Figure[]> {
  const child = fork(fileURLToPath(import.meta.url), ['--module', name], {
    execArgv: ['--conditions=lextap-source', '--expose-gc'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const figures: Figure[] = []
  child.on('message', (message) => figures.push(...(message as Figure[])))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`bench/${name}.ts ended with ${code}`)
  return figures
}

function chosen(ids: readonly string[]): string[] {
  const there = Object.keys(MODULES).filter(
    (name) => existsSync(join(here, `${name}.ts`)) && (name !== 'tap' || process.env.TAP_BIN !== undefined),
  )
  if (ids.length === 0) return there
  const known = [...new Set([...Object.keys(MODULES), ...Object.values(MODULES).flat()])]
  const unknown = ids.filter((id) => !known.includes(id))
  if (unknown.length > 0)
    throw new Error(`no such figure: ${unknown.join(', ')}; there are: ${known.join(', ')}`)
  const wanted = Object.keys(MODULES).filter(
    (name) => ids.includes(name) || MODULES[name]?.some((id) => ids.includes(id)),
  )
  const missing = wanted.filter((name) => !there.includes(name))
  if (missing.length > 0)
    throw new Error(`cannot be measured: ${missing.join(', ')} (tap wants TAP_BIN=/path/to/tap)`)
  return wanted
}

const machine = (): string =>
  `${type()} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 1e9)} GB`

/** Figures of an earlier run on the same machine and Node stay; others would not compare. */
function earlier(): Results['figures'] {
  if (!existsSync(RESULTS)) return {}
  const results = JSON.parse(readFileSync(RESULTS, 'utf8')) as Results
  return results.machine === machine() && results.node === process.version ? results.figures : {}
}

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2, maximumSignificantDigits: 4 })
const show = (value: number): string => number.format(value)

function printTable(figures: Results['figures']): void {
  const rows = [['figure', 'value', 'unit', 'spread', 'target', '', 'beside it']]
  for (const id of Object.values(MODULES).flat()) {
    const figure = figures[id]
    if (figure === undefined) {
      rows.push([id, '-', '', '', '', '', 'not measured'])
      continue
    }
    const { value, unit, spread, target, peers } = figure
    const beside = Object.entries(peers).map(([name, v]) =>
      unit === '%' ? `${name} ${show(v)}` : `${name} ${show(v)} (${show(value / v)}x)`,
    )
    const range = spread[0] === spread[1] ? '' : spread.map(show).join(' to ')
    rows.push([id, show(value), unit, range, target, missed(figure) ? 'MISSED' : '', beside[0] ?? ''])
    for (const more of beside.slice(1)) rows.push(['', '', '', '', '', '', more])
  }
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

function write(figures: Results['figures']): Results {
  const date = new Date().toISOString()
  const results: Results = { machine: machine(), node: process.version, date, figures }
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  return results
}

/** What one module cannot measure does not keep the others from it. */
async function main(ids: readonly string[]): Promise<void> {
  const figures: Record<string, Omit<Figure, 'id'>> = { ...earlier() }
  const failed: string[] = []
  for (const name of chosen(ids)) {
    const begin = performance.now()
    console.error(`measuring ${name}`)
    try {
      for (const { id, ...figure } of await measureApart(name)) figures[id] = figure
      write(figures)
    } catch (error) {
      failed.push(name)
      for (const id of MODULES[name] ?? []) delete figures[id]
      console.error(`error: ${error instanceof Error ? error.message : error}`)
    }
    console.error(`${name}: ${Math.round((performance.now() - begin) / 1000)} s`)
  }
  const results = write(figures)
  console.log(`${results.machine}, Node ${results.node}, ${results.date}\n`)
  printTable(figures)
  if (failed.length > 0) throw new Error(`could not be measured: ${failed.join(', ')}`)
}

const [flag, name] = process.argv.slice(2)
if (flag === '--module' && name !== undefined) await measure(name)
else
  await main(process.argv.slice(2)).catch((error: Error) => {
    console.error(`error: ${error.message}`)
    process.exitCode = 1
  })
