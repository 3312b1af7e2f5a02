import { existsSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from '../../test/support/databases.ts'
import { listener } from '../../test/support/observer.ts'
import {
  describeSchema,
  dumpFile,
  kindOf,
  loadDump,
  readDump,
  tablesOf,
} from '../../test/support/released.ts'
import { decode } from '../protocol/cbor.ts'
import type { Database } from './database.ts'
import { openPglite } from './dialects/pglite/open.ts'
import { openPostgres } from './dialects/postgres/open.ts'
import { openSqlite } from './dialects/sqlite/open.ts'
import { SCHEMA_VERSION } from './migrate.ts'
import { openStore } from './open.ts'
import { parseDatabaseUrl } from './url.ts'

afterAll(stopDatabases)

const VERSIONS = Array.from({ length: SCHEMA_VERSION }, (_, i) => i + 1)
const [ALICE, BOB, CAROL] = [
  'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
  'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
  'did:web:carol.test',
] as const
const STATUS = 'xyz.statusphere.status'

/** The database alone, before lextap looks at it. */
function openBare(url: string): Promise<Database> {
  const parsed = parseDatabaseUrl(url)
  if (parsed.dialect === 'sqlite') return openSqlite(parsed.path, { readOnly: false })
  if (parsed.dialect === 'pglite') return openPglite(parsed.path)
  return openPostgres(parsed.url, { readOnly: false, connections: 2, searchPath: null })
}

test.each(VERSIONS)('schema %i has its dumps, with rows in every table', (version) => {
  for (const kind of ['sqlite', 'postgres'] as const) {
    const file = dumpFile(version, kind)
    const how = `the dump of schema ${version} is missing: see test/support/dump-schema.ts; file=${file}`
    expect(existsSync(file), how).toBe(true)
    const statements = readDump(version, kind)
    const filled = new Set(statements.map((text) => /^insert into (\w+)/.exec(text)?.[1]))
    expect(tablesOf(statements).filter((name) => !filled.has(name))).toEqual([])
    expect(statements.join()).toContain(`values ('schema', '${version}')`)
  }
})

describe.each(DIALECTS)('on $name', ({ name, fresh }) => {
  test.each(VERSIONS)(
    'a database of schema %i is brought up to date, and nothing in it is lost',
    async (version) => {
      await using database = await fresh()
      const bare = await openBare(database.url)
      await loadDump(bare, version)
      const tables = tablesOf(readDump(version, kindOf(name)))
      const count = (db: Database) =>
        Promise.all(tables.map(async (table) => (await db.all(`select * from ${table}`)).length))
      const before = await count(bare)
      await bare.close()

      await using store = await openStore(database.url, { observer: listener() })
      expect(await store.meta.get('schema')).toBe(String(SCHEMA_VERSION))
      await using empty = await fresh()
      await using born = await openStore(empty.url, { observer: listener() })
      expect(await describeSchema(store.db)).toEqual(await describeSchema(born.db))
      const marks = (await store.meta.list('commit/')).size
      expect((await count(store.db)).reduce((a, b) => a + b) - marks).toBe(before.reduce((a, b) => a + b))

      expect(await store.repos.get(ALICE)).toMatchObject({
        id: 1,
        state: 'active',
        handle: 'alice.test',
        run: 3,
        accountSeq: 17,
      })
      expect(await store.repos.get(BOB)).toMatchObject({
        state: 'error',
        retryCount: 4,
        error: 'the host does not answer',
      })
      expect(await store.repos.get(CAROL)).toMatchObject({
        standing: 'takendown',
        removal: 'delete',
        accountSeq: Number.MAX_SAFE_INTEGER,
      })
      expect(await store.records.countByCollection()).toEqual({ [STATUS]: 3, 'app.bsky.feed.post': 1 })
      const [body] = await store.db.all<{ body: Uint8Array }>(
        "select body from lextap_record where rkey = '3kaaaaaaaaaa2'",
      )
      expect(decode(body?.body ?? new Uint8Array())).toMatchObject({ $type: STATUS, status: "🦋 it's" })
      expect(await store.buffer.counts()).toEqual({ repos: 1, frames: 1, bytes: 4 })
      expect(await store.cursors.get('wss://relay.test', 'com.atproto.sync.subscribeRepos')).toBe('4711')
      expect((await store.deadLetters.list()).map(({ id, uri, attempts }) => [id, uri, attempts])).toEqual([
        [3, 'at://did:plc:cccccccccccccccccccccccc', 1],
        [1, `at://${ALICE}/${STATUS}/3kaaaaaaaaab2`, 3],
      ])
      expect(store.uncreated.any).toBe(true)
      expect(await store.meta.get('replay.known')).toContain('status xyz.statusphere.status')
      expect(await store.excluded.list({ limit: 9 })).toEqual(
        version < 2 ? [] : ['did:plc:eeeeeeeeeeeeeeeeeeeeeeee'],
      )
    },
  )

  test('a database of the first schema goes on counting where it was', async () => {
    await using database = await fresh()
    const bare = await openBare(database.url)
    await loadDump(bare, 1)
    await bare.close()
    await using store = await openStore(database.url, { observer: listener() })
    await store.repos.add(['did:plc:ffffffffffffffffffffffff'])
    expect((await store.repos.get('did:plc:ffffffffffffffffffffffff'))?.id).toBeGreaterThan(5)
    const event = { kind: 'emit', did: ALICE, live: true, name: 'n', body: '"type":"n"}' } as const
    await store.transaction((tx) => store.outbox.append(tx, [event]))
    const ids = await store.db.all<{ id: number }>('select id from lextap_outbox order by id')
    expect(ids.map(({ id }) => id).slice(0, 2)).toEqual([11, 12])
    expect(ids[2]?.id).toBeGreaterThan(12)
  })
})
