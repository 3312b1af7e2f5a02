import { expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { openStore } from './open.ts'
import { ResyncBuffer } from './resync-buffer.ts'

const frame = (bytes: number) => new Uint8Array(bytes)

test.each([
  ['frames', { frames: 3, bytes: 1000 }, 1],
  ['bytes', { frames: 1000, bytes: 35 }, 10],
])('a repo with too many %s waiting is full until some are gone', async (_, limits, size) => {
  await using store = await openStore('sqlite::memory:', { observer: listener() })
  const buffer = new ResyncBuffer(store.db, limits)
  const push = (repoId: number, rev: string) => buffer.push(repoId, { seq: 1, rev, frame: frame(size) })
  for (const rev of ['a', 'b', 'c']) expect(await push(1, rev)).toBe('stored')
  expect(await push(1, 'd')).toBe('full')
  expect(await push(2, 'a')).toBe('stored')
  expect(await buffer.list(1, 0, 10)).toHaveLength(3)
  await buffer.dropThrough(1, 'a')
  expect(await push(1, 'd')).toBe('stored')
  expect(await push(1, 'e')).toBe('full')
})

test('what waited before a restart counts', async () => {
  await using store = await openStore('sqlite::memory:', { observer: listener() })
  const limits = { frames: 2, bytes: 1000 }
  const before = new ResyncBuffer(store.db, limits)
  for (const rev of ['a', 'b']) await before.push(1, { seq: 1, rev, frame: frame(1) })
  const after = new ResyncBuffer(store.db, limits)
  expect(await after.push(1, { seq: 1, rev: 'c', frame: frame(1) })).toBe('full')
})
