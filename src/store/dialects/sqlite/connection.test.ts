import { getHeapSpaceStatistics } from 'node:v8'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { listener } from '../../../../test/support/observer.ts'
import { openStore } from '../../open.ts'

const open = () => openStore('sqlite::memory:', { observer: listener() })

const oldSpace = () =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? Number.NaN

test('reading rows leaves nothing in the old space of V8, where the objects of node:sqlite leave 72 bytes a row', async () => {
  await using store = await open()
  const numbers =
    'with recursive n(i) as (select 1 union all select i + 1 from n limit $1) select i, i + 1 as next from n'
  const before = oldSpace()
  let rows = 0
  for (let i = 0; i < 100; i++) rows += (await store.db.all(numbers, [1000])).length
  expect(rows).toBe(100_000)
  expect(oldSpace() - before).toBeLessThan(rows * 36)
})

test('rows are objects like any other', async () => {
  await using store = await open()
  expect(await store.db.all('select $1 as one, $2 as two', [1, 'x'])).toStrictEqual([{ one: 1, two: 'x' }])
  const { rows } = await sql`select 1 as one, 'x' as two`.execute(store.db.kysely)
  expect(rows).toStrictEqual([{ one: 1, two: 'x' }])
})

test('a query for all columns sees those that came meanwhile, and their new names', async () => {
  await using store = await open()
  const { kysely } = store.db
  await sql`create table t (a text)`.execute(kysely)
  await sql`insert into t values ('x')`.execute(kysely)
  const all = async () => (await sql`select * from t`.execute(kysely)).rows
  expect(await all()).toStrictEqual([{ a: 'x' }])
  await sql`alter table t add column b text`.execute(kysely)
  expect(await all()).toStrictEqual([{ a: 'x', b: null }])
  await sql`alter table t rename column a to c`.execute(kysely)
  expect(await all()).toStrictEqual([{ c: 'x', b: null }])
  const { rows } = await sql`update t set b = 'y' returning *`.execute(kysely)
  expect(rows).toStrictEqual([{ c: 'x', b: 'y' }])
})

test('of two columns of one name the last counts, and no name is special', async () => {
  await using store = await open()
  const { rows } = await sql`select 1 as n, 2 as n, 'x' as "__proto__"`.execute(store.db.kysely)
  expect(Object.entries(rows[0] ?? {})).toEqual([
    ['n', 2],
    ['__proto__', 'x'],
  ])
})

test('streamed rows are the same', async () => {
  await using store = await open()
  const { kysely } = store.db
  await store.meta.set('a', '1')
  await store.meta.set('b', '2')
  const query = kysely.selectFrom('lextap_meta' as never).where('key' as never, 'in', ['a', 'b'] as never)
  for (const texts of [query.selectAll(), query.select(['key', 'value'] as never)]) {
    const rows: unknown[] = []
    for await (const row of texts.stream()) rows.push(row)
    expect(rows).toStrictEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '2' },
    ])
  }
})
