import { type Kysely, sql } from 'kysely'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { closeBenches, type TestHandlers } from '../../test/support/dispatching.ts'
import { bothWays, broken, type Step, type World } from '../../test/support/one-by-one.ts'
import type { RowWriter, UserDatabase } from '../store/types.ts'
import { Random } from '../testing/random.ts'

/**
 * Batches, merging, answers given early and halving must not be seen: whatever handlers do, the tables end
 * up as if each event had been handled in a transaction of its own. The handlers here are programs made at
 * random and carried by the records; some records are invalid. `SEED=… ` repeats one run.
 */
afterAll(closeBenches)

const tables = [
  'create table item (id text primary key, val text, n integer)',
  'create table pair (a text, b text, note text, primary key (a, b))',
  'create table tally (id text primary key, n integer not null)',
  'create table parent (id text primary key)',
  'create table child (id text primary key, parent text references parent(id) on delete cascade)',
  'create table heard (who text, what text)',
]
const NAMES = ['item', 'pair', 'tally', 'parent', 'child', 'heard']

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

const worldOf = (calm: boolean): World => ({
  tables,
  names: NAMES,
  handlers: handlersOf(calm),
  steps: (random, did) => steps(random, did, calm),
})

const SEEDS = process.env.SEED?.split(',') ?? ['1', '2', '3']

describe.each(DIALECTS)('on $name', (dialect) => {
  test.each(SEEDS)(
    'random handlers leave the same tables in batches as one by one (seed %s)',
    async (seed) => {
      const random = new Random(`naive ${seed}`)
      const options = { units: 60, chunks: Number(seed) % 2 === 1 }
      const { batches, naive } = await bothWays(dialect, worldOf(random.chance(0.4)), random, options)
      expect(batches).toEqual(naive)
    },
  )
})
