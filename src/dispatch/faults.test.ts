import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, startPostgres, stopDatabases } from '../../test/support/databases.ts'
import {
  benchOn,
  closeBenches,
  makeDispatcher,
  on,
  openBench,
  put,
  unit,
} from '../../test/support/dispatching.ts'
import { listener } from '../../test/support/observer.ts'
import type { Database, Transaction } from '../store/database.ts'
import { openStore } from '../store/open.ts'
import { Store } from '../store/store.ts'

/** P1: the database may fail at any moment; every effect is there once, and nothing becomes a dead letter for it. */
afterAll(closeBenches)
afterAll(stopDatabases)

const POST = 'app.test.post'
const tables = ['create table tally (id text primary key, n integer not null)']

/** Counts each event: one that is applied twice shows. */
const counting = on(POST, {
  async put({ uri }, { tx }) {
    await tx
      .insertInto('tally')
      .values({ id: uri, n: 1 })
      .onConflict((c) => c.column('id').doUpdateSet((e) => ({ n: e('tally.n', '+', 1) })))
      .execute()
  },
})
const ops = (n: number) => Array.from({ length: n }, (_, i) => put(POST, `r${i}`, { text: `${i}` }))

const busy = () =>
  Object.assign(new Error('injected'), { code: 'ERR_SQLITE_ERROR', errcode: 5, severity: 'ERROR' })
const lost = () => Object.assign(new Error('Connection terminated unexpectedly'), {})

type Moment = 'begin' | 'index' | 'savepoint' | 'release' | 'before commit'

