import { type Kysely, sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, type TestDialect } from '../../test/support/databases.ts'
import {
  closeBenches,
  del,
  openBench,
  put,
  sorted,
  type TestHandlers,
  unit,
} from '../../test/support/dispatching.ts'
import { listener } from '../../test/support/observer.ts'
import { decodeJson } from '../protocol/cbor.ts'
import { openStore, type Store } from '../store/open.ts'
import type { RowWriter, UserDatabase } from '../store/types.ts'
import { Random } from '../testing/random.ts'
import type { RecordSchema } from './handler.ts'
import type { Unit, VerifiedOp } from './unit.ts'

/**
 * Batches, merging, answers given early and halving must not be seen: whatever handlers do, the tables end
 * up as if each event had been handled in a transaction of its own. The handlers here are programs made at
 * random and carried by the records; some records are invalid. `SEED=… ` repeats one run.
 */
afterAll(closeBenches)

const DO = 'app.test.do'
const tables = [
  'create table item (id text primary key, val text, n integer)',
  'create table pair (a text, b text, note text, primary key (a, b))',
  'create table tally (id text primary key, n integer not null)',
  'create table parent (id text primary key)',
  'create table child (id text primary key, parent text references parent(id) on delete cascade)',
  'create table heard (who text, what text)',
]
const NAMES = ['item', 'pair', 'tally', 'parent', 'child', 'heard']

type Step = readonly [kind: string, ...args: (string | number | null)[]]

/** Runs a program. Keys start with the repo, so that repos cannot notice in which order they come. */
const handlersOf = (calm: boolean): TestHandlers => ({
  async put({ did, rkey, record }, { tx, rows }) {
    for (const step of JSON.parse(record.text) as Step[]) await run(step, tx, rows, `${did}/${rkey}`)
  },
  async delete({ did, rkey }, { tx, rows }) {
    await rows.item?.delete({ id: `${did}-${rkey}` })
    await tx
      .insertInto('heard')
      .values({ who: did, what: `deleted ${rkey}` })
      .execute()
    if (!calm && rkey.startsWith('r7')) throw new Error('a delete that fails on purpose')
  },
})

/** Invalid are the records that say so. */
const schema: RecordSchema = {
  $nsid: DO,
  $safeParse: (value) =>
    (value as { bad?: boolean }).bad === true
      ? {
          success: false,
          issues: [{ path: ['bad'], rule: 'bad', expected: '', received: '', message: 'bad' }],
        }
      : { success: true, value },
}

