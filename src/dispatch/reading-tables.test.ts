import { sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { outcomeOf } from '../../test/support/batch-outcome.ts'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches } from '../../test/support/dispatching.ts'

/** Tables that read others by themselves, or number their rows with others, find what one-by-one application would have written. */
afterAll(closeBenches)

const POSTGRES = DIALECTS.filter(({ name }) => name !== 'sqlite')
const tally = 'create table tally (id text primary key, n integer)'
const counting = (name: string, how: string) =>
  `create or replace function ${name}(x text) returns integer language sql ${how} as 'select count(*)::int + length(x) - length(x) from tally'`
const seen = (n: number) =>
  Array.from({ length: n }, (_, i) => ({ id: `${i}`, n: i + 1 })).sort((a, b) => (a.id < b.id ? -1 : 1))

describe.each(POSTGRES)('on $name', (dialect) => {
  test.each([
    ['a default', 'volatile', "n integer default counted('')"],
    ['a default of a function that says it reads', 'stable', "n integer default counted('')"],
    ['a generated column', 'immutable', 'n integer generated always as (counted(id)) stored'],
  ])('%s that counts the rows of another table counts all written before', async (_, how, column) => {
    const tables = [tally, counting('counted', how), `create table item (id text primary key, ${column})`]
    const { rows, failed } = await outcomeOf(dialect, tables, 30, async (_, i) => {
      await _.rows.tally?.upsert({ id: `${i}`, n: i })
      await (i % 2 === 0
        ? _.rows.item?.upsert({ id: `${i}` })
        : _.tx
            .insertInto('item')
            .values({ id: `${i}` })
            .execute())
    })
    expect({ rows, failed }).toEqual({ rows: seen(30), failed: [] })
  })

  test('a check that looks into another table finds what is there by then, not more', async () => {
    const tables = [
      tally,
      counting('counted', 'volatile'),
      "create table item (id text primary key, n integer, check (counted('') <= n))",
    ]
    const { failed } = await outcomeOf(dialect, tables, 30, async ({ rows }, i) => {
      await rows.item?.insert({ id: `${i}`, n: i === 10 ? 0 : i })
      await rows.tally?.insert({ id: `${i}`, n: i })
    })
    expect(failed).toEqual([10])
  })

  test('a domain whose check looks into another table finds what is there by then, not more', async () => {
    const tables = [
      'drop domain if exists fresh_id cascade',
      tally,
      "create or replace function is_new(x text) returns boolean language plpgsql as 'begin return not exists (select 1 from tally where id = x); end'",
      'create domain fresh_id as text check (is_new(value))',
      'create table item (id fresh_id primary key, n integer)',
    ]
    const { rows, failed } = await outcomeOf(dialect, tables, 20, async ({ rows }, i) => {
      if (i === 7) await rows.tally?.upsert({ id: `${i}`, n: i })
      await rows.item?.upsert({ id: `${i}`, n: i + 1 })
      await rows.tally?.upsert({ id: `${i}`, n: i })
    })
    expect(failed).toEqual([7])
    expect(rows).toEqual(seen(20).filter(({ id }) => id !== '7'))
  })

  test('tables that share a sequence get its numbers in the order of the events', async () => {
    const tables = [
      'drop sequence if exists turn',
      'create sequence turn',
      "create table tally (id text primary key, n integer default nextval('turn'))",
      "create table item (id text primary key, n integer default nextval('turn'))",
    ]
    const { rows } = await outcomeOf(dialect, tables, 10, async ({ rows }, i) =>
      (i % 2 === 0 ? rows.item : rows.tally)?.upsert({ id: `${i}` }),
    )
    expect(rows).toEqual(seen(10).filter(({ n }) => n % 2 === 1))
  })

  test('a partition is the table it belongs to', async () => {
    const tables = [
      'create table item (id text primary key, n integer) partition by range (id)',
      "create table part partition of item for values from ('0') to ('a')",
    ]
    const { rows } = await outcomeOf(dialect, tables, 10, async ({ rows }, i) => {
      await rows.part?.upsert({ id: `${i}`, n: -1 })
      await rows.item?.upsert({ id: `${i}`, n: -2 })
      await rows.part?.upsert({ id: `${i}`, n: i + 1 })
    })
    expect(rows).toEqual(seen(10))
  })

  test('an upsert that takes what is not free yet fails, also where that is checked late', async () => {
    const tables = [
      'create table item (id text primary key, n integer unique deferrable)',
      ...Array.from({ length: 10 }, (_, i) => `insert into item values ('${i}', ${i})`),
    ]
    const { rows, failed } = await outcomeOf(dialect, tables, 10, ({ rows }, i) =>
      rows.item?.upsert({ id: `${i}`, n: i + 1 }),
    )
    expect(failed).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(rows).toContainEqual({ id: '9', n: 10 })
  })

  test('an upsert that takes away what others refer to fails, though a later one brings it back', async () => {
    const tables = [
      'create table item (id text unique, n integer primary key)',
      'create table part (id text primary key references item (id))',
      "insert into item values ('a', 1), ('b', 2)",
      "insert into part values ('a')",
    ]
    const { rows, failed } = await outcomeOf(dialect, tables, 2, ({ rows }, i) =>
      rows.item?.upsert({ id: i === 0 ? 'c' : 'a', n: i + 1 }),
    )
    expect(failed).toEqual([0, 1])
    expect(rows).toEqual([
      { id: 'a', n: 1 },
      { id: 'b', n: 2 },
    ])
  })

  test('a row whose parent comes with a later event fails, however late that is checked', async () => {
    const tables = [
      'create table part (id text primary key)',
      'create table item (id text primary key, n integer, p text references part (id) deferrable initially deferred)',
    ]
    const { rows, failed } = await outcomeOf(dialect, tables, 10, async ({ rows }, i) => {
      await rows.item?.upsert({ id: `${i}`, n: i + 1, p: i === 4 ? '5' : `${i}` })
      await rows.part?.upsert({ id: `${i}` })
    })
    expect(failed).toEqual([4])
    expect(rows.map(({ id }) => id)).toEqual(['0', '1', '2', '3', '5', '6', '7', '8', '9'])
  })

  test('what one handler puts off is put off for itself alone', async () => {
    const tables = [
      'create table item (id text primary key, n integer unique deferrable)',
      "insert into item values ('0', 0), ('1', 1), ('2', 2)",
    ]
    const { rows, failed } = await outcomeOf(dialect, tables, 2, async ({ tx }, i) => {
      if (i === 0) await sql`set constraints all deferred`.execute(tx)
      const [one, other] = i === 0 ? ['1', '2'] : ['0', '2']
      await sql`update item set n = ${i === 0 ? 2 : 1} where id = ${one}`.execute(tx)
      await sql`update item set n = ${i === 0 ? 1 : 0} where id = ${other}`.execute(tx)
    })
    expect(failed).toEqual([1])
    expect(rows).toEqual([
      { id: '0', n: 0 },
      { id: '1', n: 2 },
      { id: '2', n: 1 },
    ])
  })
})

/** The last row comes first in the table, where a merged update would find it first. */
const there = (more: string) => [
  `create table item (id text primary key, u integer${more})`,
  ...Array.from({ length: 20 }, (_, i) => `insert into item (id, u) values ('${19 - i}', ${19 - i})`),
]

describe.each(DIALECTS)('on $name', (dialect) => {
  test('updates of what a unique generated column is made of are made one after another', async () => {
    const tables = there(', g integer generated always as (u * 2) stored unique')
    const { failed } = await outcomeOf(dialect, tables, 20, ({ rows }, i) =>
      rows.item?.update({ id: `${i}` }, { u: i % 2 === 0 ? i + 1 : 100 + i }),
    )
    expect(failed).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  })

  test('updates of what a unique index asks of its rows are made one after another', async () => {
    const tables = [
      ...there(', on_top integer'),
      'update item set on_top = u % 2, u = u / 2',
      'create unique index one_on_top on item (u) where on_top = 1',
    ]
    // An even one wants to be on top while the odd one after it still is.
    const { failed } = await outcomeOf(dialect, tables, 20, ({ rows }, i) =>
      rows.item?.update({ id: `${i}` }, { on_top: 1 - (i % 2) }),
    )
    expect(failed).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  })
})
