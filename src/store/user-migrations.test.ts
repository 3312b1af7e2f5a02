import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS } from '../../test/support/databases.ts'
import { listener } from '../../test/support/observer.ts'
import { onEachStore } from '../../test/support/store-exercise.ts'
import { advices } from './migration-survey.ts'
import { openStore, type Store } from './open.ts'
import { runUserMigrations } from './user-migrations.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lextap-migrations-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

let serial = 0
/** File names differ each time: a module is loaded once in a process. */
function write(n: number, up: string, down = '', extension = 'ts'): string {
  const name = `${String(n).padStart(4, '0')}-m${serial++}`
  const types = extension === 'ts' ? ': import("kysely").Kysely<never>' : ''
  writeFileSync(
    join(folder, `${name}.${extension}`),
    `export async function up(db${types}) { ${up} }\nexport async function down(db${types}) { ${down} }\n`,
  )
  return name
}
const table = (name: string) =>
  `await db.schema.createTable('${name}').addColumn('id', 'text', (c) => c.primaryKey()).execute()`
const noTable = (name: string) => `await db.schema.dropTable('${name}').execute()`

onEachStore('user migrations', (on) => {
  let store: Store
  beforeAll(() => {
    store = on.store
  })
  beforeEach(async () => {
    for (const { name } of await store.db.introspect()) await store.db.run(`drop table "${name}"`)
    await store.db.run("delete from lextap_meta where key like 'migration.%'")
    for (const name of ['kysely_migration', 'kysely_migration_lock'])
      await store.db.run(`drop table if exists ${name}`)
  })
  const tables = async () => (await store.db.introspect()).map(({ name }) => name)

  test('run in order, TypeScript and JavaScript alike, once each', async () => {
    const names = [
      write(1, table('one')),
      write(2, table('two'), '', 'js'),
      write(3, table('three'), '', 'mjs'),
    ]
    const first = await runUserMigrations(store, folder, 'latest')
    expect(first.done).toEqual(names.map((name) => ({ name, direction: 'up' })))
    expect(await tables()).toEqual(['one', 'three', 'two'])
    const again = await runUserMigrations(store, folder, 'latest')
    expect(again.done).toEqual([])
    expect(again.migrations.every((m) => m.executedAt instanceof Date)).toBe(true)
  })

  test('go up and down by one, and say what is due', async () => {
    const names = [write(1, table('one'), noTable('one')), write(2, table('two'), noTable('two'))]
    const due = async () =>
      (await runUserMigrations(store, folder, 'status')).migrations.map((m) => m.executedAt === null)
    expect(await due()).toEqual([true, true])
    expect((await runUserMigrations(store, folder, 'up')).done).toEqual([{ name: names[0], direction: 'up' }])
    expect(await due()).toEqual([false, true])
    await runUserMigrations(store, folder, 'up')
    expect((await runUserMigrations(store, folder, 'down')).done).toEqual([
      { name: names[1], direction: 'down' },
    ])
    expect(await tables()).toEqual(['one'])
    expect(await due()).toEqual([false, true])
  })

  test('that fail leave nothing behind, name the file, and run again when mended', async () => {
    write(1, table('one'))
    const bad = write(2, `${table('two')}; throw new Error('half way')`)
    await expect(runUserMigrations(store, folder, 'latest')).rejects.toMatchObject({
      name: 'UserError',
      code: 'migration',
      message: expect.stringContaining(`migration ${bad} failed: half way; folder=${folder}`),
    })
    expect(await tables()).toEqual([])
    const { migrations } = await runUserMigrations(store, folder, 'status')
    expect(migrations.map((m) => m.executedAt)).toEqual([null, null])
    rmSync(join(folder, `${bad}.ts`))
    write(2, table('two'))
    await runUserMigrations(store, folder, 'latest')
    expect(await tables()).toEqual(['one', 'two'])
  })

  test('that want no transaction have none, after and before those that share one', async () => {
    const raw = (text: string) => `await (await import('kysely')).sql\`${text}\`.execute(db)`
    const concurrently = store.dialect === 'sqlite' ? '' : ' concurrently'
    const names = [
      write(1, table('one')),
      write(2, raw(`create index${concurrently} if not exists one_id on one (id)`), raw('drop index one_id')),
      write(3, table('three'), noTable('three')),
      write(4, `${raw("insert into one values ('kept')")}; throw new Error('half way')`),
    ]
    for (const name of [names[1], names[3]])
      appendFileSync(join(folder, `${name}.ts`), 'export const transaction = false\n')
    await expect(runUserMigrations(store, folder, 'latest')).rejects.toMatchObject({
      code: 'migration',
      message: expect.stringMatching(
        /half way; it runs outside of a transaction, so what it did before stays/,
      ),
    })
    expect(await tables()).toEqual(['one', 'three'])
    expect(await store.db.all('select id from one')).toEqual([{ id: 'kept' }])
    rmSync(join(folder, `${names[3]}.ts`))
    const down = async () => (await runUserMigrations(store, folder, 'down')).done.map(({ name }) => name)
    expect([await down(), await down()]).toEqual([[names[2]], [names[1]]])
    const again = await runUserMigrations(store, folder, 'latest')
    expect(again.done.map(({ name }) => name)).toEqual([names[1], names[2]])
  })

  test('that leave an invalid index do not count as done, and an index that others left keeps them from running', async (context) => {
    if (store.dialect === 'sqlite') return context.skip('it has no `create index concurrently`')
    const raw = (text: string) => `await (await import('kysely')).sql\`${text}\`.execute(db)`
    const plainly = (n: number, ...texts: string[]) => {
      const name = write(n, texts.map(raw).join('; '))
      appendFileSync(join(folder, `${name}.ts`), 'export const transaction = false\n')
      return name
    }
    const replaced = (name: string, n: number, ...texts: string[]) => {
      rmSync(join(folder, `${name}.ts`))
      return plainly(n, ...texts)
    }
    const latest = () => runUserMigrations(store, folder, 'latest')
    const unique = 'create unique index concurrently if not exists one_n on one (n)'
    await store.db.run('create table one (n integer)')
    await store.db.run('insert into one values (1), (1)')
    const first = plainly(1, unique)
    await expect(latest()).rejects.toThrow(/could not create unique index.*drop index concurrently if exists/)
    await expect(latest()).rejects.toMatchObject({
      code: 'migration',
      message: expect.stringMatching(
        /ran and does not count as done: the index "one_n" is invalid.*`drop index concurrently "one_n"`.*table=one/,
      ),
    })
    // Of another migration it is in the way before anything happens.
    const other = replaced(first, 1, 'insert into one values (2)')
    await expect(latest()).rejects.toMatchObject({
      code: 'migration',
      message: expect.stringMatching(/0001-m\d+ does not run: the index "one_n" is invalid/),
    })
    expect(await store.db.all('select n from one where n = 2')).toEqual([])
    // One that drops it first helps itself.
    await store.db.run('delete from one')
    const mended = replaced(other, 1, 'drop index concurrently if exists one_n', unique)
    expect((await latest()).done).toEqual([{ name: mended, direction: 'up' }])
    await store.db.run('insert into one values (1)')
    await expect(store.db.run('insert into one values (1)')).rejects.toThrow('one_n')
  })

  test('cannot be taken back without a `down`, and say so', async () => {
    const name = write(1, table('one'))
    const file = join(folder, `${name}.ts`)
    writeFileSync(file, readFileSync(file, 'utf8').split('\n')[0] ?? '')
    await runUserMigrations(store, folder, 'latest')
    await expect(runUserMigrations(store, folder, 'down')).rejects.toMatchObject({
      name: 'UserError',
      code: 'migration',
      message: `migration ${name} cannot be taken back: it has no function \`down\`; folder=${folder}`,
    })
    expect(await tables()).toEqual(['one'])
  })

  test('can rebuild a table that others refer to', async () => {
    write(
      1,
      `
      await db.schema.createTable('parent').addColumn('id', 'text', (c) => c.primaryKey()).execute()
      await db.schema.createTable('child').addColumn('id', 'text', (c) => c.primaryKey())
        .addColumn('parent', 'text', (c) => c.references('parent.id').onDelete('cascade')).execute()
      await db.insertInto('parent').values({ id: 'p' }).execute()
      await db.insertInto('child').values({ id: 'c', parent: 'p' }).execute()`,
    )
    if (store.dialect === 'sqlite') {
      write(
        2,
        `
        await db.schema.createTable('parent_new').addColumn('id', 'text', (c) => c.primaryKey()).addColumn('more', 'text').execute()
        await db.insertInto('parent_new').columns(['id']).expression(db.selectFrom('parent').select('id')).execute()
        await db.schema.dropTable('parent').execute()
        await db.schema.alterTable('parent_new').renameTo('parent').execute()`,
      )
    } else write(2, `await db.schema.alterTable('parent').addColumn('more', 'text').execute()`)
    await runUserMigrations(store, folder, 'latest')
    expect(await store.db.all('select * from child')).toEqual([{ id: 'c', parent: 'p' }])
    expect(await store.db.all('select * from parent')).toEqual([{ id: 'p', more: null }])
    if (store.dialect === 'sqlite')
      expect(await store.db.all('pragma foreign_keys')).toEqual([{ foreign_keys: 1 }])
  })

  test('with several statements in one query run all of them or none', async () => {
    const kysely = import.meta.resolve('kysely')
    const run = (text: string) =>
      `const { sql } = await import('${kysely}'); await sql.raw(\`${text}\`).execute(db)`
    write(1, run('create table one (id text); -- and no more\n /* nothing */ ;'))
    await runUserMigrations(store, folder, 'latest')
    write(2, run('create table two (id text); create table three (id text)'))
    const outcome = await runUserMigrations(store, folder, 'latest').catch((error: Error) => error)
    if (outcome instanceof Error) expect(outcome.message).toMatch(/one statement|multiple commands/)
    expect(await tables()).toEqual(outcome instanceof Error ? ['one'] : ['one', 'three', 'two'])
  })

  test('edited after they ran are told of, until they ran again or the edit was accepted', async () => {
    const [one, two] = [write(1, table('one'), noTable('one')), write(2, table('two'), noTable('two'))]
    await runUserMigrations(store, folder, 'latest')
    const problems = async () =>
      (await runUserMigrations(store, folder, 'status')).migrations.map(({ problem }) => problem)
    const edit = (name: string, from: string, to: string) => {
      const file = join(folder, `${name}.ts`)
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, to))
    }
    edit(one, "'one'", '"one" /* as a formatter would */')
    expect(await problems()).toEqual([null, null])
    edit(one, '"one"', "'first'")
    edit(two, "'two'", "'second'")
    expect(await problems()).toEqual(['edited', 'edited'])
    // It is told and no more: nothing runs for it.
    const report = await runUserMigrations(store, folder, 'latest')
    expect(report.done).toEqual([])
    expect(advices(report.migrations)).toEqual([
      expect.stringContaining(`migration ${one} was edited after it ran`),
      expect.stringContaining(`migration ${two} was edited after it ran`),
    ])
    // Taken back as it ran, and run as it is: a module is loaded once in a process, so the old text does it.
    await runUserMigrations(store, folder, 'down')
    await runUserMigrations(store, folder, 'up')
    expect(await problems()).toEqual(['edited', null])
    await runUserMigrations(store, folder, 'accept')
    expect(await problems()).toEqual([null, null])
  })

  test('that ran and have no file, or are due before one that ran, are named with what to do', async () => {
    const [one, three] = [write(1, table('one')), write(3, table('three'))]
    await runUserMigrations(store, folder, 'latest')
    rmSync(join(folder, `${one}.ts`))
    const { migrations } = await runUserMigrations(store, folder, 'status')
    expect(migrations).toMatchObject([
      { name: one, problem: 'missing' },
      { name: three, problem: null },
    ])
    await expect(runUserMigrations(store, folder, 'latest')).rejects.toMatchObject({
      name: 'UserError',
      code: 'migration',
      message: expect.stringContaining(`migration ${one} ran on this database and its file is not there`),
    })
    writeFileSync(join(folder, `${one}.ts`), 'export async function up() {}')
    const two = write(2, table('two'))
    for (const step of ['latest', 'up', 'down'] as const) {
      await expect(runUserMigrations(store, folder, step)).rejects.toMatchObject({
        code: 'migration',
        message: expect.stringContaining(
          `migration ${two} is due and comes before ${three}, which ran already`,
        ),
      })
    }
    expect(await tables()).toEqual(['one', 'three'])
  })

  test('give the row writers their tables', async () => {
    write(1, table('fresh'))
    await runUserMigrations(store, folder, 'latest')
    await store.transaction(async (tx) => {
      const side = tx.userSide()
      await side.rows.fresh?.upsert({ id: 'x' })
      await side.flush()
    })
    expect(await store.db.all('select * from fresh')).toEqual([{ id: 'x' }])
  })
})

