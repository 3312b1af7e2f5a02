import { afterAll, expect, test } from 'vitest'
import { DIALECTS } from '../support/databases.ts'
import { closeBenches } from '../support/dispatching.ts'
import { tellOdd } from '../support/odd-story.ts'

/**
 * Random handlers on odd tables, in batches and one by one, for `MINUTES` (default 30) or `ROUNDS`, whichever ends first.
 * Seeds follow from `SEED` (default: the time); `DATABASES=postgres,sqlite` for some only.
 */
const minutes = Number(process.env.MINUTES ?? 30)
const rounds = Number(process.env.ROUNDS ?? Number.POSITIVE_INFINITY)
const prefix = process.env.SEED ?? new Date().toISOString()
const names = process.env.DATABASES?.split(',')

afterAll(closeBenches)

test.each(DIALECTS.filter(({ name }) => names?.includes(name) ?? true))(
  'odd tables hold the same after batches as one by one on $name',
  async (dialect) => {
    const until = performance.now() + minutes * 60_000
    const failures: string[] = []
    let i = 0
    for (; i < rounds && performance.now() < until; i++) {
      const seed = `${prefix} ${i}`
      const { batches, naive } = await tellOdd(dialect, seed, i % 10 === 0 ? 150 : 25)
      try {
        expect(batches).toEqual(naive)
      } catch (error) {
        failures.push(seed)
        console.error(seed, error instanceof Error ? error.message : error)
      }
    }
    console.log(`${dialect.name}: ${i} stories, ${failures.length} failed`)
    expect(failures).toEqual([])
  },
)
