import { expect, test } from 'vitest'
import { Gatherer } from './gather.ts'
import type { Work } from './work.ts'

const work = (
  repoId: number,
  name: string,
  options: { live?: boolean; size?: number; apart?: boolean } = {},
): Work =>
  ({
    repoId,
    did: name,
    size: options.size ?? 1,
    live: options.live ?? true,
    apart: options.apart ?? false,
  }) as unknown as Work
const names = (batch: readonly Work[]) => batch.map(({ did }) => did)
const gatherer = (limits = {}) => new Gatherer({ maxWorks: 100, maxOps: 1000, ...limits })

test('work of many repos shares a batch, each repo in its order', () => {
  const gather = gatherer()
  for (const [repo, name] of [
    [1, 'a1'],
    [2, 'b1'],
    [1, 'a2'],
    [2, 'b2'],
  ] as const)
    gather.push(work(repo, name))
  expect(names(gather.take())).toEqual(['a1', 'a2', 'b1', 'b2'])
  expect(gather.take()).toEqual([])
  expect(gather.size).toBe(0)
})

test('a repo in a running batch waits until it is done', () => {
  const gather = gatherer()
  gather.push(work(1, 'a1'))
  const batch = gather.take()
  gather.push(work(1, 'a2'))
  gather.push(work(2, 'b1'))
  expect(names(gather.take())).toEqual(['b1'])
  expect(gather.hasReady).toBe(false)
  gather.done(batch)
  expect(names(gather.take())).toEqual(['a2'])
})

test('a batch ends at its limits, and one that is too big for any goes alone', () => {
  const gather = gatherer({ maxWorks: 2, maxOps: 10 })
  const sizes = [4, 4, 4, 7, 50, 1]
  for (const [n, size] of sizes.entries()) gather.push(work(n, `${n}`, { size }))
  const batches = []
  for (let batch = gather.take(); batch.length > 0; batch = gather.take()) batches.push(names(batch))
  expect(batches).toEqual([['0', '1'], ['2'], ['3'], ['4'], ['5']])
})

test('one repo with more than a batch goes on in the next, in order', () => {
  const gather = gatherer({ maxWorks: 2 })
  for (const name of ['1', '2', '3']) gather.push(work(1, name))
  const first = gather.take()
  expect(names(first)).toEqual(['1', '2'])
  expect(gather.take()).toEqual([])
  gather.done(first)
  expect(names(gather.take())).toEqual(['3'])
})

test('live work goes first, historical work gets every second turn', () => {
  const gather = gatherer({ maxWorks: 1 })
  for (let n = 0; n < 3; n++) {
    gather.push(work(n, `old${n}`, { live: false }))
    gather.push(work(10 + n, `live${n}`))
  }
  const order = []
  for (let batch = gather.take(); batch.length > 0; batch = gather.take()) order.push(...names(batch))
  expect(order).toEqual(['live0', 'old0', 'live1', 'old1', 'live2', 'old2'])
})

test('live work of a repo does not overtake its historical work', () => {
  const gather = gatherer()
  gather.push(work(1, 'chunk', { live: false }))
  gather.push(work(1, 'commit'))
  const first = gather.take()
  expect(names(first)).toEqual(['chunk'])
  expect(gather.take()).toEqual([])
  gather.done(first)
  expect(names(gather.take())).toEqual(['commit'])
})

test('chunks of one fetch may be in several batches; what comes after them waits for all', () => {
  const gather = gatherer({ maxWorks: 1 })
  const chunk = { live: false, apart: true }
  for (const name of ['c1', 'c2']) gather.push(work(1, name, chunk))
  gather.push(work(1, 'cut over', { live: false }))
  gather.push(work(1, 'c3', chunk))
  const [first, second] = [gather.take(), gather.take()]
  expect([names(first), names(second), gather.take()]).toEqual([['c1'], ['c2'], []])
  gather.done(first)
  expect(gather.take()).toEqual([])
  gather.done(second)
  const third = gather.take()
  expect([names(third), gather.take()]).toEqual([['cut over'], []])
  gather.done(third)
  expect(names(gather.take())).toEqual(['c3'])
})

test('a batch that holds more than chunks of a repo keeps its other chunks out', () => {
  const gather = gatherer({ maxWorks: 2 })
  gather.push(work(1, 'c1', { live: false, apart: true }))
  gather.push(work(1, 'deletes', { live: false }))
  gather.push(work(1, 'c2', { live: false, apart: true }))
  const first = gather.take()
  expect([names(first), gather.take()]).toEqual([['c1', 'deletes'], []])
  gather.done(first)
  expect(names(gather.take())).toEqual(['c2'])
})

test('a repo with nothing left is forgotten', () => {
  const gather = gatherer()
  for (let n = 0; n < 3; n++) {
    gather.push(work(1, 'c', { live: false, apart: n > 0 }))
    const batch = gather.take()
    expect(batch).toHaveLength(1)
    gather.done(batch)
  }
  expect([gather.size, gather.hasReady]).toEqual([0, false])
})

test('draining takes everything out', () => {
  const gather = gatherer()
  for (const repo of [1, 1, 2]) gather.push(work(repo, 'x'))
  expect(gather.drain()).toHaveLength(3)
  expect([gather.size, gather.hasReady, gather.take()]).toEqual([0, false, []])
})
