import {
  type CompiledQuery,
  DummyDriver,
  type InsertQueryNode,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely'
import { describe, expect, test } from 'vitest'
import { compileDelete, compileInsert, compileUpdate } from '../../row-statements.ts'
import { families, type TableInfo } from '../../tables.ts'
import type { UserDatabase } from '../../types.ts'
import { copyLines } from './copy-lines.ts'
import { FreshRows } from './fresh-rows.ts'
import { knownInsert, shapeOfRow } from './shapes.ts'
import { arrayLiteral, wireJson, wireValue } from './values.ts'
import { WriteBuffer } from './write-buffer.ts'

const table = (name: string, family: number, rest: Partial<TableInfo> = {}): TableInfo => ({
  name,
  columns: new Map([
    ['id', 'text'],
    ['n', 'integer'],
    ['tags', ''],
  ]),
  key: ['id'],
  unique: [['id']],
  distinct: new Set(['id']),
  late: new Set(),
  family,
  triggered: false,
  reads: false,
  ...rest,
})
const [post, like] = [table('post', 0), table('like', 1)]
const upsert = (of: TableInfo, columns = ['id', 'n']) =>
  shapeOfRow(compileInsert(of, 'postgres', 'upsert', columns, []))
const shapes = {
  post: upsert(post),
  like: upsert(like),
  drop: shapeOfRow(compileDelete(post, 'postgres', ['id'], [])),
  set: shapeOfRow(compileUpdate(post, 'postgres', ['n'], ['id'], [])),
}

function sent(fill: (buffer: WriteBuffer) => void): [string, unknown[]][] {
  const out: [string, unknown[]][] = []
  const buffer = new WriteBuffer(new FreshRows(), {
    send: (text, values) => void out.push([text.split(' ').slice(0, 3).join(' '), [...values]]),
    copy: null,
  })
  fill(buffer)
  buffer.flush()
  return out
}
const add = (buffer: WriteBuffer, name: keyof typeof shapes, ...row: string[]) => {
  const shape = shapes[name]
  if (shape === null) throw new Error(`${name} has no shape`)
  buffer.add(shape, row)
}

describe('many rows of one upsert', () => {
  test('are copied where that can be, the few of a statement of their own are not', () => {
    const out: string[] = []
    const buffer = new WriteBuffer(new FreshRows(), {
      send: (text, values) => void out.push(`${text.slice(0, 6)} ${values}`),
      copy: (text, lines) => void out.push(`${text}: ${lines.toString().split('\n').length - 1}`),
    })
    for (let i = 0; i < 40; i++) add(buffer, 'post', `${i}`, '1')
    for (let i = 0; i < 2; i++) add(buffer, 'like', `${i}`, '1')
    buffer.flush()
    expect(out).toEqual(['copy "post" ("id", "n") from stdin: 40', 'insert {"0","1"},{"1","1"}'])
  })

  const texts: string[] = []
  const fresh = new FreshRows()
  const send = (count: number): string | undefined => {
    const buffer = new WriteBuffer(fresh, { send: (text) => void texts.push(text), copy: null })
    for (let i = 0; i < count; i++) add(buffer, 'post', `${i}`, '1')
    buffer.flush()
    return texts.at(-1)
  }
  const violation = (code: string) => Object.assign(new Error('no'), { code })

  test('are taken for new, few are not, and none for a while after one was there', () => {
    expect(send(40)).not.toMatch(/on conflict/)
    expect(send(3)).toMatch(/on conflict/)
    if (shapes.post === null) throw new Error('no shape')
    fresh.failed(shapes.post, violation('22P02'))
    expect(send(40)).not.toMatch(/on conflict/)
    for (const wait of [64, 256, 1024, 4096, 4096]) {
      fresh.failed(shapes.post, violation('23505'))
      for (let i = 0; i < wait; i++) expect(send(40)).toMatch(/on conflict/)
      expect(send(40)).not.toMatch(/on conflict/)
    }
  })
})

test('lines of a copy keep their values apart whatever is in them', () => {
  const lines = copyLines([
    ['a\tb', 'c\r\nd', '\\N', null],
    ['', '\\.', 'é', Buffer.from([0, 255])],
  ])
  expect(lines.toString()).toBe('a\\tb\tc\\r\\nd\t\\\\N\t\\N\n\t\\\\.\té\t\\\\x00ff\n')
})

test('rows are not taken for new where on conflict itself may be refused', () => {
  for (const unique of [[], [['id', 'n']], [['n']]])
    expect(upsert(table('post', 0, { unique }))?.fresh).toBeNull()
  expect(upsert(table('post', 0, { unique: [['n'], ['id']] }))?.fresh).toMatch(/^insert into/)
})

describe('buffered writes', () => {
  test('of one shape become one statement, also with other tables in between', () => {
    const out = sent((buffer) => {
      for (const id of ['a', 'b', 'c']) {
        add(buffer, 'post', id, '1')
        add(buffer, 'like', id, '2')
      }
    })
    expect(out).toEqual([
      ['insert into "post"', ['{"a","b","c"}', '{"1","1","1"}']],
      ['insert into "like"', ['{"a","b","c"}', '{"2","2","2"}']],
    ])
  })

  test('that repeat a key wait for a statement of their own', () => {
    const out = sent((buffer) => {
      for (const id of ['a', 'b', 'a']) add(buffer, 'post', id, '1')
    })
    expect(out.map(([, values]) => values[0])).toEqual(['{"a","b"}', 'a'])
  })

  test('of different kinds on one table keep their order', () => {
    const out = sent((buffer) => {
      add(buffer, 'post', 'a', '1')
      add(buffer, 'drop', 'a')
      add(buffer, 'post', 'a', '2')
      add(buffer, 'set', '3', 'a')
    })
    expect(out.map(([text]) => text)).toEqual([
      'insert into "post"',
      'delete from "post"',
      'insert into "post"',
      'update "post" set',
    ])
  })

  test('of related tables keep their order', () => {
    const [parent, child] = [upsert(table('parent', 7)), upsert(table('child', 7))]
    const out = sent((buffer) => {
      for (const shape of [parent, child, parent]) if (shape !== null) buffer.add(shape, ['a', '1'])
    })
    expect(out.map(([text]) => text)).toEqual([
      'insert into "parent"',
      'insert into "child"',
      'insert into "parent"',
    ])
  })

  test('go out when there are many', () => {
    expect(
      sent((buffer) => {
        for (let n = 0; n < 1001; n++) add(buffer, 'post', `${n}`, '1')
      }),
    ).toHaveLength(3)
  })
})

test.each([
  ['a column of arrays', upsert(post, ['id', 'tags'])],
  ['triggers around', upsert(table('post', 0, { triggered: true }))],
  ['a default that reads other tables', upsert(table('post', 0, { reads: true }))],
  [
    'a patch of what must differ from row to row',
    shapeOfRow(compileUpdate(table('post', 0, { distinct: new Set(['n']) }), 'postgres', ['n'], ['id'], [])),
  ],
  ['a patch that changes its key', shapeOfRow(compileUpdate(post, 'postgres', ['id'], ['id'], []))],
])('%s keeps writes single', (_, shape) => {
  expect(shape).toBeNull()
})

test('values travel as text that Postgres reads back as the same', () => {
  const odd = ['a"b', 'c\\d', '{e,f}', '', 'NULL', ' g ']
  expect(
    arrayLiteral(
      odd.map((text) => [text]),
      0,
    ),
  ).toBe('{"a\\"b","c\\\\d","{e,f}","","NULL"," g "}')
  expect(arrayLiteral([], 0)).toBe('{}')
  expect(arrayLiteral([[''], ['a,b']], 0)).toBe('{"","a,b"}')
  expect(arrayLiteral([[null], [Buffer.from([0, 255])]], 0)).toBe('{NULL,"\\\\x00ff"}')
  expect([wireValue(undefined), wireValue(true), wireValue(12n), wireValue(1.5)]).toEqual([
    null,
    'true',
    '12',
    '1.5',
  ])
  expect(wireValue(['a', 'b'])).toBe('{"a","b"}')
  expect([wireJson(['a']), wireJson({ a: 1 }), wireJson(null), wireJson('text')]).toEqual([
    '["a"]',
    '{"a":1}',
    null,
    'text',
  ])
})

test('tables tied by references are one family; a trigger makes all of them one', () => {
  const of = (references: [string, string][], triggered: string[] = []) =>
    Object.fromEntries(families(['a', 'b', 'c', 'd'], references, new Set(triggered)))
  expect(of([])).toEqual({ a: 0, b: 1, c: 2, d: 3 })
  expect(
    of([
      ['a', 'c'],
      ['c', 'd'],
      ['a', 'elsewhere'],
    ]),
  ).toEqual({ a: 0, b: 1, c: 0, d: 0 })
  expect(of([], ['c'])).toEqual({ a: 0, b: 0, c: 0, d: 0 })
})

describe('an insert through Kysely', () => {
  const db = new Kysely<UserDatabase>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => new PostgresQueryCompiler(),
      createIntrospector: (on) => new PostgresIntrospector(on),
    },
  })
  const tables = new Map([['post', post]])
  const row = { id: 'a', n: 1 }
  const known = (build: (from: Kysely<UserDatabase>) => { compile(): CompiledQuery }) =>
    knownInsert(build(db).compile(), tables)

  test.each([
    ['plain', () => db.insertInto('post').values(row), 1n, []],
    [
      'upsert of what was proposed',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doUpdateSet((e) => ({ n: e.ref('excluded.n') }))),
      1n,
      [],
    ],
    [
      'upsert that says its values again',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doUpdateSet({ n: 1 })),
      1n,
      [1],
    ],
  ] as const)('%s can be merged', (_, build, rows, repeats) => {
    expect(known(build)).toMatchObject({ rows, repeats, shape: { columns: 2 } })
  })

  test.each([
    ['of several rows', () => db.insertInto('post').values([row, row])],
    [
      'that updates to something else',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doUpdateSet((e) => ({ n: e('post.n', '+', 1) }))),
    ],
    [
      'on a partial index',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').where('n', '>', 1).doUpdateSet({ n: 1 })),
    ],
    [
      'on a constraint',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.constraint('post_pkey').doUpdateSet({ n: 1 })),
    ],
  ])('%s goes alone, its result known', (_, build) => {
    expect(known(build)).toMatchObject({ shape: null })
  })

  test.each([
    [
      'with an expression that may read a table',
      () => db.insertInto('post').values({ id: 'a', n: sql`1 + 1` }),
    ],
    [
      'with a query for a value',
      () => db.insertInto('post').values((e) => ({ id: 'a', n: e.selectFrom('post').select('n').limit(1) })),
    ],
    [
      'that updates to what a query says',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doUpdateSet((e) => ({ n: e.selectFrom('post').select('n') }))),
    ],
    [
      'that updates by an operator of its own',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) =>
            o.column('id').doUpdateSet((e) => ({ n: e('post.n', sql`+ (select max(n) from post) +`, 1) })),
          ),
    ],
    [
      'that may do nothing',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doNothing()),
    ],
    [
      'that may leave the row',
      () =>
        db
          .insertInto('post')
          .values(row)
          .onConflict((o) => o.column('id').doUpdateSet({ n: 1 }).where('post.n', '<', 1)),
    ],
    ['that returns rows', () => db.insertInto('post').values(row).returningAll()],
    [
      'from a query',
      () => db.insertInto('post').columns(['id']).expression(db.selectFrom('post').select('id')),
    ],
    [
      'with a common table expression',
      () =>
        db
          .with('x', (d) => d.selectFrom('post').select('id'))
          .insertInto('post')
          .values(row),
    ],
    ['into a table nobody knows', () => db.insertInto('unknown').values(row)],
    ['into another schema', () => db.withSchema('other').insertInto('post').values(row)],
    ['of defaults', () => db.insertInto('post').defaultValues()],
    ['that is none', () => db.updateTable('post').set({ n: 1 })],
  ])('%s waits for its answer', (_, build) => {
    expect(known(build)).toBeNull()
  })

  test('that says what no Kysely we know can say waits for its answer', () => {
    const query = db
      .insertInto('post')
      .values(row)
      .onConflict((o) => o.column('id').doUpdateSet({ n: 1 }))
      .compile()
    const node = query.query as InsertQueryNode
    const said = (more: object) => knownInsert({ ...query, query: { ...node, ...more } }, tables)
    expect(said({})).not.toBeNull()
    expect(said({ someday: true })).toBeNull()
    expect(said({ onConflict: { ...node.onConflict, someday: true } })).toBeNull()
  })
})
