import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Dispatcher } from '../../src/dispatch/dispatcher.ts'
import type { HandlerDefinition } from '../../src/dispatch/handler.ts'
import { tableEmptier } from '../../src/replay/fresh.ts'
import type { ReplayProgress, ReplayResult } from '../../src/replay/job.ts'
import { lastReplay, openReplay } from '../../src/replay/journal.ts'
import { finisher, giveUp, openFresh, schemaOf } from '../../src/replay/postgres/rebuild.ts'
import { workOff } from '../../src/replay/replayer.ts'
import { submitJob } from '../../src/replay/request.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import type { RowWriter } from '../../src/store/types.ts'
import { startNetwork } from '../../src/testing/index.ts'
import { expectTruth } from '../support/compare.ts'
import { DIALECTS, stopDatabases, type TestDialect } from '../support/databases.ts'
import { plainHandlers } from '../support/plain-handlers.ts'
import { jobOf, POLICY, registryOf } from '../support/replaying.ts'
import { quietObserver, runTap } from '../support/run-tap.ts'

/** Tables that are rebuilt from empty. */
const STATUS = 'xyz.statusphere.status'
const LIKE = 'app.bsky.feed.like'
const ALL = [STATUS, LIKE] as const
const observer = quietObserver()
const importModule = (file: string) => import(file) as Promise<object>
/** The migrations of the plain handlers, with a row and a table that no record makes. */
const folder = mkdtempSync(join(tmpdir(), 'lextap-fresh-'))
writeFileSync(
  join(folder, '0001_all.ts'),
  `import { up as plain } from '${join(process.cwd(), 'test/support/migrations/0001_plain.ts')}'
export async function up(db) {
  await plain(db)
  await db.schema.createTable('word').addColumn('word', 'text').execute()
  await db.insertInto('word').values({ word: 'born' }).execute()
  await db.schema.createTable('session').addColumn('token', 'text').execute()
}
`,
)
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await stopDatabases()
})

interface FreshOptions {
  readonly keep?: readonly string[]
  readonly keepOld?: boolean
  readonly migrations?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ReplayProgress) => void
}

/** What `lextap replay --fresh` does. */
async function rebuild(
  store: Store,
  url: string,
  definitions: readonly HandlerDefinition[],
  {
    keep = [],
    keepOld = false,
    migrations = folder,
    signal = new AbortController().signal,
    onProgress = () => {},
  }: FreshOptions = {},
): Promise<ReplayResult> {
  const job = jobOf(definitions, { fresh: { keep } })
  const open = await submitJob(store, job, { owner: 'test', restart: false })
  const registry = registryOf(definitions)
  const common = { observer, registry, policy: POLICY, records: 50 }
  const handling = { attempts: 3, timeoutMs: 20_000 }
  const dispatcherOn = (on: Store) => new Dispatcher({ ...common, store: on, handling, keepBodies: true })
  if (store.dialect !== 'postgres') {
    await using dispatcher = dispatcherOn(store)
    const empty = tableEmptier(store, { migrations, importModule })
    return await workOff(open, { ...common, store, dispatcher, empty }, signal, onProgress)
  }
  try {
    const options = { url, connections: 4, migrations, importModule, keepOld, observer }
    await using fresh = await openFresh(store, open.job, options)
    await using dispatcher = dispatcherOn(fresh)
    const deps = { ...common, store: fresh, dispatcher }
    const finish = finisher(deps, open.job, await schemaOf(store), keepOld)
    return await workOff(open, { ...deps, finish }, signal, onProgress)
  } catch (error) {
    if (!signal.aborted) await giveUp(store, open, error as Error)
    throw error
  }
}

async function filled(
  dialect: TestDialect,
  seed: string,
  migrations: string = folder,
  definitions: readonly HandlerDefinition[] = plainHandlers(ALL),
) {
  const network = await startNetwork({ seed: `${seed} ${dialect.name}`, clock: 'system' })
  for (let i = 0; i < 4; i++) network.createRepo({ records: 120, collections: ALL })
  const database = await dialect.fresh()
  const running = await runTap({ network, database: database.url, migrations, definitions })
  await running.tap.settled()
  const { store } = running.tap
  await store.db.run("insert into session values ('mine')")
  await store.db.run("insert into word values ('of mine')")
  const stop = async () => {
    await running.tap.stop()
    await network[Symbol.asyncDispose]()
  }
  return { network, database, running, store, [Symbol.asyncDispose]: stop }
}

