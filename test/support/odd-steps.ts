import { type Kysely, sql } from 'kysely'
import type { RowWriter } from '../../src/store/types.ts'
import type { Random } from '../../src/testing/random.ts'
import { broken, type Step } from './one-by-one.ts'

type Rows = Record<string, RowWriter>
// biome-ignore lint/suspicious/noExplicitAny: the tables are made up at random
type Tx = Kysely<any>
type Args = readonly (string | number | null)[]
type Do = (context: { tx: Tx; rows: Rows; who: string }, args: Args) => Promise<unknown> | undefined

/** What handlers of odd tables do. The arguments: two keys of the repo, a third, and three small numbers. */
const STEPS: Readonly<Record<string, readonly [weight: number, fn: Do]>> = {
  // Row writers, with all columns, some, and none but the key.
  'a upsert': [12, ({ rows }, [a, , u, n]) => rows.a?.upsert({ id: a, n, u, t: `t${n}` })],
  'a upsert some': [8, ({ rows }, [a, , , n]) => rows.a?.upsert({ id: a, n })],
  'a upsert unset': [4, ({ rows }, [a, , , n]) => rows.a?.upsert({ id: a, n: undefined, t: `u${n}` })],
  'a upsert key': [4, ({ rows }, [a]) => rows.a?.upsert({ id: a })],
  'a update': [6, ({ rows }, [a, , , n, m]) => rows.a?.update({ id: a }, m === 0 ? { n } : { n, t: 'set' })],
  'a update unique': [3, ({ rows }, [a, , u]) => rows.a?.update({ id: a }, { u })],
  'a update by': [3, ({ rows }, [, , u, n]) => rows.a?.update({ u }, { n })],
  'a rename': [2, ({ rows }, [a, b]) => rows.a?.update({ id: a }, { id: b })],
  'a delete': [5, ({ rows }, [a]) => rows.a?.delete({ id: a })],
  'a delete by': [2, ({ rows }, [a, , u]) => rows.a?.delete({ id: a, u })],
  'a up': [2, ({ rows }, [a, b]) => rows.a?.update({ id: a }, { up: b })],
  'b upsert': [10, ({ rows, who }, [a, b, , n]) => rows.b?.upsert({ id: b, a, n, note: who })],
  'b upsert lone': [6, ({ rows, who }, [, b, , n]) => rows.b?.upsert({ id: b, n, note: who })],
  'b update': [4, ({ rows }, [a, b]) => rows.b?.update({ id: b }, { a })],
  'b update nulls': [2, ({ rows }, [, b, , n]) => rows.b?.update({ id: b, a: null }, { n })],
  'b delete': [4, ({ rows }, [, b]) => rows.b?.delete({ id: b })],
  'c upsert': [10, ({ rows }, [a, b, , n, m]) => rows.c?.upsert({ x: a, y: b, n, big: m })],
  'c update': [4, ({ rows }, [a, b, , n]) => rows.c?.update({ x: a, y: b }, { n })],
  'c update half': [2, ({ rows }, [a, , , n]) => rows.c?.update({ x: a }, { big: n })],
  'c delete': [3, ({ rows }, [a, b]) => rows.c?.delete({ x: a, y: b })],
  log: [6, ({ rows, who }, [a]) => rows.log?.insert({ who, what: a })],
  // The same through Kysely.
  'tx a upsert': [
    8,
    ({ tx }, [a, , u, n]) =>
      tx
        .insertInto('a')
        .values({ id: a, n, u })
        .onConflict((o) =>
          o.column('id').doUpdateSet((e) => ({ n: e.ref('excluded.n'), u: e.ref('excluded.u') })),
        )
        .execute(),
  ],
  'tx a again': [
    6,
    ({ tx }, [a, , u, n]) => {
      const rest = { n, u }
      return tx
        .insertInto('a')
        .values({ id: a, ...rest })
        .onConflict((o) => o.column('id').doUpdateSet(rest))
        .execute()
    },
  ],
  'tx a nothing': [
    4,
    ({ tx }, [a, , u]) =>
      tx
        .insertInto('a')
        .values({ id: a, u })
        .onConflict((o) => o.doNothing())
        .execute(),
  ],
  'tx b by column': [
    3,
    ({ tx, who }, [a, b]) =>
      tx
        .insertInto('b')
        .values({ id: b, a, note: who })
        .onConflict((o) =>
          o.column('id').doUpdateSet((e) => ({ a: e.ref('excluded.a'), n: sql<number>`b.n` })),
        )
        .execute(),
  ],
  'tx c many': [
    4,
    ({ tx }, [a, b, , n]) =>
      tx
        .insertInto('c')
        .values([
          { x: a, y: `${b}-1`, n },
          { x: a, y: `${b}-2`, big: n },
        ])
        .onConflict((o) => o.columns(['x', 'y']).doUpdateSet((e) => ({ n: e(e.ref('c.n'), '+', 1) })))
        .execute(),
  ],
  'tx a default': [
    2,
    ({ tx, who }, [a]) =>
      tx
        .insertInto('log')
        .values({ who, what: sql`upper(${a})` })
        .execute(),
  ],
  'tx update': [4, ({ tx }, [, b, , n]) => tx.updateTable('b').set({ n }).where('id', '=', b).execute()],
  'tx rename': [2, ({ tx }, [a, b]) => tx.updateTable('c').set({ y: b }).where('x', '=', a).execute()],
  raw: [3, ({ tx }, [a]) => sql`update a set n = coalesce(n, 0) + 1 where id = ${a}`.execute(tx)],
  'from select': [
    2,
    ({ tx, who }, [a]) =>
      sql`insert into log select ${sql.lit(who)}, t from a where id = ${a} union all select ${sql.lit(who)}, note from b where a = ${a}`.execute(
        tx,
      ),
  ],
  with: [
    3,
    ({ tx }, [a, b]) =>
      tx
        .with('s', (q) => q.selectFrom('a').select(['n', 'u']).where('id', '=', a))
        .insertInto('c')
        .columns(['x', 'y', 'n'])
        .expression((e) => e.selectFrom('s').select([sql.lit(a).as('x'), sql.lit(b).as('y'), 's.n as n']))
        .onConflict((o) => o.columns(['x', 'y']).doNothing())
        .execute(),
  ],
  // What is read goes into the log.
  'read view': [
    4,
    async ({ tx, rows, who }, [a]) => {
      const found = await tx.selectFrom('v').selectAll().where('id', '=', a).orderBy('child').execute()
      const narrow = await tx.selectFrom('w').selectAll().where('id', '=', a).execute()
      await rows.log?.insert({ who, what: JSON.stringify([found, narrow]) })
    },
  ],
  'read counted': [
    3,
    async ({ tx, who }, [a, b]) => {
      const { numDeletedRows } = await tx
        .deleteFrom('b')
        .where('a', '=', a)
        .where('id', '>', b)
        .executeTakeFirstOrThrow()
      await tx
        .insertInto('log')
        .values({ who, what: `${numDeletedRows}` })
        .execute()
    },
  ],
  returning: [
    3,
    async ({ tx, rows, who }, [a, , u, n]) => {
      const row = await tx
        .insertInto('a')
        .values({ id: a, u, n })
        .onConflict((o) => o.column('id').doUpdateSet({ n }))
        .returning(['id', 'n', 't', 'g'])
        .executeTakeFirst()
      await rows.log?.insert({ who, what: JSON.stringify(row) })
      await rows.a?.update({ id: a }, { t: 'returned' })
    },
  ],
  // What fails.
  'a insert': [4, ({ rows }, [a, , u, n]) => rows.a?.insert({ id: a, u, n })],
  'b insert': [3, ({ rows }, [a, b]) => rows.b?.insert({ id: b, a })],
  'a too much': [2, ({ rows }, [a, , , n]) => rows.a?.upsert({ id: a, n: 48 + Number(n) })],
  'b thirteen': [1, ({ rows }, [, b, , n]) => rows.b?.update({ id: b }, { n: 12 + Number(n) })],
  'a null': [1, ({ rows }, [a]) => rows.a?.update({ id: a }, { t: null })],
  'log unasked': [1, ({ rows }, [a]) => rows.log?.insert({ id: a })],
  caught: [
    1,
    ({ tx }, [a, b]) =>
      tx
        .insertInto('b')
        .values({ id: b, a: `no ${a}` })
        .execute()
        .catch(() => broken.add(tx)),
  ],
  throw: [
    2,
    () => {
      throw new Error('thrown on purpose')
    },
  ],
}

const FAILING = Object.keys(STEPS).slice(Object.keys(STEPS).indexOf('a insert'))

/** A program of a few steps. `calm`: none that is made to fail, so that whole batches go through. */
export function oddSteps(random: Random, did: string, calm: boolean, blind: boolean): Step[] {
  const choices = Object.entries(STEPS)
    .filter(([kind]) => !calm || !FAILING.includes(kind))
    .map(([kind, [weight]]) => [kind, weight] as const)
  const key = () => `${did}-${blind && random.chance(0.5) ? 'K' : 'k'}${random.int(7)}`
  return Array.from(
    { length: 1 + random.int(4) },
    (): Step => [
      random.weighted(choices),
      key(),
      key(),
      calm ? key() : `${did}-u${random.int(9)}`,
      random.int(5),
      random.int(3),
    ],
  )
}

export async function oddStep([kind, ...args]: Step, tx: Tx, rows: Rows, who: string): Promise<void> {
  const step = STEPS[kind]
  if (step === undefined) throw new Error(`no such step: ${kind}`)
  await step[1]({ tx, rows, who }, args)
}