async function run(
  [kind, a, b, c]: Step,
  tx: Kysely<UserDatabase>,
  rows: Record<string, RowWriter>,
  who: string,
): Promise<void> {
  switch (kind) {
    case 'row upsert':
      return rows.item?.upsert({ id: a, val: b, n: c })
    case 'row upsert part':
      return rows.item?.upsert({ id: a, n: c })
    case 'row upsert unset':
      return rows.item?.upsert({ id: a, val: undefined, n: c })
    case 'row insert':
      return rows.item?.insert({ id: a, val: b })
    case 'row update':
      return rows.item?.update({ id: a }, { val: b })
    case 'row update many':
      return rows.item?.update({ val: b }, { n: c })
    case 'row update nulls':
      return rows.item?.update({ id: a, val: null }, { val: b })
    case 'row delete':
      return rows.item?.delete({ id: a })
    case 'row pair':
      return rows.pair?.upsert({ a, b, note: who })
    case 'row key only':
      return rows.parent?.upsert({ id: a })
    case 'row child':
      return rows.child?.upsert({ id: a, parent: b })
    case 'row parent delete':
      return rows.parent?.delete({ id: a })
    case 'tx insert':
      await tx.insertInto('item').values({ id: a, val: b }).execute()
      return
    case 'tx insert many':
      await tx
        .insertInto('heard')
        .values([
          { who, what: String(a) },
          { who, what: String(b) },
        ])
        .execute()
      return
    case 'tx upsert':
      await tx
        .insertInto('item')
        .values({ id: a, val: b })
        .onConflict((o) => o.column('id').doUpdateSet((e) => ({ val: e.ref('excluded.val') })))
        .execute()
      return
    case 'tx upsert again':
      await tx
        .insertInto('item')
        .values({ id: a, val: b, n: c })
        .onConflict((o) => o.column('id').doUpdateSet({ val: b, n: c }))
        .execute()
      return
    case 'tx upsert value': {
      const set = { val: `again ${b}` }
      await tx
        .insertInto('item')
        .values({ id: a, val: b })
        .onConflict((o) => o.column('id').doUpdateSet(set))
        .execute()
      return
    }
    case 'tx upsert nothing': {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('item')
        .values({ id: a, val: b })
        .onConflict((o) => o.column('id').doNothing())
        .executeTakeFirstOrThrow()
      await tx
        .insertInto('heard')
        .values({ who, what: `inserted ${numInsertedOrUpdatedRows}` })
        .execute()
      return
    }
    case 'tx tally':
      await tx
        .insertInto('tally')
        .values({ id: a, n: 1 })
        .onConflict((o) => o.column('id').doUpdateSet({ n: sql`tally.n + 1` }))
        .execute()
      return
    case 'tx update': {
      const { numUpdatedRows } = await tx
        .updateTable('item')
        .set({ val: b })
        .where('id', '=', a)
        .executeTakeFirstOrThrow()
      await rows.heard?.insert({ who, what: `updated ${numUpdatedRows}` })
      return
    }
    case 'tx delete':
      await tx.deleteFrom('item').where('id', '=', a).execute()
      return
    case 'tx child':
      await tx.insertInto('child').values({ id: a, parent: b }).execute()
      return
    case 'tx parent':
      await tx
        .insertInto('parent')
        .values({ id: a })
        .onConflict((o) => o.doNothing())
        .execute()
      return
    case 'tx returning': {
      const row = await tx
        .insertInto('item')
        .values({ id: a, val: b })
        .onConflict((o) => o.column('id').doUpdateSet({ n: c }))
        .returningAll()
        .executeTakeFirst()
      await tx
        .insertInto('heard')
        .values({ who, what: JSON.stringify(row) })
        .execute()
      return
    }
    case 'read': {
      const row = await tx.selectFrom('item').selectAll().where('id', '=', a).executeTakeFirst()
      const { n } = await tx
        .selectFrom('child')
        .select((e) => e.fn.countAll().as('n'))
        .where('parent', '=', b)
        .executeTakeFirstOrThrow()
      await rows.heard?.insert({ who, what: `${JSON.stringify(row)} ${n}` })
      return
    }
    case 'raw':
      await sql`update item set n = coalesce(n, 0) + 1 where id = ${a}`.execute(tx)
      return
    case 'caught':
      await tx
        .insertInto('child')
        .values({ id: a, parent: 'nobody' })
        .execute()
        .catch(() => broken.add(tx))
      return
    case 'throw':
      throw new Error('thrown on purpose')
  }
}

/** Transactions whose handler swallowed the failure of a statement. */
const broken = new WeakSet<object>()

/** Steps that may fail; without them whole batches go through, and merging has more to merge. */
const RISKY = new Set(['row insert', 'row child', 'tx insert', 'tx child', 'caught', 'throw'])

function steps(random: Random, did: string, calm: boolean): Step[] {
  const key = () => `${did}-${random.int(6)}`
  return Array.from({ length: 1 + random.int(4) }, (): Step => {
    const [a, b] = [key(), key()]
    const n = random.int(3)
    const choices: [Step, number][] = [
      [['row upsert', a, b, n], 20],
      [['row upsert part', a, null, n], 4],
      [['row upsert unset', a, null, n], 4],
      [['row insert', a, b], 5],
      [['row update', a, b], 6],
      [['row update many', null, b, n], 3],
      [['row update nulls', a, b], 2],
      [['row delete', a], 6],
      [['row pair', a, b], 8],
      [['row key only', a], 6],
      [['row child', a, b], 5],
      [['row parent delete', a], 3],
      [['tx insert', a, b], 4],
      [['tx insert many', a, b], 4],
      [['tx upsert', a, b], 12],
      [['tx upsert value', a, b], 4],
      [['tx upsert again', a, b, n], 10],
      [['tx upsert nothing', a, b], 4],
      [['tx tally', a], 8],
      [['tx update', a, b], 4],
      [['tx delete', a], 4],
      [['tx child', a, b], 4],
      [['tx parent', a], 4],
      [['tx returning', a, b, n], 3],
      [['read', a, b], 6],
      [['raw', a], 4],
      [['caught', a], 2],
      [['throw'], 3],
    ]
    return random.weighted(calm ? choices.filter(([[kind]]) => !RISKY.has(kind)) : choices)
  })
}

