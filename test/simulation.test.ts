import { afterAll, describe, expect, test } from 'vitest'
import { FAULTS } from './simulation/faults.ts'
import { type SimulationOptions, type SimulationReport, simulate } from './simulation/simulate.ts'
import { DIALECTS, stopDatabases } from './support/databases.ts'

/**
 * A few seeded simulations, in which each kind of fault strikes; `npm run test:soak` runs them for hours. To see one
 * again: `SEED=… STEPS=… KILLS=1 ON=postgres FAULTS=… npx vitest run test/simulation.test.ts`.
 */
const { SEED, STEPS, KILLS, ROUNDS, ON, FAULTS: NAMES } = process.env
const steps = STEPS === undefined ? {} : { steps: Number(STEPS) }
const reports: SimulationReport[] = []
afterAll(async () => {
  await stopDatabases()
  if (process.env.VERBOSE !== undefined) for (const report of reports) console.log(textOf(report))
})

async function run(name: string, options: SimulationOptions): Promise<void> {
  const dialect = DIALECTS.find((d) => d.name.startsWith(ON ?? name))
  if (dialect === undefined) throw new Error(`no such database: ${ON ?? name}`)
  await using database = await dialect.fresh()
  reports.push(await simulate({ ...options, database: database.url, ...steps }))
}

describe.runIf(SEED === undefined)('short ones', () => {
  const rounds = Number(ROUNDS ?? 8)
  const killing = Math.ceil(rounds / 4)
  /** Every kind of fault in one of the rounds. */
  const share = (round: number) => Object.keys(FAULTS).filter((_, i) => i % rounds === round)
  const seeds = Array.from({ length: rounds }, (_, i) => ({
    seed: `short ${i}`,
    faults: share(i),
    misbehave: i === rounds - 1,
  }))
  /** Most on SQLite, which is fastest; the first to be killed and the last ones on the others. */
  const nameOf = (i: number) =>
    i === 0 || i === rounds - 1 ? 'postgres' : i === rounds - 2 ? 'pglite' : 'sqlite'
  const all = seeds.map((options, i) => ({ seed: options.seed, name: nameOf(i), options }))

  test.each(all.slice(killing))(
    'P4: whatever goes wrong, the tables end up equal to the network and each event came once: $seed on $name',
    ({ name, options }) => run(name, { ...options, steps: 80 }),
    240_000,
  )

  test.each(all.slice(0, killing))(
    'P1: also when the process is killed at any moment: $seed on $name',
    ({ name, options }) => run(name, { ...options, kills: true, steps: 40 }),
    240_000,
  )

  test('every kind of fault struck, handlers misbehaved in every way, processes were killed', () => {
    const struck = new Set(
      reports.flatMap(({ faults }) => [...faults].filter(([, n]) => n > 0).map(([name]) => name)),
    )
    expect(Object.keys(FAULTS).filter((name) => !struck.has(name))).toEqual([])
    const sum = (of: (report: SimulationReport) => number) =>
      reports.reduce((all, report) => all + of(report), 0)
    for (const kind of ['throwOnce', 'throwAlways', 'hang', 'slow'] as const)
      expect(
        sum(({ mischief }) => mischief[kind]),
        kind,
      ).toBeGreaterThan(0)
    for (const kind of ['disconnect', 'drop', 'forget', 'outdated', 'restart low', 'restart high'])
      expect(
        sum((report) => report.steps.get(`relay ${kind}`) ?? 0),
        kind,
      ).toBeGreaterThan(0)
    expect(sum(({ killed }) => killed)).toBeGreaterThan(0)
    expect(sum(({ events }) => events)).toBeGreaterThan(0)
  })

  test('the same seed does the same', async () => {
    const [one, two] = [
      await simulate({ seed: 'again', steps: 25 }),
      await simulate({ seed: 'again', steps: 25 }),
    ]
    // When an operator has to help depends on the event loop.
    const planned = ({ story }: SimulationReport) => story.filter((line) => !line.startsWith('reset cursor'))
    expect(planned(one)).toEqual(planned(two))
    expect(one.events).toBeGreaterThan(0)
  })
})

test.runIf(SEED !== undefined)(
  'one simulation again',
  () => {
    const faults = NAMES === undefined ? {} : { faults: NAMES.split(',') }
    return run('sqlite', { seed: String(SEED), kills: KILLS !== undefined, ...faults })
  },
  600_000,
)

function textOf(report: SimulationReport): string {
  const list = (map: ReadonlyMap<string, number>) => [...map].map(([k, n]) => `${k}×${n}`).join(' ')
  const { seed, lives, killed, events, records, mischief } = report
  return [
    `${seed}: ${events} events, ${records} records, ${lives} lives, ${killed} killed (${list(report.moments)})`,
    `  ${list(report.steps)} ${JSON.stringify(mischief)}`,
    `  ${list(report.faults)}`,
  ].join('\n')
}
