import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Figure, median, ROUNDS } from './figure.ts'
import type { HostsAddress, HostsWish } from './hosts-process.ts'
import { runIndexer } from './live.ts'
import { runNode } from './pinned.ts'
import type { TapOrders, TapRun } from './tap-peer.ts'

const REPOS = 120
const RECORDS = 1500
const FOLDER = resolve(import.meta.dirname, '../.lextap/bench')

/**
 * The same backfill by the Go Tap (`TAP_BIN=/path/to/tap`) with `@atproto/tap`'s `LexIndexer` and the same handler, and
 * by lextap: the same hosts on this machine, SQLite, from the request to follow the accounts until their last row is
 * committed. Everybody may use all cores.
 */
export async function bench(): Promise<Figure[]> {
  const binary = process.env.TAP_BIN
  if (binary === undefined) {
    console.error('no TAP_BIN=/path/to/tap: nothing to compare with')
    return []
  }
  const schemas = await lexSchemas()
  const child = fork(resolve(import.meta.dirname, 'hosts-process.ts'), {
    execArgv: ['--conditions=lextap-source'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'tap-'))
  try {
    child.send({ repos: REPOS, records: RECORDS, hosts: 4, folder: FOLDER } satisfies HostsWish)
    const [hosts] = (await once(child, 'message')) as [HostsAddress]
    const { records, ...urls } = hosts
    const rates = { plain: [] as number[], rows: [] as number[], tap: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      for (const style of ['rows', 'plain'] as const) {
        const database = `sqlite:${join(dir, `${style}-${round}.db`)}`
        const { seconds } = runIndexer({ ...urls, database, style, seq: null }, { pin: false })
        rates[style].push(records / seconds)
      }
      const orders = { ...hosts, binary, schemas, dir: mkdtempSync(join(dir, 'tap-')) } satisfies TapOrders
      const peer = resolve(import.meta.dirname, 'tap-peer.ts')
      const out = runNode(['--conditions=lextap-source', peer, JSON.stringify(orders)], false)
      rates.tap.push(records / (JSON.parse(out) as TapRun).seconds)
    }
    const figure = (id: string, values: readonly number[], target: string): Figure => ({
      ...{ id, value: median(values), unit: 'records/s', target },
      spread: [Math.min(...values), Math.max(...values)],
      peers: { 'Go Tap + LexIndexer, plain Kysely handler': median(rates.tap) },
    })
    return [
      figure('tap-backfill', rates.plain, '>= 5x Tap'),
      figure('tap-backfill-rows', rates.rows, '>= 12x Tap'),
    ]
  } finally {
    child.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The lexicons of this project as `@atproto/lex` builds them; returns their folder. */
async function lexSchemas(): Promise<string> {
  const { build } = await import('@atproto/lex-builder')
  const lexicons = resolve(import.meta.dirname, '../lexicons')
  const out = join(FOLDER, 'lex-tap')
  await build({ lexicons, out, override: true, importExt: '.ts', fileExt: '.ts', pretty: false })
  return pathToFileURL(out).href
}

if (import.meta.main) console.log(await bench())
