import { afterAll, expect, test } from 'vitest'
import { simulate } from './simulation/simulate.ts'
import { DIALECTS, stopDatabases } from './support/databases.ts'

afterAll(stopDatabases)

/**
 * A few seeded simulations; `npm run test:soak` runs them for hours. To see one again:
 * `SEED=… STEPS=… KILLS=1 ON=postgres npx vitest run test/simulation.test.ts`.
 */
const { SEED, STEPS, KILLS, ROUNDS, ON } = process.env
const rounds = Number(ROUNDS ?? 6)
const steps = STEPS === undefined ? {} : { steps: Number(STEPS) }
const seeds = SEED === undefined ? Array.from({ length: rounds }, (_, i) => `short ${i}`) : [SEED]
/** Most on SQLite, which is fastest; the last ones on the others. */
const onDatabases = (all: readonly string[], others: readonly string[]) =>
  all.map((seed, i) => {
    const name = ON ?? others[i - all.length + others.length] ?? 'sqlite'
    const dialect = DIALECTS.find((d) => d.name.startsWith(name))
    if (dialect === undefined) throw new Error(`no such database: ${name}`)
    return { seed, name, fresh: dialect.fresh }
  })

test.runIf(SEED === undefined || KILLS === undefined).each(onDatabases(seeds, ['pglite', 'postgres']))(
  'P4: whatever goes wrong, the tables end up equal to the network and each event came once: $seed on $name',
  async ({ seed, fresh }) => {
    await using database = await fresh()
    const report = await simulate({ seed, database: database.url, ...steps })
    expect(report.events).toBeGreaterThan(0)
    if (process.env.VERBOSE !== undefined) console.log(describe(report))
  },
  120_000,
)

const killed = SEED === undefined ? seeds.slice(0, 2) : seeds
test.runIf(SEED === undefined || KILLS !== undefined).each(onDatabases(killed, ['postgres']))(
  'P1: also when the process is killed at any moment: $seed on $name',
  async ({ seed, fresh }) => {
    await using database = await fresh()
    const report = await simulate({ seed, database: database.url, kills: true, steps: 40, ...steps })
    expect(report.events).toBeGreaterThan(0)
    if (process.env.VERBOSE !== undefined) console.log(describe(report))
  },
  120_000,
)

function describe(report: Awaited<ReturnType<typeof simulate>>): string {
  const list = (map: ReadonlyMap<string, number>) => [...map].map(([k, n]) => `${k}×${n}`).join(' ')
  const { seed, lives, killed, events, records } = report
  return `${seed}: ${events} events, ${records} records, ${lives} lives, ${killed} killed\n  ${list(report.steps)}\n  ${list(report.faults)}`
}
