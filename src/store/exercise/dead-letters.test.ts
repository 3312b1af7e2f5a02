import { describe, expect, test } from 'vitest'

import { cid, letter, onEachStore } from '../../../test/support/store-exercise.ts'

onEachStore('the resync buffer and dead letters', (on) => {
  const { repo } = on
  describe('the resync buffer', () => {
    test('gives frames back in order of arrival, page by page', async () => {
      const { id } = await repo()
      for (const n of [1, 2, 3]) {
        const pushed = await on.store.buffer.push(id, { seq: 2 ** 40 + n, rev: `3k${n}`, frame: cid(n) })
        expect(pushed).toBe('stored')
      }
      const [first, ...rest] = await on.store.buffer.list(id, 0, 10)
      expect(first).toMatchObject({ seq: 2 ** 40 + 1, rev: '3k1' })
      expect([...(first?.frame ?? [])]).toEqual([...cid(1)])
      expect(await on.store.buffer.list(id, first?.id ?? 0, 10)).toEqual(rest)
    })

    test('F5: what the fetched repo contains is dropped, the rest stays', async () => {
      const { id } = await repo()
      for (const rev of ['3ka', '3kb', '3kc']) await on.store.buffer.push(id, { seq: 1, rev, frame: cid(1) })
      expect(await on.store.buffer.dropThrough(id, '3kb')).toBe(2)
      expect((await on.store.buffer.list(id, 0, 10)).map((row) => row.rev)).toEqual(['3kc'])
      expect(await on.store.buffer.clear(id)).toBe(1)
      expect(await on.store.buffer.list(id, 0, 10)).toEqual([])
    })

    test('counts what waits', async () => {
      const before = await on.store.buffer.counts()
      const { id } = await repo()
      await on.store.buffer.push(id, { seq: 1, rev: 'a', frame: cid(1) })
      await on.store.buffer.push(id, { seq: 2, rev: 'b', frame: cid(1) })
      const { repos, frames, bytes } = await on.store.buffer.counts()
      expect([repos - before.repos, frames - before.frames, bytes - before.bytes]).toEqual([1, 2, 72])
    })
  })

  describe('dead letters', () => {
    test('are read back as they were written, newest first', async () => {
      const row = await repo()
      const written = { ...letter(row), error: 'Error: a\n  at b "c" \\ {d}', issues: '[{"path":["a"]}]' }
      await on.store.transaction((tx) =>
        on.store.deadLetters.add(tx, [written, { ...letter(row), rkey: 'second' }]),
      )
      const [second, first] = await on.store.deadLetters.list({ did: row.did })
      expect(second?.rkey).toBe('second')
      expect(first).toMatchObject({
        uri: `at://${row.did}/a.b.c/r`,
        kind: 'handler',
        error: written.error,
        issues: written.issues,
        attempts: 1,
      })
      expect([...(first?.body ?? [])]).toEqual([...cid(4)])
      expect(Math.abs((first?.createdAt ?? 0) - Date.now())).toBeLessThan(60_000)
      expect(await on.store.deadLetters.get(first?.id ?? 0)).toEqual(first)
      expect(await on.store.deadLetters.list({ did: row.did, before: second?.id ?? 0 })).toEqual([first])
      expect(await on.store.deadLetters.list({ did: row.did, kind: 'invalid' })).toEqual([])
      expect(await on.store.deadLetters.list({ did: row.did, collection: 'a.b.c', limit: 1 })).toEqual([
        second,
      ])
    })

    test('one path has one letter, the newest failure, with the first time kept', async () => {
      const row = await repo()
      await on.store.transaction((tx) => on.store.deadLetters.add(tx, [letter(row)]))
      const [before] = await on.store.deadLetters.list({ did: row.did })
      const again = { ...letter(row), kind: 'invalid', rev: '3kz', attempts: 3 } as const
      await on.store.transaction((tx) => on.store.deadLetters.add(tx, [again]))
      expect(await on.store.deadLetters.list({ did: row.did })).toMatchObject([
        { id: before?.id, kind: 'invalid', rev: '3kz', attempts: 3, createdAt: before?.createdAt },
      ])
    })

    test('are superseded by path, and dropped one by one', async () => {
      const row = await repo()
      await on.store.transaction((tx) =>
        on.store.deadLetters.add(tx, [letter(row), { ...letter(row), rkey: 'other' }]),
      )
      const paths = await on.store.transaction((tx) => on.store.deadLetters.pathsOf(tx, [row.id]))
      expect([...paths.keys()].sort()).toEqual([`${row.id}/a.b.c/other`, `${row.id}/a.b.c/r`])
      const at = { repoId: row.id, collection: 'a.b.c' }
      await on.store.transaction((tx) =>
        on.store.deadLetters.supersede(tx, [
          { ...at, rkey: 'r' },
          { ...at, rkey: 'x' },
        ]),
      )
      const [left, ...none] = await on.store.deadLetters.list({ did: row.did })
      expect([left?.rkey, none]).toEqual(['other', []])
      expect(await on.store.deadLetters.drop(left?.id ?? 0)).toBe(true)
      expect(await on.store.deadLetters.drop(left?.id ?? 0)).toBe(false)
    })
  })
})
