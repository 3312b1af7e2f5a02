import { expect, test } from 'vitest'
import { RepoFilter } from './repo-filter.ts'

const did = (n: number) => `did:plc:${n.toString(32).padStart(24, 'a')}`

test('a filter never misses what was added', () => {
  const filter = new RepoFilter()
  for (let n = 0; n < 200_000; n++) filter.add(did(n))
  for (let n = 0; n < 200_000; n++) if (!filter.has(did(n))) expect.unreachable(did(n))
})

test('a filter is rarely wrong about others', () => {
  const filter = new RepoFilter()
  for (let n = 0; n < 100_000; n++) filter.add(did(n))
  let wrong = 0
  for (let n = 1_000_000; n < 1_200_000; n++) if (filter.has(did(n))) wrong++
  // Expected: 200,000 × 100,000 / 2^32, about 5.
  // The seed is drawn anew each time: far above what chance gives, far below what a broken hash would.
  expect(wrong).toBeLessThan(300)
})

test('a filter takes about eight bytes a repo, and none for one it has', () => {
  const filter = new RepoFilter()
  for (let n = 0; n < 300_000; n++) filter.add(did(n))
  expect(filter.bytes / 300_000).toBeLessThan(11)
  const before = filter.bytes
  for (let round = 0; round < 3; round++) for (let n = 0; n < 300_000; n++) filter.add(did(n))
  expect(filter.bytes).toBe(before)
})

test('an empty filter has nothing', () => {
  expect(new RepoFilter().has(did(1))).toBe(false)
})