describe('a folder of migrations', () => {
  const run = async () => {
    await using store = await openStore('sqlite::memory:', { observer: listener() })
    return await runUserMigrations(store, folder, 'latest')
  }

  test('that is not there, or holds something that is no migration, is a clear error', async () => {
    writeFileSync(join(folder, '0001-nothing.ts'), 'export const down = 1')
    await expect(run()).rejects.toMatchObject({
      message: expect.stringContaining(`must export a function \`up\`; file=${folder}/0001-nothing.ts`),
    })
    rmSync(join(folder, '0001-nothing.ts'))
    writeFileSync(join(folder, '0002-broken.ts'), 'export const up = (')
    await expect(run()).rejects.toMatchObject({
      message: expect.stringMatching(/cannot be loaded: .*file=.*0002-broken\.ts/s),
    })
    rmSync(folder, { recursive: true })
    await expect(run()).rejects.toMatchObject({
      message: expect.stringContaining('the folder of migrations cannot be read'),
    })
  })

  test('of a database that another process has locked is told to come back later', async () => {
    const file = join(folder, 'locked.db')
    write(1, table('one'))
    await using store = await openStore(`sqlite:${file}`, { observer: listener() })
    using other = new DatabaseSync(file)
    other.exec('begin immediate')
    await expect(runUserMigrations(store, folder, 'latest')).rejects.toMatchObject({
      name: 'TemporaryError',
      retry: true,
      message: `the database is locked by another process; file=${file}`,
    })
    other.exec('rollback')
    expect((await runUserMigrations(store, folder, 'latest')).done).toHaveLength(1)
  })

  test('may hold declarations, tests and other files beside them', async () => {
    write(1, table('one'))
    for (const name of ['0001-x.d.ts', '0001-x.test.ts', 'README.md', 'notes.json'])
      writeFileSync(join(folder, name), 'nonsense')
    expect((await run()).done).toHaveLength(1)
  })

  test('with two files of one name is refused', async () => {
    for (const extension of ['ts', 'js'])
      writeFileSync(join(folder, `0001-same.${extension}`), 'export const up = () => {}')
    await expect(run()).rejects.toMatchObject({
      message: expect.stringContaining('two migrations have the name 0001-same'),
    })
  })

  test('that lost one which was executed is refused', async () => {
    await using store = await openStore('sqlite::memory:', { observer: listener() })
    const name = write(1, table('one'))
    write(2, table('two'))
    await runUserMigrations(store, folder, 'latest')
    rmSync(join(folder, `${name}.ts`))
    await expect(runUserMigrations(store, folder, 'latest')).rejects.toMatchObject({
      code: 'migration',
      message: expect.stringContaining(name),
    })
  })
})

