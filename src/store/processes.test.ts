import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from '../../test/support/databases.ts'
import { listener } from '../../test/support/observer.ts'
import { openStore } from './open.ts'
import { isAlone, isGone, isOnlyStore, ownName } from './processes.ts'

afterAll(stopDatabases)

const OTHER = 'lextap/another'

describe.each(DIALECTS)('processes on $name', ({ name, fresh }) => {
  test('are known by their connections where there is a server, and alone where there is none', async () => {
    await using database = await fresh()
    await using store = await openStore(database.url, { observer: listener() })
    const { reader } = store.db
    if (name !== 'postgres') {
      expect(await ownName(store, reader)).toBeNull()
      expect(await isAlone(store, reader)).toBe(true)
      expect(await isGone(store, reader, OTHER)).toBe(false)
      return
    }
    const other = new pg.Client({ connectionString: database.url, application_name: OTHER })
    await other.connect()
    expect(await isAlone(store, reader)).toBe(false)
    expect(await isGone(store, reader, OTHER)).toBe(false)
    await other.end()
    await expect.poll(() => isGone(store, reader, OTHER)).toBe(true)
    expect(await isAlone(store, reader)).toBe(true)
    expect(await isGone(store, reader, await ownName(store, reader))).toBe(false)
    expect(await isOnlyStore(store, reader)).toBe(true)
    await using second = await openStore(database.url, { observer: listener() })
    expect(await ownName(second, second.db.reader)).toBe(await ownName(store, reader))
    expect(await isAlone(store, reader)).toBe(true)
    expect(await isOnlyStore(store, reader)).toBe(false)
  })

  test.skipIf(name !== 'postgres')('that the URL gives one name cannot be told apart', async () => {
    await using database = await fresh()
    const named = new URL(database.url)
    named.searchParams.set('application_name', 'all of us')
    await using store = await openStore(named.href, { observer: listener() })
    expect(await ownName(store, store.db.reader)).toBe('all of us')
    expect(await isAlone(store, store.db.reader)).toBe(false)
    expect(await isGone(store, store.db.reader, 'all of us')).toBe(false)
  })
})
