import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { runCodegen } from '../src/lexicon/codegen.ts'
import { type Figure, median, ROUNDS } from './figure.ts'
import { type BlockOrder, writeRepo } from './network-repo.ts'
import { writePublicLexicons } from './public-lexicons.ts'
import type { Run, Stack } from './verify-path-run.ts'

const FOLDER = resolve(import.meta.dirname, '../.lextap/bench')
const LARGE = 500_000
/** `@atproto/repo` is quadratic enough that a larger repo would only flatter us. */
const SMALL = 10_000
const MIDDLE = 100_000

/**
 * CAR bytes → proven, decoded, validated records on one core: the streaming walk, the decoder and generated
 * validators against the reference stack and against @atcute's (which hashes nothing). Every run has a
 * process of its own; stacks take turns. Seconds are processor seconds.
 */
export async function bench(): Promise<Figure[]> {
  const schemas = await generate()
  const cars = {
    small: car(SMALL, 'pre-order'),
    middle: car(MIDDLE, 'pre-order'),
    large: car(LARGE, 'pre-order'),
    pds: car(LARGE, 'pds'),
  }
  const rates: Record<'ours' | 'oursSmall' | 'pds' | 'atproto' | 'atcute', number[]> = {
    ours: [],
    oursSmall: [],
    pds: [],
    atproto: [],
    atcute: [],
  }
  const memory: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const preOrder = run('lextap', cars.large, schemas)
    const pds = run('lextap', cars.pds, schemas)
    rates.ours.push(rateOf(preOrder))
    rates.pds.push(rateOf(pds))
    memory.push(Math.max(preOrder.peakRss, pds.peakRss) / 1e6)
    rates.oursSmall.push(rateOf(run('lextap', cars.small, schemas, 5)))
    rates.atproto.push(rateOf(run('atproto', cars.small, schemas, 5)))
    rates.atcute.push(rateOf(run('atcute', cars.middle, schemas)))
  }
  return [
    {
      id: 'verify-path',
      value: median(rates.ours),
      unit: 'records/s',
      target: '>= 150 k, >= 12x @atproto/repo + @atproto/lexicon',
      spread: [Math.min(...rates.ours), Math.max(...rates.ours)],
      peers: {
        '@atproto/repo + @atproto/lexicon (10 k records)': median(rates.atproto),
        '@atcute/repo + @atcute/lexicons (100 k records, no block hashes)': median(rates.atcute),
        'lextap (10 k records)': median(rates.oursSmall),
        'lextap (500 k records in the reference PDS order)': median(rates.pds),
      },
    },
    {
      id: 'verify-rss',
      value: median(memory),
      unit: 'MB',
      target: '<= 250',
      spread: [Math.min(...memory), Math.max(...memory)],
      peers: {},
    },
  ]
}

const rateOf = ({ records, seconds }: Run): number => records / seconds

/** One process on one core where the system can pin it, so that garbage collection is paid for as well. */
function run(stack: Stack, path: string, schemas: string, rounds = 1): Run {
  const script = resolve(import.meta.dirname, 'verify-path-run.ts')
  const node = [process.execPath, '--conditions=lextap-source', script, stack, path, String(rounds)]
  const [command, ...args] = canPin() ? ['taskset', '-c', '0', ...node] : node
  const out = execFileSync(command as string, args, {
    env: { ...process.env, BENCH_SCHEMAS: schemas },
    maxBuffer: 1 << 20,
  })
  return JSON.parse(out.toString()) as Run
}

const canPin = (): boolean => spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** The CAR of a generated repo, written once. */
function car(count: number, order: BlockOrder): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `repo-${count}-${order}.car`)
  if (existsSync(path)) return path
  const file = openSync(`${path}.part`, 'w')
  writeRepo(file, count, order)
  closeSync(file)
  renameSync(`${path}.part`, path)
  return path
}

/** Validators of the full public lexicon set; returns their module. */
async function generate(): Promise<string> {
  const lexicons = join(FOLDER, 'lexicons')
  await writePublicLexicons(lexicons)
  await runCodegen({ lexicons, generated: join(FOLDER, 'generated'), migrations: null })
  return join(FOLDER, 'generated/handlers.ts')
}

if (import.meta.main) console.log(await bench())
