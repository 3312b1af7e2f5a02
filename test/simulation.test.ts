import { expect, test } from 'vitest'
import { simulate } from './simulation/simulate.ts'

/**
 * A few seeded simulations; `npm run test:soak` runs them for hours. To see one again:
 * `SEED=… STEPS=… KILLS=1 npx vitest run test/simulation.test.ts`.
 */
const { SEED, STEPS, KILLS, ROUNDS } = process.env
const rounds = Number(ROUNDS ?? 6)
const steps = STEPS === undefined ? {} : { steps: Number(STEPS) }
const seeds = SEED === undefined ? Array.from({ length: rounds }, (_, i) => `short ${i}`) : [SEED]

test.runIf(SEED === undefined || KILLS === undefined).each(seeds)(
  'P4: whatever goes wrong, the tables end up equal to the network and each event came once: %s',
  async (seed) => {
    const report = await simulate({ seed, ...steps })
    expect(report.events).toBeGreaterThan(0)
    if (process.env.VERBOSE !== undefined) console.log(describe(report))
  },
  120_000,
)

test.runIf(SEED === undefined || KILLS !== undefined).each(SEED === undefined ? seeds.slice(0, 2) : seeds)(
  'P1: also when the process is killed at any moment: %s',
  async (seed) => {
    const report = await simulate({ seed, kills: true, steps: 40, ...steps })
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
