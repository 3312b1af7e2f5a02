import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, test } from 'vitest'
import { FAULTS } from '../simulation/faults.ts'
import { MOMENTS, momentName, simulate } from '../simulation/simulate.ts'
import { DIALECTS, stopDatabases } from '../support/databases.ts'

/**
 * Simulation for as long as you like: `MINUTES` (default 120) or `ROUNDS`, whichever ends first. Seeds follow from
 * `SEED` (default: the time). Every third round kills processes, every fourth writes to a real PostgreSQL, some are
 * long. Each kind of fault strikes at least once in eight rounds.
 */
const minutes = Number(process.env.MINUTES ?? 120)
const rounds = Number(process.env.ROUNDS ?? Number.POSITIVE_INFINITY)
const prefix = process.env.SEED ?? new Date().toISOString()
const SHARES = 8

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
afterAll(stopDatabases)

test('whatever goes wrong for hours, the tables end up equal to the network', async () => {
  const until = performance.now() + minutes * 60_000
  const faults = new Map<string, number>()
  const moments = new Map<string, number>()
  const failures: string[] = []
  const heap: number[] = []
  const sum = { rounds: 0, events: 0, lives: 0, killed: 0, strikes: 0 }
  for (let i = 0; i < rounds && performance.now() < until; i++) {
    const seed = `${prefix} ${i}`
    const kills = i % 3 === 2
    const steps = kills ? 60 : i % 10 === 0 ? 600 : 120
    const share = Object.keys(FAULTS).filter((_, k) => k % SHARES === i % SHARES)
    const server = i % 4 === 3 ? await DIALECTS.find(({ name }) => name === 'postgres')?.fresh() : undefined
    sum.rounds++
    try {
      const where = server === undefined ? {} : { database: server.url }
      const report = await simulate({ seed, steps, kills, faults: share, ...where })
      add(faults, report.faults)
      add(moments, report.moments)
      for (const hits of report.faults.values()) sum.strikes += hits
      sum.events += report.events
      sum.lives += report.lives
      sum.killed += report.killed
    } catch (error) {
      failures.push(`${seed}${server === undefined ? '' : ' (postgres)'}`)
      console.error(error instanceof Error ? error.message : error)
    }
    collectGarbage()
    heap.push(process.memoryUsage().heapUsed)
    const mb = Math.round((heap.at(-1) ?? 0) / 1e6)
    if (i % 10 === 9) console.log(`${i + 1} rounds, ${failures.length} failed, heap ${mb} MB`)
  }
  console.log(JSON.stringify({ ...sum, moments: sorted(moments), faults: sorted(faults) }, null, 1))
  expect(failures).toEqual([])
  if (sum.rounds >= SHARES) expect(Object.keys(FAULTS).filter((name) => !faults.get(name))).toEqual([])
  if (sum.killed >= 100) expect(MOMENTS.map(momentName).filter((name) => !moments.has(name))).toEqual([])
  expectFlat(heap)
})

function add(to: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [name, n] of more) to.set(name, (to.get(name) ?? 0) + n)
}

function sorted(map: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...map].sort())
}

/** What a round leaves behind must not add up. */
function expectFlat(heap: readonly number[]): void {
  if (heap.length < 30) return
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
  expect(median(heap.slice(-10))).toBeLessThan(median(heap.slice(5, 15)) * 1.3 + 20e6)
}