/** Commits and chunks of several repos, in the order each repo must see them. */
function story(
  random: Random,
  repos: readonly { id: number; did: string }[],
  length: number,
  calm: boolean,
): Unit[] {
  const there = new Set<string>()
  const op = (did: string, rkey: string, n: number): VerifiedOp => {
    const known = there.has(`${did}/${rkey}`)
    if (random.chance(0.12)) {
      there.delete(`${did}/${rkey}`)
      return del(DO, rkey)
    }
    there.add(`${did}/${rkey}`)
    const text = JSON.stringify(steps(random, did, calm)).slice(0, 10_000)
    return put(DO, rkey, { text, n, bad: random.chance(0.06) }, known ? 'update' : 'create')
  }
  return Array.from({ length }, (_, n) => {
    const repo = random.pick(repos)
    const ops = Array.from({ length: 1 + random.int(12) }, (__, i) =>
      op(repo.did, `r${random.int(8)}-${i}`, n),
    )
    const source = random.chance(0.6) ? 'live' : 'backfill'
    return unit({ ...repo } as never, ops, { rev: `3k${String(n).padStart(4, '0')}`, source, run: n })
  })
}

interface Naive {
  readonly store: Store
  readonly handlers: TestHandlers
  readonly skip: boolean
  /** Records with a dead letter. */
  readonly failed: Set<string>
  /** Records that are there and of which handlers have nothing. */
  readonly untaken: Set<string>
  /** Records that are gone and that handlers could not delete. */
  readonly owed: Set<string>
}

/** One event after the other, each in a transaction of stock Kysely, tried three times. */
async function naively(naive: Naive, units: readonly Unit[]): Promise<void> {
  for (const { did, ops, rev } of units) {
    for (const op of ops) {
      const { collection, rkey } = op
      const at = { did, uri: `at://${did}/${collection}/${rkey}`, collection, rkey, rev }
      await (op.body === null
        ? naiveDelete(naive, at)
        : naivePut(naive, { ...at, action: op.action, record: decodeJson(op.body) }))
    }
  }
}

async function naiveDelete(naive: Naive, at: { did: string; rkey: string }): Promise<void> {
  const key = `${at.did}/${at.rkey}`
  naive.failed.delete(key)
  if (naive.untaken.delete(key)) return
  if (await handled(naive, { ...at, action: 'delete' })) return
  naive.failed.add(key)
  naive.owed.add(key)
}

async function naivePut(
  naive: Naive,
  event: { did: string; rkey: string; action: string; record: unknown },
): Promise<void> {
  const { failed, untaken, owed, skip } = naive
  const key = `${event.did}/${event.rkey}`
  failed.delete(key)
  const returns = owed.delete(key)
  const bad = (event.record as { bad?: boolean }).bad === true
  if (!bad && (await handled(naive, event))) {
    untaken.delete(key)
    return
  }
  if (!bad || !skip) failed.add(key)
  const nothing = (event.action === 'create' && !returns) || untaken.has(key)
  if (nothing || (await handled(naive, { ...event, action: 'delete' }))) untaken.add(key)
  else failed.add(key)
}

async function handled({ store, handlers }: Naive, event: { action: string }): Promise<boolean> {
  const fn = event.action === 'delete' ? handlers.delete : handlers.put
  for (let i = 0; i < 3; i++) {
    try {
      await store.kysely.transaction().execute(async (tx) => {
        await fn?.(event as never, { tx, rows: naiveRows(tx) } as never)
        // Postgres would answer the commit of a broken transaction with a silent rollback, SQLite with a commit.
        if (broken.has(tx)) throw new Error('it went on after a failed statement')
      })
      return true
    } catch {}
  }
  return false
}

