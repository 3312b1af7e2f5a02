import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { outcomeOf } from '../../test/support/batch-outcome.ts'
import { DIALECTS, type TestDialect } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, type TestHandlers, unit } from '../../test/support/dispatching.ts'

/** Writes of neighbouring events that must not share a statement, or not in any order. */
afterAll(closeBenches)

// biome-ignore lint/suspicious/noExplicitAny: what Kysely's builders call back with
type Loose = any
const NOTE = 'app.test.note'
const postgres = DIALECTS.find(({ name }) => name === 'postgres') as TestDialect
type Writers = Parameters<NonNullable<TestHandlers['put']>>[1]['rows']

/** What the table holds, and which records failed, after `n` events of one batch. */
async function outcome(
  dialect: TestDialect,
  name: string,
  tables: readonly string[],
  n: number,
  write: (rows: Writers, i: number) => Promise<void> | undefined,
) {
  const handler = on(NOTE, { put: async ({ rkey }, { rows }) => write(rows, Number(rkey)) })
  await using bench = await openBench(dialect, [handler], {
    tables,
    handling: { attempts: 1, timeoutMs: 20_000 },
  })
  const ops = Array.from({ length: n }, (_, i) => put(NOTE, `${i}`, {}))
  await bench.dispatcher.submit(unit(await bench.repo(), ops, { source: 'backfill' }))
  const failed = await bench.store.db.all<{ rkey: string }>(
    'select rkey from lextap_dead_letter order by rkey',
  )
  return { rows: await bench.rows(name), failed: failed.map(({ rkey }) => rkey) }
}

test.each([
  ['uuid', 'aaaaaaaa-0000-0000-0000-000000000000', 'AAAAAAAA-0000-0000-0000-000000000000'],
  ['timestamptz', '1970-01-01T00:00:00Z', '1970-01-01 01:00:00+01'],
  ['numeric', '1', '1.0'],
])('the last update counts where a key of type %s is spelled in two ways', async (type, one, other) => {
  const tables = [
    `create table by_${type} (k ${type} primary key, v text)`,
    `insert into by_${type} values ('${one}', 'born')`,
  ]
  const { rows } = await outcome(postgres, `by_${type}`, tables, 6, (rows, i) =>
    rows[`by_${type}`]?.update({ k: i % 2 === 0 ? one : other }, { v: `${i}` }),
  )
  expect(rows).toMatchObject([{ v: '5' }])
})

test.each(DIALECTS)(
  'a row that refers to one that comes later fails, and only that on $name',
  async (dialect) => {
    const tables = ['create table later (k text primary key, p text references later (k))']
    const { rows, failed } = await outcome(dialect, 'later', tables, 3, (rows, i) =>
      rows.later?.insert({ k: `${i}`, p: i === 0 ? '1' : null }),
    )
    expect(failed).toEqual(['0'])
    expect(rows).toEqual([
      { k: '1', p: null },
      { k: '2', p: null },
    ])
  },
)

test.each(DIALECTS)('a row that others of its table refer to stays on $name', async (dialect) => {
  const tables = [
    'create table tree (k text primary key, p text references tree (k))',
    "insert into tree values ('0', null), ('1', '0')",
  ]
  const { rows, failed } = await outcome(dialect, 'tree', tables, 2, (rows, i) =>
    rows.tree?.delete({ k: `${i}` }),
  )
  expect({ rows, failed }).toEqual({ rows: [{ k: '0', p: null }], failed: ['0'] })
})

test('rows are found by a key that the database writes itself', async () => {
  const tables = [
    'create table counted (k integer generated always as identity primary key, v text)',
    "insert into counted (v) values ('a'), ('b')",
  ]
  const { rows, failed } = await outcome(postgres, 'counted', tables, 2, (rows, i) =>
    i === 0 ? rows.counted?.delete({ k: 1 }) : rows.counted?.update({ k: 2 }, { v: 'c' }),
  )
  expect({ rows, failed }).toEqual({ rows: [{ k: 2, v: 'c' }], failed: [] })
})

test.each(DIALECTS)('upserts of many rows find those that are there already on $name', async (dialect) => {
  const tables = [
    'create table met (k text primary key, v text, kept text)',
    "insert into met values ('7', 'old', 'mine'), ('150', 'old', 'mine')",
  ]
  const { rows, failed } = await outcome(dialect, 'met', tables, 200, (rows, i) =>
    rows.met?.upsert({ k: `${i}`, v: 'new' }),
  )
  const there = ['7', '150']
  const expected = Array.from({ length: 200 }, (_, i) => `${i}`).map((k) => ({
    k,
    v: 'new',
    kept: there.includes(k) ? 'mine' : null,
  }))
  expect(failed).toEqual([])
  expect(rows).toEqual(expected.toSorted((a, b) => (a.k < b.k ? -1 : 1)))
})

