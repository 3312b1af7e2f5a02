import { Dispatcher, type DispatcherOptions } from '../../src/dispatch/dispatcher.ts'
import type { HandlerDefinition, RecordHandlers, RecordSchema } from '../../src/dispatch/handler.ts'
import { Registry } from '../../src/dispatch/registry.ts'
import type { Unit, VerifiedOp } from '../../src/dispatch/unit.ts'
import { encode } from '../../src/protocol/cbor.ts'
import { cidForBlock } from '../../src/protocol/cid.ts'
import { openStore, type Store } from '../../src/store/open.ts'
import type { RepoRow } from '../../src/store/repo-row.ts'
import type { RowWriter } from '../../src/store/types.ts'
import { stopDatabases, type TestDatabase, type TestDialect } from './databases.ts'
import { type Listener, listener } from './observer.ts'

/** A collection whose records must have a `text` of at most 300 characters. */
export function schemaFor(nsid: string): RecordSchema {
  return {
    $nsid: nsid,
    $safeParse(value) {
      const text = (value as { text?: unknown }).text
      if (typeof text === 'string' && text.length <= 300) return { success: true, value }
      const issue = {
        path: ['text'],
        rule: 'maxLength',
        expected: 'at most 300',
        received: String(text),
        message: 'text must be short',
      }
      return { success: false, issues: [issue] }
    },
  }
}

/** The tests' handlers know their tables. */
// biome-ignore lint/suspicious/noExplicitAny: stands for generated types
export type TestHandlers = RecordHandlers<string, any, any, Record<string, RowWriter>>

export function on(
  pattern: string,
  handlers: TestHandlers,
  nsids: readonly string[] = [pattern],
): HandlerDefinition {
  return { kind: 'record', pattern, schemas: nsids.map(schemaFor), handlers }
}

export function put(
  collection: string,
  rkey: string,
  record: Record<string, unknown>,
  action: 'create' | 'update' = 'create',
): VerifiedOp {
  const body = encode({ $type: collection, text: '', ...record })
  return { action, collection, rkey, cid: cidForBlock(body), body }
}

export const del = (collection: string, rkey: string): VerifiedOp => ({
  action: 'delete',
  collection,
  rkey,
  cid: null,
  body: null,
})

/** A dispatcher on an empty database, with the user's tables made by `tables`. */
export interface Bench {
  readonly store: Store
  readonly dispatcher: Dispatcher
  readonly observer: Listener
  /** Rows of one of the user's tables, ordered by all columns. */
  rows(table: string): Promise<Record<string, unknown>[]>
  repo(): Promise<RepoRow>
  [Symbol.asyncDispose](): Promise<void>
}

export interface BenchOptions extends Partial<Omit<DispatcherOptions, 'store' | 'observer' | 'registry'>> {
  /** Statements that make the user's tables, the same for all dialects. */
  readonly tables: readonly string[]
  readonly collections?: readonly string[]
}

let serial = 0
const shared = new Map<TestDialect, Promise<{ store: Store; observer: Listener; database: TestDatabase }>>()

/**
 * One database of each kind serves a test file: `openBench` empties it. Opening a new one for each test
 * would cost seconds on some. Call `closeBenches` in `afterAll`.
 */
export async function openBench(
  dialect: TestDialect,
  definitions: readonly HandlerDefinition[],
  options: BenchOptions,
): Promise<Bench> {
  const opened = shared.get(dialect) ?? openShared(dialect)
  shared.set(dialect, opened)
  const { store, observer } = await opened
  observer.lines.length = 0
  await empty(store)
  return benchOn(store, observer, definitions, options)
}

async function openShared(dialect: TestDialect) {
  const database = await dialect.fresh()
  const observer = listener()
  return { database, observer, store: await openStore(database.url, { observer }) }
}

export async function closeBenches(): Promise<void> {
  for (const opened of shared.values()) {
    const { store, database } = await opened
    await store.close()
    await database[Symbol.asyncDispose]()
  }
  shared.clear()
  await stopDatabases()
}

const OURS = [
  'repo',
  'record',
  'resync_buffer',
  'dead_letter',
  'uncreated',
  'outbox',
  'cursor',
  'kept',
  'identity_due',
]
const REPLAY = "delete from lextap_meta where key like 'replay.%'"

async function empty(store: Store): Promise<void> {
  const cascade = store.dialect === 'sqlite' ? '' : ' cascade'
  if (store.dialect === 'sqlite') await store.db.run('pragma foreign_keys = off')
  for (const { name } of await store.db.introspect())
    await store.db.run(`drop table if exists "${name}"${cascade}`)
  if (store.dialect === 'sqlite') await store.db.run('pragma foreign_keys = on')
  for (const name of OURS) await store.db.run(`delete from lextap_${name}`)
  await store.db.run(REPLAY)
}

export async function benchOn(
  store: Store,
  observer: Listener,
  definitions: readonly HandlerDefinition[],
  options: BenchOptions,
): Promise<Bench> {
  for (const text of options.tables) await store.db.run(text)
  await store.db.introspect()
  const dispatcher = makeDispatcher(store, definitions, observer, options)
  return {
    store,
    dispatcher,
    observer,
    rows: (table) => store.db.all<Record<string, unknown>>(`select * from ${table}`).then(sorted),
    async repo() {
      const did = `did:plc:test${serial++}`
      await store.repos.add([did])
      const row = await store.repos.get(did)
      if (row === null) throw new Error('the repo was not added')
      return row
    },
    [Symbol.asyncDispose]: () => dispatcher.close(),
  }
}

export function makeDispatcher(
  store: Store,
  definitions: readonly HandlerDefinition[],
  observer: Listener,
  options: Omit<BenchOptions, 'tables'>,
): Dispatcher {
  const schemas = definitions.flatMap((d) => (d.kind === 'record' ? d.schemas : []))
  const known = [...schemas, ...(options.collections ?? []).map(schemaFor)]
  return new Dispatcher({
    policy: { invalid: { '*': 'dead-letter' }, legacyBlobs: true },
    handling: { attempts: 3, timeoutMs: 20_000 },
    keepBodies: true,
    ...options,
    store,
    observer,
    registry: new Registry(definitions, {
      schemas: Object.fromEntries(known.map((schema) => [schema.$nsid, schema])),
      collections: options.collections ?? null,
    }),
  })
}

export const sorted = <T>(rows: T[]): T[] =>
  rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

/** A unit of a repo with the usual rest filled in. */
export function unit(row: RepoRow, ops: readonly VerifiedOp[], rest: Partial<Unit> = {}): Unit {
  return {
    repoId: row.id,
    did: row.did,
    source: 'live',
    rev: '3kaaaaaaaaaa2',
    guard: {},
    run: 0,
    mode: 'trust',
    ops,
    ...rest,
  }
}