test('what Postgres does outside of a transaction only says how, and two processes at it take turns', async () => {
  const postgres = DIALECTS.find(({ name }) => name === 'postgres') as (typeof DIALECTS)[number]
  await using database = await postgres.fresh()
  const open = () => openStore(database.url, { observer: listener() })
  await using one = await open()
  await using other = await open()
  write(1, table('one'))
  const name = write(
    2,
    "await (await import('kysely')).sql`create index concurrently one_id on one (id)`.execute(db)",
  )
  await expect(runUserMigrations(one, folder, 'latest')).rejects.toThrow(
    'give it a file of its own with `export const transaction = false`',
  )
  rmSync(join(folder, `${name}.ts`))
  await runUserMigrations(one, folder, 'latest')
  const alone = write(
    3,
    `${table('two')}; await (await import('kysely')).sql\`create index concurrently two_id on two (id)\`.execute(db)`,
  )
  appendFileSync(join(folder, `${alone}.ts`), 'export const transaction = false\n')
  const reports = await Promise.all([one, other].map((store) => runUserMigrations(store, folder, 'latest')))
  expect(reports.map(({ done }) => done.length).sort()).toEqual([0, 1])
})

test('an index that somebody builds at this moment keeps no migration from running', async () => {
  const postgres = DIALECTS.find(({ name }) => name === 'postgres') as (typeof DIALECTS)[number]
  await using database = await postgres.fresh()
  await using store = await openStore(database.url, { observer: listener() })
  await store.db.run('create table one (id integer)')
  let building: Promise<unknown> = Promise.resolve()
  await store.db.transaction(async (tx) => {
    // Its builder waits for us to end.
    await tx.run('insert into one values (1)')
    building = store.db.run('create index concurrently one_id on one (id)')
    const begun = () => store.db.all('select 1 as one from pg_index where not indisvalid')
    await expect.poll(begun).toEqual([{ one: 1 }])
    appendFileSync(join(folder, `${write(1, table('two'))}.ts`), 'export const transaction = false\n')
    expect((await runUserMigrations(store, folder, 'latest')).done).toHaveLength(1)
  })
  await building
})
