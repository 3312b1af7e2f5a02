import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches } from '../../test/support/dispatching.ts'
import { tellOdd } from '../../test/support/odd-story.ts'

/**
 * As `naive.test.ts`, on tables that do more than hold rows: constraints, generated columns, triggers, cascades, views,
 * made up anew for each seed. `SEED=4,5` for others; thousands run in test/soak.
 */
afterAll(closeBenches)

const SEEDS = process.env.SEED?.split(',') ?? ['1', '2', '3', '4']

describe.each(DIALECTS)('on $name', (dialect) => {
  test.each(SEEDS)('odd tables hold the same after batches as one by one (seed %s)', async (seed) => {
    const { batches, naive } = await tellOdd(dialect, seed, 25)
    expect(batches).toEqual(naive)
  })
})
