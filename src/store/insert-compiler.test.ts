import {
  createQueryId,
  DummyDriver,
  type Generated,
  type InsertQueryBuilder,
  type InsertQueryNode,
  Kysely,
  type OnConflictNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { expect, test } from 'vitest'
import { InsertCompiler } from './insert-compiler.ts'

interface Tables {
  like: { uri: string; did: Generated<string>; n: Generated<number | null> }
  post: { uri: string; did: Generated<string>; n: Generated<number | null> }
}
type Db = Kysely<Tables>

const kyselyOf = (compiler: QueryCompiler): Db =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () =>
        compiler instanceof PostgresQueryCompiler ? new PostgresAdapter() : new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) =>
        compiler instanceof PostgresQueryCompiler ? new PostgresIntrospector(db) : new SqliteIntrospector(db),
      createQueryCompiler: () => compiler,
    },
  })

/** Kysely's own, and how often it was asked. */
function counting(inner: QueryCompiler): { compiler: QueryCompiler; asked: () => number } {
  let asked = 0
  const compiler: QueryCompiler = {
    compileQuery: (node, queryId) => {
      asked++
      return inner.compileQuery(node, queryId)
    },
  }
  return { compiler: new InsertCompiler(compiler), asked: () => asked }
}

type Insert = (db: Db, n: number) => Pick<InsertQueryBuilder<Tables, 'like' | 'post', unknown>, 'compile'>
const row = (n: number) => ({ uri: `at://${n}`, did: `did:${n}`, n })

/** Each with its own text. */
const KNOWN: readonly Insert[] = [
  (db, n) => db.insertInto('like').values(row(n)),
  (db, n) => db.insertInto('like').values({ uri: `${n}`, did: 'a' }),
  (db, n) => db.insertInto('like').values({ did: 'a', uri: `${n}` }),
  (db, n) => db.insertInto('like').values([row(n), row(n + 1)]),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.doNothing()),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.columns(['uri', 'did']).doNothing()),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.column('uri').doUpdateSet({ did: `x${n}`, n: null })),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.column('uri').doUpdateSet((e) => ({ did: e.ref('excluded.did'), n: n + 1 }))),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.column('uri').doUpdateSet((e) => ({ did: e.ref('like.did'), n: n + 1 }))),
]

/** What has more to it than names and values. */
const LEFT: readonly Insert[] = [
  (db, n) => db.insertInto('like').values({ uri: 'a', n: sql<number>`${n} + 1` }),
  (db) => db.insertInto('like').values((e) => ({ uri: 'a', did: 'b', n: e.lit(1) })),
  (db, n) => db.insertInto('like').values([{ uri: 'a' }, row(n)]),
  (db, n) => db.insertInto('like').values(row(n)).returning('uri'),
  (db) => db.insertInto('like').defaultValues(),
  (db, n) => db.replaceInto('like').values(row(n)),
  (db, n) => db.insertInto('like').orIgnore().values(row(n)),
  (db, n) => db.withSchema('other').insertInto('like').values(row(n)),
  (db, n) =>
    db
      .with('w', (q) => q.selectFrom('post').select('uri').where('n', '=', n))
      .insertInto('like')
      .values(row(n)),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) =>
        c
          .column('uri')
          .doUpdateSet({ n })
          .where('like.n', '<', n + 7),
      ),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.column('uri').doUpdateSet((e) => ({ did: 'x', n: e.lit(5) }))),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.column('uri').where('n', '>', n).doNothing()),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.constraint('pk').doUpdateSet({ n })),
  (db, n) =>
    db
      .insertInto('like')
      .values(row(n))
      .onConflict((c) => c.expression(sql`lower(uri)`).doUpdateSet({ n: sql<number>`like.n + ${n}` })),
]

test.each([
  ['sqlite', () => new SqliteQueryCompiler()],
  ['postgres', () => new PostgresQueryCompiler()],
] as const)('whatever was inserted before, texts and parameters are those of Kysely on %s', (_, make) => {
  const plain = kyselyOf(make())
  const known = kyselyOf(new InsertCompiler(make()))
  const inserts = [...KNOWN, ...LEFT]
  // Each after each, and after itself.
  for (let step = 0; step < inserts.length; step++) {
    for (let i = 0; i < inserts.length; i++) {
      const insert = inserts[(i * (step + 1)) % inserts.length] as Insert
      const [got, expected] = [insert(known, i), insert(plain, i)].map((query) => query.compile())
      expect({ sql: got?.sql, parameters: got?.parameters, node: got?.query }).toEqual({
        sql: expected?.sql,
        parameters: expected?.parameters,
        node: expected?.query,
      })
    }
  }
})

test('the text of an insert that comes again is not written again', () => {
  for (const insert of KNOWN) {
    const { compiler, asked } = counting(new SqliteQueryCompiler())
    const db = kyselyOf(compiler)
    const texts = [1, 2, 3].map((n) => insert(db, n).compile().sql)
    expect(new Set(texts).size).toBe(1)
    expect(asked()).toBe(1)
  }
})

test('what Kysely may add to an insert one day is written by Kysely, and not left out', () => {
  const { compiler, asked } = counting(new SqliteQueryCompiler())
  const db = kyselyOf(compiler)
  const node = db
    .insertInto('like')
    .values(row(1))
    .onConflict((c) => c.column('uri').doUpdateSet({ n: 1 }))
    .toOperationNode() as InsertQueryNode
  const added = { someday: { kind: 'RawNode' } }
  for (const more of [added, { onConflict: { ...node.onConflict, ...added } as OnConflictNode }])
    for (let i = 0; i < 2; i++) compiler.compileQuery({ ...node, ...more }, createQueryId())
  expect(asked()).toBe(4)
})

test('what has more to it is written by Kysely each time', () => {
  for (const insert of LEFT) {
    const { compiler, asked } = counting(new SqliteQueryCompiler())
    const db = kyselyOf(compiler)
    for (const n of [1, 2]) insert(db, n).compile()
    expect(asked()).toBe(2)
  }
})
