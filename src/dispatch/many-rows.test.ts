import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { DIALECTS, type TestDialect } from '../../test/support/databases.ts'
import { closeBenches, on, openBench, put, type TestHandlers, unit } from '../../test/support/dispatching.ts'

/** Many rows of one table at once travel otherwise than one: what arrives must be the same. */
afterAll(closeBenches)

const NOTE = 'app.test.note'
const postgres = DIALECTS.find(({ name }) => name === 'postgres') as TestDialect
type Context = Parameters<NonNullable<TestHandlers['put']>>[1]

const ODD_TEXTS = [
  '',
  ' ',
  'a\tb',
  'a\nb',
  'a\r\nb\r',
  '\\',
  '\\N',
  '\\.',
  '\\n',
  'a\\',
  '\\\\x00',
  '\t',
  '\n',
  '"',
  "'; --",
  '{a,b}',
  'NULL',
  null,
  'é ü 日本 🦋',
  '\u2028\u0085\u0001\u001f\u007f',
  'x'.repeat(70_000),
]

const SQLITE_ITEM =
  'create table item (id text primary key, t text, n integer, big bigint, f real, flag integer, at text, j text, b blob)'
const ITEM =
  'create table item (id text primary key, t text, n integer, big bigint, f double precision, flag boolean, at timestamptz, j jsonb, b bytea)'

const at = <T>(values: readonly T[], i: number) => values[i % values.length] as T

function itemOf(i: number, sqlite: boolean) {
  const text = at(ODD_TEXTS, i)
  const json = at([null, { a: [1, 'b\t\\"'], c: null }, ['x\n'], '"text"', 5, true], i)
  return {
    id: `${String(i).padStart(3, '0')}${text?.slice(0, 20) ?? ''}`,
    t: text,
    n: at([0, -1, 2_147_483_647, null], i),
    big: at([9_007_199_254_740_991, -5, null], i),
    f: at([0.1, -1e300, 5e-324, null], i),
    flag: sqlite ? at([1, 0, null], i) : at([true, false, null], i),
    at: at(['2024-02-29T23:59:59.999Z', '0001-01-01T00:00:00Z', null], i),
    j: sqlite ? JSON.stringify(json) : json,
    b: at([Buffer.from([0, 9, 10, 13, 92, 255]), Buffer.alloc(0), null], i),
  }
}

/** The table after `count` events, `together` of them at once. */
async function stored(
  dialect: TestDialect,
  tables: readonly string[],
  count: number,
  together: number,
  write: (context: Context, i: number) => Promise<unknown> | undefined,
) {
  const handler = on(NOTE, { put: async ({ rkey }, context) => void (await write(context, Number(rkey))) })
  const handling = { attempts: 1, timeoutMs: 20_000 }
  await using bench = await openBench(dialect, [handler], { tables, handling })
  const repo = await bench.repo()
  for (let i = 0; i < count; i += together) {
    const ops = Array.from({ length: Math.min(together, count - i) }, (_, k) => put(NOTE, `${i + k}`, {}))
    await bench.dispatcher.submit(unit(repo, ops, { source: 'backfill' }))
  }
  const letters = await bench.store.db.all<{ rkey: string }>('select rkey from lextap_dead_letter')
  return { rows: await bench.rows('item'), failed: letters.map(({ rkey }) => rkey) }
}

const COUNT = ODD_TEXTS.length * 3

test.each(DIALECTS)(
  'odd values arrive the same in many rows at once as one by one on $name',
  async (dialect) => {
    const sqlite = dialect.name === 'sqlite'
    const tables = [sqlite ? SQLITE_ITEM : ITEM]
    const upsert = ({ rows }: Context, i: number) => rows.item?.upsert(itemOf(i, sqlite))
    const alone = await stored(dialect, tables, COUNT, 1, upsert)
    expect(alone.failed).toEqual([])
    expect(alone.rows).toHaveLength(COUNT)
    expect(await stored(dialect, tables, COUNT, COUNT, upsert)).toEqual(alone)
    const insert = ({ rows }: Context, i: number) => rows.item?.insert(itemOf(i, sqlite))
    expect(await stored(dialect, tables, COUNT, COUNT, insert)).toEqual(alone)
    const byKysely = ({ tx }: Context, i: number) => {
      const { j, ...rest } = itemOf(i, sqlite)
      // As `pg` wants JSON: its own conversion takes an array for one of Postgres.
      const row = { ...rest, j: JSON.stringify(j) }
      return tx.insertInto('item').values(row).execute()
    }
    expect(await stored(dialect, tables, COUNT, COUNT, byKysely)).toEqual(
      await stored(dialect, tables, COUNT, 1, byKysely),
    )
  },
)

