import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runCodegen } from '../src/lexicon/codegen.ts'
import { asUsers } from './as-users.ts'
import type { BackfillRun, Style } from './backfill-run.ts'
import { type Figure, median, ROUNDS } from './figure.ts'
import { writeRepo } from './network-repo.ts'
import { writePublicLexicons } from './public-lexicons.ts'

const FOLDER = resolve(import.meta.dirname, '../.lextap/bench')
const RECORDS = 100_000
/** Enough that the first second, in which V8 compiles and its young generation grows, is a small part. */
const REPOS = 5
/** `@atproto/repo` is quadratic enough that a larger repo would only flatter us. */
const PEER_RECORDS = 10_000

const STYLES = ['plain', 'rows', 'puts', 'atproto'] as const

export interface Targets {
  readonly plain: string
  readonly rows: string
  readonly puts: string
}

/**
 * Backfills into fresh databases, styles taking turns, each run in a process of its own. Records a second of
 * wall time: bodies read from disk in the reference PDS's block order, everything verified, rows, index and bodies committed.
 */
export async function backfillFigures(
  dialect: string,
  targets: Targets,
  fresh: () => Promise<{ url: string; [Symbol.asyncDispose](): Promise<void> }>,
): Promise<Figure[]> {
  const schemas = await generate()
  const rates: Record<Style, number[]> = { plain: [], rows: [], puts: [], atproto: [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const style of STYLES) {
      await using database = await fresh()
      const car = carOf(style === 'atproto' ? PEER_RECORDS : RECORDS)
      const { records, seconds } = run(database.url, style, car, schemas)
      rates[style].push(records / seconds)
    }
  }
  const peers = {
    '@atproto/repo + @atproto/lexicon + stock Kysely (10 k records, no index)': median(rates.atproto),
  }
  const figure = (id: string, style: 'plain' | 'rows' | 'puts'): Figure => ({
    id,
    value: median(rates[style]),
    unit: 'records/s',
    target: targets[style],
    spread: [Math.min(...rates[style]), Math.max(...rates[style])],
    peers,
  })
  return [
    figure(`backfill-${dialect}`, 'plain'),
    figure(`backfill-${dialect}-rows`, 'rows'),
    figure(`backfill-${dialect}-puts`, 'puts'),
  ]
}

export function run(url: string, style: Style, car: string, schemas: string): BackfillRun {
  const script = resolve(import.meta.dirname, 'backfill-run.ts')
  const args = [...asUsers(), script, url, style, car, String(REPOS)]
  const out = execFileSync(process.execPath, args, {
    env: { ...process.env, BENCH_SCHEMAS: schemas },
    maxBuffer: 1 << 20,
  })
  return JSON.parse(out.toString()) as BackfillRun
}

/** The CAR of a generated repo, written once. */
export function carOf(count: number): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `repo-${count}-pds.car`)
  if (existsSync(path)) return path
  const file = openSync(`${path}.part`, 'w')
  writeRepo(file, count, 'pds')
  closeSync(file)
  renameSync(`${path}.part`, path)
  return path
}

/** Validators of the full public lexicon set; returns their module. */
export async function generate(): Promise<string> {
  const lexicons = join(FOLDER, 'lexicons')
  await writePublicLexicons(lexicons)
  await runCodegen({ lexicons, generated: join(FOLDER, 'generated'), migrations: null })
  return join(FOLDER, 'generated/handlers.ts')
}
