import { afterAll, expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from '../../test/support/databases.ts'
import { listener } from '../../test/support/observer.ts'
import { bodiesSize, databaseSize } from './bodies.ts'
import { openStore } from './open.ts'

afterAll(stopDatabases)

test.each(DIALECTS)('$name: how large the database is, your tables included', async ({ fresh }) => {
  await using database = await fresh()
  await using store = await openStore(database.url, { observer: listener() })
  const before = await databaseSize(store.db)
  expect(before).toBeGreaterThan(await bodiesSize(store.db))
  await store.db.run('create table mine (text text)')
  await store.db.run(`insert into mine values ('${'x'.repeat(500_000)}')`)
  // Postgres packs such a text; that the table is counted at all is what matters.
  expect(await databaseSize(store.db)).toBeGreaterThan(before)
})
