import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, type TestDialect } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, unit } from '../../test/support/dispatching.ts'
import { pauseBefore } from './company.ts'

afterAll(closeBenches)

const ENDED = 1000
const company = { company: true, endedAt: ENDED }
const live = { live: true, works: 3 }

describe('the pause before a transaction', () => {
  test('live work in company waits until 4 ms after the last one', () => {
    expect(pauseBefore(company, live, ENDED)).toBe(4)
    expect(pauseBefore(company, live, ENDED + 3)).toBe(1)
    expect(pauseBefore(company, live, ENDED + 5)).toBeLessThanOrEqual(0)
  })

  test('what comes alone, is historical or enough does not wait', () => {
    expect(pauseBefore({ company: false, endedAt: ENDED }, live, ENDED)).toBe(0)
    expect(pauseBefore(company, { live: false, works: 3 }, ENDED)).toBe(0)
    expect(pauseBefore(company, { live: true, works: 128 }, ENDED)).toBe(0)
  })
})

test('closing does not wait for company, and loses nothing of it', async () => {
  const POST = 'app.test.post'
  const bench = await openBench(DIALECTS[0] as TestDialect, [on(POST, { put: () => {} })], { tables: [] })
  const repos = [await bench.repo(), await bench.repo(), await bench.repo()] as const
  const commit = (row: (typeof repos)[number]) => bench.dispatcher.submit(unit(row, [put(POST, 'a', {})]))
  await Promise.all([commit(repos[0]), commit(repos[1])])
  const last = commit(repos[2])
  await bench.dispatcher.close()
  expect(await last).toBe('applied')
})