/** Fails the first time each of the moments comes. */
class FaultyDatabase {
  readonly left: Set<Moment>
  constructor(moments: readonly Moment[]) {
    this.left = new Set(moments)
  }
  wrap(db: Database): Database {
    const fail = (moment: Moment) => {
      if (this.left.delete(moment)) throw db.dialect === 'sqlite' ? busy() : lost()
    }
    const wrapTx = (tx: Transaction): Transaction =>
      new Proxy(tx, {
        get(target, name) {
          const value = Reflect.get(target, name, target)
          if (typeof value !== 'function') return value
          if (name === 'userSide') return value.bind(target)
          return async (...args: unknown[]) => {
            if (name === 'savepoint') fail('savepoint')
            if (name === 'releaseSavepoint') fail('release')
            if (name === 'insertMany') fail('index')
            return value.apply(target, args)
          }
        },
      })
    return new Proxy(db, {
      get(target, name) {
        if (name === 'transaction') {
          return async (fn: (tx: Transaction) => Promise<unknown>) => {
            fail('begin')
            return target.transaction(async (tx) => {
              const result = await fn(wrapTx(tx))
              fail('before commit')
              return result
            })
          }
        }
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

describe.each(DIALECTS)('a fault of $name', (dialect) => {
  test.each<Moment>(['begin', 'savepoint', 'index', 'before commit'])('at the moment: %s', async (moment) => {
    await using bench = await openBench(dialect, [counting], { tables })
    const faulty = new FaultyDatabase([moment])
    const store = new Store(faulty.wrap(bench.store.db), {
      ...{ guest: false, url: '' },
      release: () => {},
      leave: () => {},
    })
    await store.load()
    await using dispatcher = makeDispatcher(store, [counting], bench.observer, {})
    const repo = await bench.repo()
    const commit = unit(repo, ops(10), { guard: { rev: null }, patch: { rev: '3kb' } })
    expect(await dispatcher.submit(commit)).toBe('applied')
    expect(faulty.left.size).toBe(0)
    const rows = await bench.rows('tally')
    expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([10, new Set([1])])
    expect(await bench.store.deadLetters.list()).toEqual([])
    expect(
      bench.observer.lines.filter((line) => line.msg === 'the database failed; trying the batch again'),
    ).toHaveLength(1)
  })
})

/** Makes the disk full, as far as the database can tell. Resolves to the function that makes room again. */
async function fillDisk({ db, dialect }: Store): Promise<() => Promise<unknown>> {
  if (dialect === 'sqlite') {
    const [row] = await db.all<{ page_count: number }>('pragma page_count')
    await db.all(`pragma max_page_count = ${row?.page_count}`)
    return () => db.all('pragma max_page_count = 1000000')
  }
  await db.run(`create function full_disk() returns trigger language plpgsql as
    $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$`)
  await db.run('create trigger full_disk before insert on lextap_record execute function full_disk()')
  return () => db.run('drop function full_disk() cascade')
}

describe.each(DIALECTS)('a full disk of $name', (dialect) => {
  test('holds the batch up until there is room: nothing lost, nothing twice', async () => {
    await using bench = await openBench(dialect, [counting], { tables })
    const repo = await bench.repo()
    const makeRoom = await fillDisk(bench.store)
    const large = Array.from({ length: 200 }, (_, i) => put(POST, `r${i}`, { text: 'x'.repeat(300) }))
    const commit = unit(repo, large, { guard: { rev: null }, patch: { rev: '3kb' } })
    const applied = bench.dispatcher.submit(commit)
    const failures = () => bench.observer.lines.filter((line) => line.fault === 'space').length
    await expect.poll(failures).toBeGreaterThan(1)
    await makeRoom()
    expect(await applied).toBe('applied')
    const rows = await bench.rows('tally')
    expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([200, new Set([1])])
    expect(await bench.store.deadLetters.list()).toEqual([])
  })
})

test.each(DIALECTS)('who stops does not wait for a full disk of $name for ever', async (dialect) => {
  await using bench = await openBench(dialect, [counting], { tables })
  const repo = await bench.repo()
  const makeRoom = await fillDisk(bench.store)
  const large = Array.from({ length: 200 }, (_, i) => put(POST, `r${i}`, { text: 'x'.repeat(3000) }))
  const applied = bench.dispatcher.submit(unit(repo, large, { patch: { rev: '3kb' } }))
  const told = expect(applied).rejects.toMatchObject({ code: 'stopping', retry: true })
  await expect.poll(() => bench.observer.lines.some((line) => line.fault === 'space')).toBe(true)
  bench.dispatcher.leave(1)
  await told
  await makeRoom()
  expect(await bench.rows('tally')).toEqual([])
})

/** Passes bytes on, and can lose a commit, or the server's answer to one. */
async function unreliable(port: number) {
  let loseCommit: 'answer' | 'commit' | null = null
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    let deaf = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => {
      if (loseCommit !== null && bytes.includes('commit\0')) {
        deaf = loseCommit === 'answer'
        loseCommit = null
        if (!deaf) return client.destroy()
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      // By the time the server answers it has committed; nobody hears of it.
      if (deaf) client.destroy()
      else client.write(bytes)
    })
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    /** The next one; a connection sends its first two as text. */
    lose: (what: 'answer' | 'commit') => {
      loseCommit = what
    },
    get lost() {
      return loseCommit === null
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** Ends all connections of ours, so that whoever commits next does so on a new one. */
async function renew(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'lextap/%'",
  )
  await client.end()
}

describe('Postgres', () => {
  test('a connection killed in the middle of a batch: the batch runs again, once', async () => {
    let kill: (() => Promise<unknown>) | null = null
    const killing = on(POST, {
      async put(event, ctx) {
        await (counting as { handlers: { put(e: unknown, c: unknown): Promise<void> } }).handlers.put(
          event,
          ctx,
        )
        if (event.rkey === 'r5' && kill !== null) {
          const now = kill
          kill = null
          await now()
          await ctx.tx.selectFrom('tally').selectAll().execute()
        }
      },
    })
    const [, , postgres] = DIALECTS
    if (postgres === undefined) throw new Error('no Postgres')
    await using bench = await openBench(postgres, [killing], { tables })
    kill = () =>
      bench.store.db.all(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'idle in transaction'",
      )
    const repos = [await bench.repo(), await bench.repo()]
    const outcomes = await Promise.all(
      repos.map((repo) =>
        bench.dispatcher.submit(unit(repo, ops(10), { guard: { rev: null }, patch: { rev: '3kb' } })),
      ),
    )
    expect(outcomes).toEqual(['applied', 'applied'])
    const rows = await bench.rows('tally')
    expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([20, new Set([1])])
    expect(await bench.store.deadLetters.list()).toEqual([])
  })

  test('a commit whose answer is lost has happened once', async () => {
    const server = await startPostgres()
    await using database = await server.create()
    const proxy = await unreliable(Number(new URL(database.url).port))
    try {
      const url = new URL(database.url)
      url.port = String(proxy.port)
      const observer = listener()
      await using store = await openStore(url.href, { observer, connections: 2 })
      await using bench = await benchOn(store, observer, [counting], { tables })
      const repo = await bench.repo()
      await renew(database.url)
      proxy.lose('answer')
      // Fresh and unguarded: nothing but the asking keeps it from being applied again.
      const chunk = unit(repo, ops(10), { mode: 'diff', fresh: true, source: 'backfill' })
      expect(await bench.dispatcher.submit(chunk)).toBe('applied')
      expect(proxy.lost).toBe(true)
      const rows = await bench.rows('tally')
      expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([10, new Set([1])])
    } finally {
      proxy.close()
      await server.stop()
    }
  })

  test('a commit that was lost is not taken for one that had its number', async () => {
    const server = await startPostgres()
    await using database = await server.create()
    await using setup = await openStore(database.url, { observer: listener() })
    // As after a crash, when the server gives out numbers again that it has forgotten.
    await setup.db.run('create schema reused')
    await setup.db.run(
      "create function reused.pg_xact_status(xid8) returns text language sql as $$ select 'committed' $$",
    )
    const proxy = await unreliable(Number(new URL(database.url).port))
    try {
      const url = new URL(database.url)
      url.port = String(proxy.port)
      url.searchParams.set('options', '-c search_path=reused,pg_catalog,public')
      const observer = listener()
      await using store = await openStore(url.href, { observer, connections: 2 })
      await using bench = await benchOn(store, observer, [counting], { tables: [] })
      await setup.db.run(tables[0] ?? '')
      const repo = await bench.repo()
      await renew(database.url)
      proxy.lose('commit')
      const chunk = unit(repo, ops(10), { mode: 'diff', fresh: true, source: 'backfill' })
      expect(await bench.dispatcher.submit(chunk)).toBe('applied')
      expect(proxy.lost).toBe(true)
      const rows = await bench.rows('tally')
      expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([10, new Set([1])])
    } finally {
      proxy.close()
      await server.stop()
    }
  })

  test('the server goes away and comes back: statements and batches wait for it', async () => {
    const server = await startPostgres()
    await using database = await server.create()
    const proxy = await unreliable(Number(new URL(database.url).port))
    const url = new URL(database.url)
    url.port = String(proxy.port)
    const observer = listener()
    await using store = await openStore(url.href, { observer })
    await using bench = await benchOn(store, observer, [counting], { tables })
    const repo = await bench.repo()
    proxy.close()
    store.repos.forget(repo.did)
    const waiting = Promise.all([bench.dispatcher.submit(unit(repo, ops(3))), store.repos.get(repo.did)])
    await expect
      .poll(() => observer.lines.filter((line) => String(line.msg).startsWith('the database failed')).length)
      .toBeGreaterThan(3)
    const again = createServer((client) => {
      const upstream = connect(Number(new URL(database.url).port), '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const socket of [client, upstream]) socket.on('error', () => {})
    })
    again.listen(proxy.port, '127.0.0.1')
    expect(await waiting).toMatchObject(['applied', { did: repo.did }])
    expect(await bench.rows('tally')).toHaveLength(3)
    await bench.dispatcher.close()
    await store.close()
    again.close()
    await server.stop()
  })

  test('the server crashes in the middle of batches: all of them run again, once', async () => {
    const server = await startPostgres()
    try {
      await using database = await server.create()
      const observer = listener()
      await using store = await openStore(database.url, { observer })
      let crashes = 2
      const crashing = on(POST, {
        async put(event, ctx) {
          await (counting as { handlers: { put(e: unknown, c: unknown): Promise<void> } }).handlers.put(
            event,
            ctx,
          )
          if (event.rkey !== 'r25' || crashes === 0) return
          crashes--
          const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(ctx.tx)
          // A backend that dies takes the whole server with it; it recovers and comes back by itself.
          if (rows[0] === undefined) throw new Error('no pid')
          process.kill(rows[0].pid, 'SIGKILL')
          await ctx.tx.selectFrom('tally').selectAll().execute()
        },
      })
      await using bench = await benchOn(store, observer, [crashing], { tables, batch: { maxOps: 10 } })
      const fetched = await bench.repo()
      const live = await bench.repo()
      const chunk = (n: number) =>
        unit(fetched, ops(40).slice(n * 10, n * 10 + 10), { mode: 'diff', fresh: true, source: 'backfill' })
      const outcomes = await Promise.all([
        ...[0, 1, 2, 3].map((n) => bench.dispatcher.submit(chunk(n))),
        bench.dispatcher.submit(unit(live, ops(26), { guard: { rev: null }, patch: { rev: '3kb' } })),
      ])
      expect([new Set(outcomes), crashes]).toEqual([new Set(['applied']), 0])
      const rows = await bench.rows('tally')
      expect([rows.length, new Set(rows.map(({ n }) => n))]).toEqual([66, new Set([1])])
      expect([await store.records.count(), await store.deadLetters.list()]).toEqual([66, []])
    } finally {
      await server.stop()
    }
  })

  test('batches that lock the same rows in opposite order all get through', async () => {
    const [, , postgres] = DIALECTS
    if (postgres === undefined) throw new Error('no Postgres')
    const shared = on(POST, {
      async put({ record }, { tx }) {
        for (const id of record.text.split(' ')) {
          await tx
            .insertInto('tally')
            .values({ id, n: 1 })
            .onConflict((c) => c.column('id').doUpdateSet((e) => ({ n: e('tally.n', '+', 1) })))
            .execute()
          await tx.selectFrom('tally').selectAll().where('id', '=', id).execute()
        }
      },
    })
    await using bench = await openBench(postgres, [shared], { tables, batch: { maxWorks: 1 } })
    const work = []
    for (let n = 0; n < 12; n++) {
      const text = n % 2 === 0 ? 'a b c d' : 'd c b a'
      work.push(bench.dispatcher.submit(unit(await bench.repo(), [put(POST, 'r', { text, n })])))
    }
    expect(new Set(await Promise.all(work))).toEqual(new Set(['applied']))
    expect((await bench.rows('tally')).map(({ id, n }) => [id, n])).toEqual([
      ['a', 12],
      ['b', 12],
      ['c', 12],
      ['d', 12],
    ])
    expect(await bench.store.deadLetters.list()).toEqual([])
  })
})
