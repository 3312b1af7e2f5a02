import type { Kysely } from 'kysely'
import type { RecordSchema } from '../../src/dispatch/handler.ts'
import type { Unit, VerifiedOp } from '../../src/dispatch/unit.ts'
import { decodeJson } from '../../src/protocol/cbor.ts'
import type { Store } from '../../src/store/open.ts'
import type { RowWriter, UserDatabase } from '../../src/store/types.ts'
import type { Random } from '../../src/testing/random.ts'
import type { TestDialect } from './databases.ts'
import {
  type Bench,
  type BenchOptions,
  del,
  openBench,
  put,
  sorted,
  type TestHandlers,
  unit,
} from './dispatching.ts'

/** One thing a handler does: its name and what with. */
export type Step = readonly [kind: string, ...args: (string | number | null)[]]

/** The user's tables, and programs for handlers, carried by the records. */
export interface World {
  /** Statements that make the tables. */
  readonly tables: readonly string[]
  /** Tables and views whose contents count. */
  readonly names: readonly string[]
  readonly handlers: TestHandlers
  /** A program. Keys start with the repo, so that repos cannot notice in which order they come. */
  steps(random: Random, did: string): Step[]
}

export const DO = 'app.test.do'

/** Invalid are the records that say so. */
export const schema: RecordSchema = {
  $nsid: DO,
  $safeParse: (value) =>
    (value as { bad?: boolean }).bad === true
      ? {
          success: false,
          issues: [{ path: ['bad'], rule: 'bad', expected: '', received: '', message: 'bad' }],
        }
      : { success: true, value },
}

/** Transactions whose handler swallowed the failure of a statement. */
export const broken: WeakSet<object> = new WeakSet()

export interface Outcome {
  /** Records with a dead letter. */
  readonly failed: readonly string[]
  /** What each table holds, sorted. */
  readonly rows: Readonly<Record<string, unknown>>
}

/** The same story, told to a dispatcher in batches, and one event after the other. */
export async function bothWays(
  dialect: TestDialect,
  world: World,
  random: Random,
  options: { readonly units: number; readonly chunks: boolean },
): Promise<{ batches: Outcome; naive: Outcome }> {
  const skip = random.chance(0.5)
  const batch = { maxWorks: 1 + random.int(40), maxOps: 1 + random.int(200) }
  const policy = { invalid: { '*': skip ? 'skip' : 'dead-letter' }, legacyBlobs: true } as const
  const { units, batches } = await inBatches(dialect, world, { batch, policy }, random, options)
  await using bench = await openBench(dialect, [], { tables: world.tables })
  const handlers = world.handlers
  const keys = new Map((await bench.store.db.introspect()).map(({ name, key }) => [name, key]))
  const none = () => new Set<string>()
  const naive = { store: bench.store, keys, handlers, skip, failed: none(), untaken: none(), owed: none() }
  await naively(naive, units)
  const rows = await contents(bench, world.names)
  return { batches, naive: { rows, failed: [...naive.failed].sort() } }
}

async function inBatches(
  dialect: TestDialect,
  world: World,
  rest: Pick<BenchOptions, 'batch' | 'policy'>,
  random: Random,
  options: { readonly units: number; readonly chunks: boolean },
): Promise<{ units: Unit[]; batches: Outcome }> {
  const handlers = options.chunks ? inChunks(world.handlers) : world.handlers
  const definition = { kind: 'record', pattern: DO, schemas: [schema], handlers } as const
  await using bench = await openBench(dialect, [definition], { tables: world.tables, ...rest })
  const repos = [await bench.repo(), await bench.repo(), await bench.repo(), await bench.repo()]
  const units = story(world, random, repos, options.units)
  const outcomes = await Promise.all(units.map((one) => bench.dispatcher.submit(one)))
  if (outcomes.some((outcome) => outcome !== 'applied')) throw new Error(`not applied: ${outcomes.join()}`)
  const letters = await bench.store.deadLetters.list({ limit: 10_000 })
  const failed = letters.map(({ did, rkey }) => `${did}/${rkey}`).sort()
  return { units, batches: { rows: await contents(bench, world.names), failed } }
}

/** The same, for many events at once where that may be. */
const inChunks = (handlers: TestHandlers): TestHandlers => ({
  ...handlers,
  async puts(events, context) {
    for (const event of events) await handlers.put?.(event, context)
  },
})

/** Commits and chunks of several repos, in the order each repo must see them. */
function story(
  world: World,
  random: Random,
  repos: readonly { id: number; did: string }[],
  length: number,
): Unit[] {
  const there = new Set<string>()
  const op = (did: string, rkey: string, n: number): VerifiedOp => {
    const known = there.has(`${did}/${rkey}`)
    if (random.chance(0.12)) {
      there.delete(`${did}/${rkey}`)
      return del(DO, rkey)
    }
    there.add(`${did}/${rkey}`)
    const text = JSON.stringify(world.steps(random, did)).slice(0, 10_000)
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
  /** The primary key of each table. */
  readonly keys: ReadonlyMap<string, readonly string[]>
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
  if (await handled(naive, { ...at, action: 'delete' })) {
    naive.owed.delete(key)
    return
  }
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

async function handled({ store, handlers, keys }: Naive, event: { action: string }): Promise<boolean> {
  const fn = event.action === 'delete' ? handlers.delete : handlers.put
  for (let i = 0; i < 3; i++) {
    try {
      await store.kysely.transaction().execute(async (tx) => {
        await fn?.(event as never, { tx, rows: naiveRows(tx, keys) } as never)
        // Postgres would answer the commit of a broken transaction with a silent rollback, SQLite with a commit.
        if (broken.has(tx)) throw new Error('it went on after a failed statement')
      })
      return true
    } catch {}
  }
  return false
}

/** Row writers as one would write them with Kysely. */
function naiveRows(tx: Kysely<UserDatabase>, keys: Naive['keys']): Record<string, RowWriter> {
  const writer = (table: string, key: readonly string[]): RowWriter => ({
    async upsert(values) {
      const set = Object.keys(values).filter((name) => !key.includes(name))
      await tx
        .insertInto(table)
        .values(values)
        .onConflict((o) => {
          const on = o.columns(key as never)
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
    async update(where, patch) {
      let query = tx.updateTable(table).set(patch)
      for (const [name, value] of Object.entries(where))
        query = query.where(name, value === null ? 'is' : '=', value)
      await query.execute()
    },
    async delete(where) {
      let query = tx.deleteFrom(table)
      for (const [name, value] of Object.entries(where))
        query = query.where(name, value === null ? 'is' : '=', value)
      await query.execute()
    },
  })
  return Object.fromEntries([...keys].map(([name, key]) => [name, writer(name, key)]))
}

const contents = async ({ store }: Bench, names: readonly string[]) =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [
        name,
        sorted(await store.db.all<Record<string, unknown>>(`select * from ${name}`)),
      ]),
    ),
  )
