import { expect, test } from 'vitest'
import type { Estimate, SchedulerProgress } from '../backfill/progress.ts'
import { backfillText } from './backfill-line.ts'

const progress: SchedulerProgress = {
  ...{ fetching: 2, idle: 0, waiting: 0, done: 10, failed: 3, records: 100, bytes: 5000 },
  ...{ stuck: { hosts: 0, repos: 0 }, perSecond: null, mean: null },
}
const text = (left: Partial<Estimate>) =>
  backfillText({
    ...progress,
    left: {
      ...{ repos: 0, records: null, bytes: null, etaMs: null },
      ...{ waiting: { repos: 0, hosts: 0 }, failing: 0, ...left },
    },
  })

test.each([
  [{}, 'nothing to fetch'],
  [{ failing: 1 }, 'nothing to fetch now · 1 failed and waits to be tried again'],
  [{ repos: 5, failing: 2 }, '5 to fetch (2 now) · 2 failed and wait to be tried again'],
])('of %j is left: %s', (left, expected) => {
  expect(text(left)).toBe(expected)
})
