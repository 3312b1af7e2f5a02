import { Random } from '../../src/testing/random.ts'
import type { TestDialect } from './databases.ts'
import type { TestHandlers } from './dispatching.ts'
import { oddStep, oddSteps } from './odd-steps.ts'
import { oddities, oddTables } from './odd-tables.ts'
import { bothWays, type Outcome, type Step } from './one-by-one.ts'

/** A story of `units` units on odd tables, told in batches and one by one. */
export async function tellOdd(
  dialect: TestDialect,
  seed: string,
  units: number,
): Promise<{ batches: Outcome; naive: Outcome }> {
  const random = new Random(`odd ${seed}`)
  const odd = oddities(random, dialect.name)
  const calm = random.chance(0.5)
  const world = {
    tables: oddTables(odd, dialect.name),
    names: ['a', 'b', 'c', 'log', 'v'],
    steps: (from: Random, did: string) => oddSteps(from, did, calm, odd.blind),
    handlers: {
      async put({ did, rkey, record }, { tx, rows }) {
        for (const step of JSON.parse(record.text) as Step[]) await oddStep(step, tx, rows, `${did}/${rkey}`)
      },
      async delete({ did, rkey }, { tx, rows }) {
        await rows.a?.delete({ id: `${did}-k${rkey.charCodeAt(1) % 7}` })
        await tx
          .insertInto('log')
          .values({ who: did, what: `deleted ${rkey}` })
          .execute()
        if (!calm && rkey.startsWith('r7')) throw new Error('a delete that fails on purpose')
      },
    } satisfies TestHandlers,
  }
  // A batch handler is one call: what it puts off is looked at when it is done.
  return bothWays(dialect, world, random, { units, chunks: !odd.deferred && random.chance(0.5) })
}