function naiveRows(tx: Kysely<UserDatabase>): Record<string, RowWriter> {
  const keys: Record<string, string[]> = { item: ['id'], pair: ['a', 'b'], parent: ['id'], child: ['id'] }
  const writer = (table: string): RowWriter => ({
    async upsert(values) {
      const set = Object.keys(values).filter((name) => !keys[table]?.includes(name))
      await tx
        .insertInto(table)
        .values(values)
        .onConflict((o) => {
          const on = o.columns(keys[table] as never)
          return set.length === 0
            ? on.doNothing()
            : on.doUpdateSet((e: { ref(name: string): unknown }) =>
                Object.fromEntries(set.map((name) => [name, e.ref(`excluded.${name}`)])),
              )
        })
        .execute()
    },
    async insert(values) {
      await tx.insertInto(table).values(values).execute()
    },
    async update(key, patch) {
      let query = tx.updateTable(table).set(patch)
      for (const [name, value] of Object.entries(key))
        query = query.where(name, value === null ? 'is' : '=', value)
      await query.execute()
    },
    async delete(key) {
      let query = tx.deleteFrom(table)
      for (const [name, value] of Object.entries(key))
        query = query.where(name, value === null ? 'is' : '=', value)
      await query.execute()
    },
  })
  return Object.fromEntries(NAMES.map((name) => [name, writer(name)]))
}

const contents = async (store: Store) =>
  Object.fromEntries(
    await Promise.all(
      NAMES.map(async (name) => [
        name,
        sorted(await store.db.all<Record<string, unknown>>(`select * from ${name}`)),
      ]),
    ),
  )

/** The same story, one event after the other, on a database of its own of the same kind. */
async function told(dialect: TestDialect, units: readonly Unit[], handlers: TestHandlers, skip: boolean) {
  await using database = await dialect.fresh()
  await using store = await openStore(database.url, { observer: listener() })
  for (const text of tables) await store.db.run(text)
  const naive = {
    store,
    handlers,
    skip,
    failed: new Set<string>(),
    untaken: new Set<string>(),
    owed: new Set<string>(),
  }
  await naively(naive, units)
  return { rows: await contents(store), failed: [...naive.failed].sort() }
}

/** The same, for many events at once where that may be. */
const inChunks = (handlers: TestHandlers): TestHandlers => ({
  ...handlers,
  async puts(events, context) {
    for (const event of events) await handlers.put?.(event, context)
  },
})

const SEEDS = process.env.SEED?.split(',') ?? ['1', '2', '3']

describe.each(DIALECTS)('on $name', (dialect) => {
  test.each(SEEDS)(
    'random handlers leave the same tables in batches as one by one (seed %s)',
    async (seed) => {
      const random = new Random(`naive ${seed}`)
      const [calm, skip] = [random.chance(0.4), random.chance(0.5)]
      const chunks = Number(seed) % 2 === 1
      const handlers = handlersOf(calm)
      const batch = { maxWorks: 1 + random.int(40), maxOps: 1 + random.int(200) }
      await using bench = await openBench(
        dialect,
        [
          {
            kind: 'record',
            pattern: DO,
            schemas: [schema],
            handlers: chunks ? inChunks(handlers) : handlers,
          },
        ],
        { tables, batch, policy: { invalid: { '*': skip ? 'skip' : 'dead-letter' }, legacyBlobs: true } },
      )
      const repos = [await bench.repo(), await bench.repo(), await bench.repo(), await bench.repo()]
      const units = story(random, repos, 60, calm)
      const outcomes = await Promise.all(units.map((one) => bench.dispatcher.submit(one)))
      expect(new Set(outcomes)).toEqual(new Set(['applied']))
      const letters = await bench.store.deadLetters.list({ limit: 10_000 })
      const expected = await told(dialect, units, handlers, skip)
      expect(letters.map(({ did, rkey }) => `${did}/${rkey}`).sort()).toEqual(expected.failed)
      expect(await contents(bench.store)).toEqual(expected.rows)
    },
    120_000,
  )
})
