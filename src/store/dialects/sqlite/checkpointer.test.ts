import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listener } from '../../../../test/support/observer.ts'
import { openStore } from '../../open.ts'
import { restAfter } from './checkpointer.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lextap-checkpoint-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('the log is carried over while commits go on, and nothing is left of it after closing', async () => {
  const file = join(dir, 'app.db')
  await using store = await openStore(`sqlite:${file}`, { observer: listener() })
  const size = () => statSync(file).size
  const before = size()
  let n = 0
  await expect
    .poll(
      async () => {
        for (let i = 0; i < 50; i++) await store.meta.set(`key ${n++}`, 'x'.repeat(1000))
        return (
          size() > before && (await store.db.all<{ wal_autocheckpoint: number }>('pragma wal_autocheckpoint'))
        )
      },
      { timeout: 20_000, interval: 1 },
    )
    // The writer leaves the log alone once the thread has taken over.
    .toEqual([{ wal_autocheckpoint: 8000 }])
  await store.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
  await using again = await openStore(`sqlite:${file}`, { observer: listener() })
  expect(await again.meta.get(`key ${n - 1}`)).toHaveLength(1000)
})

test('one large transaction is reason enough for the thread: history comes in few', async () => {
  const file = join(dir, 'app.db')
  await using store = await openStore(`sqlite:${file}`, { observer: listener() })
  const rows = Array.from({ length: 6000 }, (_, i) => [`key ${i}`, 'x'])
  await store.db.insertMany(
    { table: 'lextap_meta', columns: { key: 'text', value: 'text' }, conflict: '' },
    rows,
  )
  await expect
    .poll(() => store.db.all('pragma wal_autocheckpoint'), { timeout: 20_000, interval: 5 })
    .toEqual([{ wal_autocheckpoint: 8000 }])
})

test.each([
  [0, 100],
  [10, 90],
  [25, 75],
  [50, 150],
  [100, 300],
  [2000, 300],
])('after a checkpoint of %i ms the thread rests for %i ms', (took, rest) => {
  expect(restAfter(took)).toBe(rest)
})

test('short commands start no thread', async () => {
  const file = join(dir, 'app.db')
  await using store = await openStore(`sqlite:${file}`, { observer: listener() })
  for (let i = 0; i < 20; i++) await store.meta.set(`key ${i}`, 'x')
  expect(await store.db.all('pragma wal_autocheckpoint')).toEqual([{ wal_autocheckpoint: 1000 }])
})
