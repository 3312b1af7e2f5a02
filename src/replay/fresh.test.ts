import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { openStore, type Store } from '../store/open.ts'
import { tableEmptier } from './fresh.ts'
import { notBegun, type ReplayJob } from './job.ts'
import { submitJob } from './request.ts'

/** Tables of every sort that one can empty wrongly, each with a row that its migration inserts. */
const BOTH = [
  'create table a_child (id integer primary key, parent integer references z_parent (id))',
  "insert into z_parent (id, name) values (7, 'born')",
  'insert into a_child (id, parent) values (1, 7)',
  'create table computed (a integer primary key, twice integer generated always as (a * 2) stored)',
  'insert into computed (a) values (21)',
  'create table noted (name text)',
]
const SQLITE = [
  'create table z_parent (id integer primary key, name text)',
  ...BOTH,
  'create trigger note after insert on z_parent begin insert into noted values (new.name); end',
  'create trigger note_end after delete on z_parent begin insert into noted values (old.name); end',
  "insert into z_parent values (8, 'noted')",
  'create virtual table plain using fts5(body)',
  "insert into plain values ('born words')",
  "create virtual table apart using fts5(name, content='z_parent', content_rowid='id')",
  "insert into apart (apart) values ('rebuild')",
  "create virtual table bare using fts5(body, content='')",
]
const PGLITE = [
  'create table z_parent (id integer primary key, name text)',
  ...BOTH,
  `create function note() returns trigger language plpgsql as
   'begin insert into noted values (new.name); return null; end'`,
  'create trigger note after insert on z_parent for each row execute function note()',
  "insert into z_parent values (8, 'noted')",
  'create table counted (id integer generated always as identity primary key, list text[], doc jsonb, at timestamptz)',
  `insert into counted (list, doc, at) values ('{a,b}', '["x", 1]', 'epoch')`,
]
const JUNK = [
  "insert into z_parent values (99, 'junk')",
  'insert into a_child values (99, 99)',
  'insert into computed (a) values (99)',
]

const folder = mkdtempSync(join(tmpdir(), 'lextap-born-'))
afterAll(() => rmSync(folder, { recursive: true }))

const JOB: ReplayJob = {
  id: 'job',
  collections: {},
  dids: null,
  fresh: { keep: [] },
  versions: {},
  reasons: [],
}

async function dump(store: Store): Promise<Record<string, unknown>> {
  const tables = (await store.db.introspect()).map(({ name }) => name)
  const entries = tables.map(async (name) => [name, await store.db.all(`select * from ${name}`)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

test.each([
  [
    'sqlite',
    SQLITE,
    [
      ...JUNK,
      "insert into plain values ('junk')",
      "insert into bare (rowid, body) values (1, 'junk')",
      "insert into apart (rowid, name) values (99, 'junk')",
    ],
  ],
  ['pglite', PGLITE, [...JUNK, "insert into counted (doc) values ('1')"]],
] as const)('emptied tables on %s are as the migrations leave them', async (dialect, made, junk) => {
  const migrations = mkdtempSync(join(folder, dialect))
  const statements = JSON.stringify(made)
  writeFileSync(
    join(migrations, '0001_all.js'),
    `import { sql } from '${import.meta.resolve('kysely')}'
export async function up(db) { for (const text of ${statements}) await sql.raw(text).execute(db) }`,
  )
  const importModule = (file: string) => import(file) as Promise<object>
  await using store = await openStore(`${dialect}::memory:`, {
    observer: listener(),
    migrations,
    importModule,
  })
  const born = await dump(store)
  expect(Object.keys(born).filter((name) => /_(data|idx|content|docsize|config)$/.test(name))).toEqual([])
  for (const text of junk) await store.db.run(text)
  await submitJob(store, JOB, { owner: 'test', restart: false })
  await tableEmptier(store, { migrations, importModule })([], { ...notBegun('job'), owner: 'test' })
  expect(await dump(store)).toEqual(born)
  // What they do by themselves they go on doing.
  await store.db.run("insert into z_parent values (9, 'next')")
  expect(await store.db.all("select * from noted where name = 'next'")).toHaveLength(1)
  if (dialect === 'sqlite') {
    const found = (table: string, word: string) =>
      store.db.all(`select rowid from ${table} where ${table} match '${word}'`)
    expect(await found('plain', 'born')).toHaveLength(1)
    expect(await found('apart', 'born')).toEqual([{ rowid: 7 }])
    for (const table of ['plain', 'apart', 'bare']) expect(await found(table, 'junk')).toEqual([])
  } else {
    expect(await store.db.all("insert into counted (doc) values ('2') returning id")).toEqual([{ id: 2 }])
  }
})