test.each(DIALECTS)(
  'bytes that a handler uses again afterwards are stored as they were on $name',
  async (dialect) => {
    const tables = [
      `create table item (id text primary key, b ${dialect.name === 'sqlite' ? 'blob' : 'bytea'}, c text default 'd')`,
    ]
    const scratch = Buffer.alloc(4)
    const writes: ((context: Context, id: string) => Promise<unknown> | undefined)[] = [
      ({ rows }, id) => rows.item?.upsert({ id, b: scratch }),
      ({ rows }, id) => rows.item?.insert({ id, b: new Uint8Array(scratch.buffer, scratch.byteOffset, 4) }),
      ({ tx }, id) => tx.insertInto('item').values({ id, b: scratch }).execute(),
      ({ tx }, id) =>
        tx
          .insertInto('item')
          .values({ id, b: scratch })
          .onConflict((on) => on.column('id').doUpdateSet({ c: 'again' }))
          .execute(),
    ]
    const { rows, failed } = await stored(dialect, tables, 40, 40, async (context, i) => {
      scratch.writeUInt32BE(i)
      await at(writes, i)(context, String(i).padStart(2, '0'))
      scratch.fill(255)
    })
    expect(failed).toEqual([])
    expect(rows.map(({ b }) => Buffer.from(b as Uint8Array).readUInt32BE())).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
  },
)

test.each(DIALECTS)(
  'of many inserts those that break a rule fail, and only those, on $name',
  async (dialect) => {
    const tables = ['create table item (id text primary key, n integer not null check (n <> 30))']
    const outcome = await stored(dialect, tables, 80, 80, ({ rows }, i) =>
      rows.item?.insert({ id: i === 70 ? '3' : `${i}`, n: i === 50 ? null : i }),
    )
    expect(outcome.failed.toSorted()).toEqual(['30', '50', '70'])
    expect(outcome.rows).toHaveLength(77)
  },
)

test('types with a width refuse and round in many rows as in one', async () => {
  const tables = [
    'create table item (id text primary key, v varchar(3), c char(4), p numeric(5, 2), s timestamp(0), n smallint)',
  ]
  const row = (i: number) => ({
    id: `${String(i).padStart(2, '0')}`,
    v: at(['abc', 'a  ', i === 9 ? 'abcd' : 'ab', 'abc   '], i),
    c: at(['a', 'abcd', 'abcd  '], i),
    p: at(['1.005', '999.994', '-0.005', i === 22 ? '1000' : '0'], i),
    s: '2024-01-01 00:00:00.5',
    n: i === 31 ? 40_000 : i,
  })
  const write = ({ rows }: Context, i: number) => rows.item?.upsert(row(i))
  const together = await stored(postgres, tables, 40, 40, write)
  expect(together).toEqual(await stored(postgres, tables, 40, 1, write))
  expect(together.failed.length).toBeGreaterThan(0)
})

/** A database of somebody who is no superuser: row-level security holds for them. */
const asOwner: TestDialect = {
  name: 'postgres',
  async fresh() {
    const database = await postgres.fresh()
    const url = new URL(database.url)
    const role = `owner_${randomBytes(6).toString('hex')}`
    const admin = new pg.Client({ connectionString: database.url })
    await admin.connect()
    await admin.query(`create role ${role} login password 'secret'`)
    await admin.query(`alter database ${url.pathname.slice(1)} owner to ${role}`)
    await admin.query(`alter schema public owner to ${role}`)
    await admin.end()
    url.username = role
    return { url: url.href, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
  },
}

test('row-level security decides over many rows as over one', async () => {
  const tables = [
    'create table item (id text primary key, n integer)',
    'alter table item enable row level security',
    'alter table item force row level security',
    'create policy small on item using (true) with check (n < 50)',
  ]
  const write = ({ rows }: Context, i: number) => rows.item?.upsert({ id: `${i}`, n: i })
  const outcome = await stored(asOwner, tables, 60, 60, write)
  expect(outcome.failed.map(Number).toSorted((a, b) => a - b)).toEqual([
    50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
  ])
  expect(outcome.rows).toHaveLength(50)
})
