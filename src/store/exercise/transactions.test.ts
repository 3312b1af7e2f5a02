import { describe, expect, test } from 'vitest'
import { listener } from '../../../test/support/observer.ts'
import { onEachStore } from '../../../test/support/store-exercise.ts'
import { openStore } from '../open.ts'

onEachStore('meta, cursors and transactions', (on) => {
  const { fresh } = on
  describe('cursors and meta', () => {
    test('a cursor is what was set last, by source and kind', async () => {
      expect(await on.store.cursors.get('wss://a', 'x')).toBeNull()
      await on.store.cursors.set('wss://a', 'x', '1')
      await on.store.cursors.set('wss://a', 'x', '9007199254740991')
      await on.store.cursors.set('wss://a', 'y', '2')
      expect(await on.store.cursors.get('wss://a', 'x')).toBe('9007199254740991')
      expect(await on.store.cursors.get('wss://b', 'x')).toBeNull()
      await on.store.cursors.clear('wss://a', 'x')
      expect(await on.store.cursors.get('wss://a', 'x')).toBeNull()
      expect(await on.store.cursors.list()).toMatchObject([{ source: 'wss://a', kind: 'y', value: '2' }])
    })

    test('meta holds text by key', async () => {
      await on.store.meta.set('lexicons', 'abc')
      await on.store.meta.set('lexicons', 'def')
      expect(await on.store.meta.get('lexicons')).toBe('def')
      await on.store.meta.delete('lexicons')
      expect(await on.store.meta.get('lexicons')).toBeNull()
    })
  })

  describe('transactions', () => {
    test('what a transaction wrote is gone when it throws', async () => {
      const failed = on.store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('gone', '1')")
        throw new Error('no')
      })
      await expect(failed).rejects.toThrow('no')
      expect(await on.store.meta.get('gone')).toBeNull()
    })

    test('a transaction in which a statement failed does not commit, though nobody said so', async () => {
      const hidden = on.store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('hidden', '1')")
        await tx.run('insert into no_such_table values (1)').catch(() => {})
      })
      // SQLite undoes the statement alone; Postgres refuses to go on, and then the caller must hear of it.
      const outcome = await hidden.then(
        () => 'committed',
        () => 'refused',
      )
      expect((await on.store.meta.get('hidden')) === '1').toBe(outcome === 'committed')
    })

    test('a savepoint can be rolled back and the transaction goes on', async () => {
      await on.store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('before', '1')")
        await tx.savepoint()
        await tx.run("insert into lextap_meta (key, value) values ('inside', '1')")
        await expect(tx.run('insert into no_such_table values (1)')).rejects.toThrow()
        await tx.rollbackToSavepoint()
        await tx.savepoint()
        await tx.run("insert into lextap_meta (key, value) values ('after', '1')")
        await tx.releaseSavepoint()
      })
      expect(await on.store.meta.get('before')).toBe('1')
      expect(await on.store.meta.get('inside')).toBeNull()
      expect(await on.store.meta.get('after')).toBe('1')
    })

    test('readers see what is committed, not what is being written', async () => {
      let seen: Promise<string | null> = Promise.resolve(null)
      await on.store.transaction(async (tx) => {
        await tx.run("insert into lextap_meta (key, value) values ('unseen', '1')")
        seen = on.store.meta.get('unseen')
        // Where the database has one connection the reader waits for its turn; elsewhere it answers now.
        if (on.store.dialect !== 'pglite') expect(await seen).toBeNull()
      })
      await seen
      expect(await on.store.meta.get('unseen')).toBe('1')
    })

    test('many things at once get their turn', async () => {
      const work = Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0
          ? on.store.meta.set(`turn-${n}`, String(n))
          : on.store.transaction(async (tx) => {
              await tx.run('insert into lextap_meta (key, value) values ($1, $2)', [`turn-${n}`, String(n)])
            }),
      )
      await Promise.all(work)
      const rows = await on.store.db.all<{ n: number }>(
        "select count(*) as n from lextap_meta where key like 'turn-%'",
      )
      expect(rows[0]?.n).toBe(50)
    })
  })

  test('closing twice is fine', async () => {
    await using own = await fresh()
    const second = await openStore(own.url, { observer: listener() })
    await Promise.all([second.close(), second.close()])
    await second.close()
  })
})
