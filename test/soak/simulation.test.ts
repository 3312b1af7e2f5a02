import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { simulate } from '../simulation/simulate.ts'

/**
 * Simulation for as long as you like: `MINUTES` (default 120) or `ROUNDS`, whichever ends first. Seeds follow from
 * `SEED` (default: the time). Every third round kills processes, some are long.
 */
const minutes = Number(process.env.MINUTES ?? 120)
const rounds = Number(process.env.ROUNDS ?? Number.POSITIVE_INFINITY)
const prefix = process.env.SEED ?? new Date().toISOString()

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

test('whatever goes wrong for hours, the tables end up equal to the network', async () => {
  const until = performance.now() + minutes * 60_000
  const faults = new Map<string, number>()
  const failures: string[] = []
  const heap: number[] = []
  const sum = { rounds: 0, events: 0, lives: 0, killed: 0, strikes: 0 }
  for (let i = 0; i < rounds && performance.now() < until; i++) {
    const seed = `${prefix} ${i}`
    const kills = i % 3 === 2
    const steps = kills ? 60 : i % 10 === 0 ? 600 : 120
    sum.rounds++
    try {
      const report = await simulate({ seed, steps, kills })
      for (const [name, hits] of report.faults) faults.set(name, (faults.get(name) ?? 0) + hits)
      for (const hits of report.faults.values()) sum.strikes += hits
      sum.events += report.events
      sum.lives += report.lives
      sum.killed += report.killed
    } catch (error) {
      failures.push(seed)
      console.error(error instanceof Error ? error.message : error)
    }
    collectGarbage()
    heap.push(process.memoryUsage().heapUsed)
    const mb = Math.round((heap.at(-1) ?? 0) / 1e6)
    if (i % 10 === 9) console.log(`${i + 1} rounds, ${failures.length} failed, heap ${mb} MB`)
  }
  console.log(JSON.stringify({ ...sum, faults: Object.fromEntries([...faults].sort()) }, null, 1))
  expect(failures).toEqual([])
  expectFlat(heap)
})

/** What a round leaves behind must not add up. */
function expectFlat(heap: readonly number[]): void {
  if (heap.length < 30) return
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
  expect(median(heap.slice(-10))).toBeLessThan(median(heap.slice(5, 15)) * 1.3 + 20e6)
}