const words = async (store: Store) => store.db.all<{ word: string }>('select word from word order by word')
const sources = async (store: Store) =>
  store.db.all<{ source: string; n: number }>(
    'select source, count(*) as n from seen group by source order by source',
  )

/** The same beside a tap that runs: on an embedded database nobody but the tap itself can do it. */
async function rebuildBeside(
  store: Store,
  url: string,
  definitions: readonly HandlerDefinition[],
  keep: readonly string[] = [],
): Promise<ReplayResult> {
  if (store.dialect === 'postgres') return rebuild(store, url, definitions, { keep })
  await submitJob(store, jobOf(definitions, { fresh: { keep } }), { owner: null, restart: false })
  while ((await openReplay(store)) !== null) await new Promise((resolve) => setTimeout(resolve, 20))
  return (await lastReplay(store)) as ReplayResult
}

describe.each(DIALECTS)('a fresh replay on $name', (dialect) => {
  test('has the rows of the records and of the migrations, and keeps the tables it was told to', async () => {
    await using t = await filled(dialect, 'fresh')
    const { network, database, running, store } = t
    const identities = await running.rows('identity_seen')
    await store.db.run('delete from rec where uri > $1', ['at://did:plc:m'])
    const result = await rebuildBeside(store, database.url, plainHandlers(ALL), ['session'])
    const truth = network.truth(ALL)
    expect(result).toMatchObject({ done: truth.size, letters: 0, error: null })
    await expectTruth(running, truth)
    expect(await sources(store)).toEqual([{ source: 'replay', n: truth.size }])
    expect(await words(store)).toEqual([{ word: 'born' }])
    expect(await store.db.all('select token from session')).toEqual([{ token: 'mine' }])
    expect((await running.rows('identity_seen')).map(({ did, pds }) => [did, pds])).toEqual(
      identities.map(({ did, pds }) => [did, pds]),
    )
  })

  test('stopped in the middle, it goes on', async () => {
    await using t = await filled(dialect, 'fresh resumed')
    const { network, database, running } = t
    await running.tap.stop()
    const abort = new AbortController()
    const again = await openStore(database.url, { observer, migrations: folder })
    const stopped = rebuild(again, database.url, plainHandlers(ALL), {
      signal: abort.signal,
      onProgress: ({ done }) => done > 0 && abort.abort(new Error('stopped')),
    })
    await expect(stopped).rejects.toThrow('stopped')
    const result = await rebuild(again, database.url, plainHandlers(ALL))
    expect(result).toMatchObject({ done: network.truth(ALL).size, letters: 0 })
    expect(await sources(again)).toEqual([{ source: 'replay', n: network.truth(ALL).size }])
    await again.close()
  })

  test('live traffic before, while and after: the rows are those of the network', async () => {
    await using t = await filled(dialect, 'fresh live')
    const { network, database, running, store } = t
    await network.waitForSubscribers(1)
    let over = false
    const traffic = async () => {
      for (let i = 0; !over || i < 40; i++) {
        for (const repo of network.repos) {
          const { rkey } = repo.create(STATUS, network.records.record(STATUS))
          if (i % 2 === 0) repo.delete(STATUS, rkey)
          const some = [...network.truth([LIKE]).keys()].find((uri) => uri.includes(repo.did))
          const old = some?.slice(some.lastIndexOf('/') + 1)
          if (old !== undefined && i % 3 === 0) repo.delete(LIKE, old)
          else if (old !== undefined) repo.update(LIKE, old, network.records.record(LIKE))
        }
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (i > 2000) throw new Error('the replay does not end')
      }
    }
    await Promise.all([
      traffic(),
      rebuildBeside(store, database.url, plainHandlers(ALL)).finally(() => {
        over = true
      }),
    ])
    await network.relayIdle()
    await running.tap.settled({ seq: network.relayStream.seq })
    await expectTruth(running, network.truth(ALL))
  })
})

