import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Figure, median, ROUNDS } from './figure.ts'
import type { HostsAddress, HostsWish } from './hosts-process.ts'
import { runIndexer } from './live.ts'
import type { Style } from './sample-app.ts'

const REPOS = 10_000
const RECORDS = 50
const HOSTS = 4
const FOLDER = resolve(import.meta.dirname, '../.lextap/bench')

/**
 * Many small repos, everything included: listing, DID documents, fetches over HTTP from hosts on this machine,
 * verification, validation, the user's handler, record index with bodies, cut-over. Into SQLite; default limits per host.
 */
export async function bench(): Promise<Figure[]> {
  const child = fork(resolve(import.meta.dirname, 'hosts-process.ts'), {
    execArgv: ['--conditions=lextap-source'],
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const dir = mkdtempSync(join(resolve(import.meta.dirname, '../.lextap'), 'small-repos-'))
  try {
    child.send({ repos: REPOS, records: RECORDS, hosts: HOSTS, folder: FOLDER } satisfies HostsWish)
    const [{ records, ...urls }] = (await once(child, 'message')) as [HostsAddress]
    const rates: Record<Style, number[]> = { plain: [], rows: [] }
    for (let round = 0; round < ROUNDS; round++) {
      // The plain handler once, for comparison: it takes longest and says the least about small repos.
      for (const style of round === 0 ? (['rows', 'plain'] as const) : (['rows'] as const)) {
        const database = `sqlite:${join(dir, `${style}-${round}.db`)}`
        const { seconds } = runIndexer({ ...urls, database, style, seq: null }, { pin: false })
        rates[style].push(records / seconds)
      }
    }
    return [
      {
        id: 'small-repos',
        value: median(rates.rows),
        unit: 'records/s',
        target: '>= 25 k',
        spread: [Math.min(...rates.rows), Math.max(...rates.rows)],
        peers: { 'lextap, plain Kysely handler': median(rates.plain) },
      },
    ]
  } finally {
    child.kill()
    rmSync(dir, { recursive: true, force: true })
  }
}

if (import.meta.main) console.log(await bench())