test.each(DIALECTS)(
  'of many upserts those that break another constraint fail, and only those, on $name',
  async (dialect) => {
    const tables = ['create table named (k text primary key, v text unique)']
    const { rows, failed } = await outcome(dialect, 'named', tables, 100, (rows, i) =>
      rows.named?.upsert({ k: `${i}`, v: i === 60 ? '3' : `${i}` }),
    )
    expect(failed).toEqual(['60'])
    expect(rows).toHaveLength(99)
  },
)

describe.each(DIALECTS)('on $name', (dialect) => {
  const tables = [
    'create table tally (id text primary key, n integer)',
    'create table item (id text primary key, n integer)',
  ]

  test('a query for a value of an insert reads what was written before', async () => {
    const { rows, failed } = await outcomeOf(dialect, tables, 3, async ({ tx, rows }, i) => {
      await rows.tally?.upsert({ id: `${i}`, n: i + 5 })
      await tx
        .insertInto('item')
        .values((e: Loose) => ({ id: `${i}`, n: e.selectFrom('tally').select('n').where('id', '=', `${i}`) }))
        .execute()
    })
    expect({ rows, failed }).toEqual({ rows: [0, 1, 2].map((i) => ({ id: `${i}`, n: i + 5 })), failed: [] })
  })

  test('raw SQL for a value of an insert reads what was written before', async () => {
    const { rows } = await outcomeOf(dialect, tables, 3, async ({ tx, rows }, i) => {
      await rows.tally?.upsert({ id: `${i}`, n: 1 })
      const n = sql`(select count(*) from tally)`
      await tx
        .insertInto('item')
        .values({ id: `${i}`, n })
        .execute()
    })
    expect(rows).toEqual([0, 1, 2].map((i) => ({ id: `${i}`, n: i + 1 })))
  })

  test('a query for the update of an upsert reads what was written before', async () => {
    const there = [...tables, "insert into item values ('0', 0), ('1', 0)"]
    const { rows } = await outcomeOf(dialect, there, 2, async ({ tx }, i) => {
      await tx
        .insertInto('tally')
        .values({ id: `${i}`, n: 10 })
        .execute()
      const sum = (e: Loose) => ({ n: e.selectFrom('tally').select((f: Loose) => f.fn.sum('n').as('n')) })
      await tx
        .insertInto('item')
        .values({ id: `${i}`, n: 1 })
        .onConflict((o: Loose) => o.column('id').doUpdateSet(sum))
        .execute()
    })
    expect(rows).toEqual([
      { id: '0', n: 10 },
      { id: '1', n: 20 },
    ])
  })

  test('many upserts on what is not unique fail as one does', async () => {
    const loose = ['create table item (id text primary key, u text)']
    const { rows, failed } = await outcomeOf(dialect, loose, 30, ({ tx }, i) =>
      tx
        .insertInto('item')
        .values({ id: `${i}`, u: `${i}` })
        .onConflict((o: Loose) => o.column('u').doUpdateSet((e: Loose) => ({ u: e.ref('excluded.u') })))
        .execute(),
    )
    expect(rows).toEqual([])
    expect(failed).toHaveLength(30)
  })

  test('updates of what must differ are made one after another', async () => {
    const there = [
      'create table item (id text primary key, u integer unique)',
      ...Array.from({ length: 20 }, (_, i) => `insert into item values ('${i}', ${i})`),
    ]
    // An even one wants what the odd one after it has not given up yet.
    const { rows, failed } = await outcomeOf(dialect, there, 20, ({ rows }, i) =>
      (rows.item as Writers[string]).update({ id: `${i}` }, { u: i % 2 === 0 ? i + 1 : 100 + i }),
    )
    const expected = Array.from({ length: 20 }, (_, i) => ({ id: `${i}`, u: i % 2 === 0 ? i : 100 + i }))
    expect(failed).toHaveLength(10)
    expect(rows).toEqual(expected.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  })

  test('columns whose names hold commas are columns of their own', async () => {
    const odd = ['create table item (id text primary key, a text, b text, "a,b" text)']
    const { rows } = await outcomeOf(dialect, odd, 2, ({ rows }, i) =>
      (rows.item as Writers[string]).upsert(i === 0 ? { id: '0', a: 'A', b: 'B' } : { id: '1', 'a,b': 'AB' }),
    )
    expect(rows).toEqual([
      { id: '0', a: 'A', b: 'B', 'a,b': null },
      { id: '1', a: null, b: null, 'a,b': 'AB' },
    ])
  })
})

test('keys that are equal in spite of their spelling keep their order', async () => {
  const tables = [
    "create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
    'create table item (id text collate blind primary key, n integer)',
    "insert into item values ('a', 0)",
  ]
  const { rows } = await outcomeOf(postgres, tables, 4, ({ rows }, i) =>
    (rows.item as Writers[string]).update({ id: i % 2 === 0 ? 'A' : 'a' }, { n: i + 1 }),
  )
  expect(rows).toEqual([{ id: 'a', n: 4 }])
})