describe('on Postgres', () => {
  const postgres = DIALECTS.find(({ name }) => name === 'postgres') as TestDialect

  test('grants are carried over, old tables are kept where asked, and what others made on them is named', async () => {
    await using t = await filled(postgres, 'foreign')
    const { network, database, running, store } = t
    const role = `reader_${Date.now()}`
    await store.db.run(`create role ${role}`)
    await store.db.run(`grant select on rec to ${role}`)
    await store.db.run('create view mine as select uri from rec')
    await expect(rebuild(store, database.url, plainHandlers(ALL))).rejects.toThrow(
      /these hang on tables that are to be replaced, and no migration makes them: view mine/,
    )
    // Nothing of the attempt is left.
    expect(await store.db.all("select 1 as one where to_regnamespace('lextap_fresh') is not null")).toEqual(
      [],
    )
    expect(await store.db.all("select 1 as one from pg_trigger where tgname = 'lextap_note'")).toEqual([])
    await store.db.run('drop view mine')
    await rebuild(store, database.url, plainHandlers(ALL), { keepOld: true })
    const can = await store.db.all<{ ok: boolean }>(`select has_table_privilege($1, 'rec', 'select') as ok`, [
      role,
    ])
    expect(can).toEqual([{ ok: true }])
    const [{ n } = { n: 0 }] = await store.db.all<{ n: number }>('select count(*) as n from lextap_old.rec')
    expect(n).toBe(network.truth(ALL).size)
    await expectTruth(running, network.truth(ALL))
  })

  /** The migrations above and a table with a type of its own that refers to another. */
  function moody(): string {
    const migrations = mkdtempSync(join(folder, 'moody-'))
    writeFileSync(
      join(migrations, '0001_all.ts'),
      `import { sql } from '${import.meta.resolve('kysely')}'
import { up as all } from '${join(folder, '0001_all.ts')}'
export async function up(db) {
  await all(db)
  await sql\`create type mood as enum ('good', 'bad')\`.execute(db)
  await sql\`create table moody (uri text primary key references rec (uri) on delete cascade, mood mood)\`.execute(db)
}
`,
    )
    return migrations
  }

  test('whoever runs beside the swap goes on writing, to columns of types that were replaced too', async () => {
    const migrations = moody()
    const definitions = plainHandlers(ALL).map((definition) =>
      definition.kind === 'record' ? withMood(definition) : definition,
    )
    await using t = await filled(postgres, 'moody', migrations, definitions)
    const { network, database, running, store } = t
    await network.waitForSubscribers(1)
    const life = async () => {
      for (let i = 0; i < 5; i++) {
        for (const repo of network.repos) repo.create(STATUS, network.records.record(STATUS))
        await network.relayIdle()
        await running.tap.settled({ seq: network.relayStream.seq })
      }
    }
    await life()
    await rebuild(store, database.url, definitions, { migrations })
    await life()
    expect(await store.db.all('select error from lextap_dead_letter')).toEqual([])
    expect(await running.rows('moody')).toHaveLength(network.truth(ALL).size)
    await expectTruth(running, network.truth(ALL))
  })

  test('a table that is kept while others refer to it is refused, and nothing of it is left', async () => {
    const migrations = moody()
    await using t = await filled(postgres, 'kept', migrations)
    const { database, store } = t
    await expect(
      rebuild(store, database.url, plainHandlers(ALL), { migrations, keep: ['rec'] }),
    ).rejects.toThrow(
      'table moody is rebuilt and refers to rec, which is kept; keep both: --keep-table moody',
    )
    expect(await store.db.all("select 1 as one where to_regnamespace('lextap_fresh') is not null")).toEqual(
      [],
    )
  })
})

function withMood(definition: HandlerDefinition & { kind: 'record' }): HandlerDefinition {
  const { put } = definition.handlers
  return {
    ...definition,
    handlers: {
      ...definition.handlers,
      async put(event, context) {
        await put?.(event, context)
        const { moody } = context.rows as Record<string, RowWriter>
        await moody?.upsert({ uri: event.uri, mood: 'good' })
      },
    },
  }
}
