import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS, freshPglite, stopDatabases } from '../../test/support/databases.ts'
import { listener } from '../../test/support/observer.ts'
import { SCHEMA_VERSION } from './migrate.ts'
import { openStore } from './open.ts'
import { parseDatabaseUrl } from './url.ts'

afterAll(stopDatabases)

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lextap-open-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = (url: string, options: { lock?: boolean; readOnly?: boolean } = {}) =>
  openStore(url, { observer: listener(), ...options })
const sqlite = (name = 'app.db') => `sqlite:${join(dir, name)}`
const isRoot = process.getuid?.() === 0

describe('a database URL', () => {
  test.each([
    ['sqlite:./a.db', { dialect: 'sqlite', path: '/base/a.db' }],
    ['sqlite:a.db', { dialect: 'sqlite', path: '/base/a.db' }],
    ['sqlite:/tmp/a.db', { dialect: 'sqlite', path: '/tmp/a.db' }],
    ['sqlite:///tmp/a.db', { dialect: 'sqlite', path: '/tmp/a.db' }],
    ['sqlite://./a.db', { dialect: 'sqlite', path: '/base/a.db' }],
    ['sqlite::memory:', { dialect: 'sqlite', path: ':memory:' }],
    ['pglite:./data', { dialect: 'pglite', path: '/base/data' }],
    ['pglite::memory:', { dialect: 'pglite', path: ':memory:' }],
    ['postgres://u:p@h/d', { dialect: 'postgres', url: 'postgres://u:p@h/d' }],
    ['postgresql://u:p@h/d', { dialect: 'postgres', url: 'postgresql://u:p@h/d' }],
  ])('%s is understood', (url, expected) => {
    expect(parseDatabaseUrl(url, '/base')).toEqual(expected)
  })

  test.each(['mysql://u:hunter2@h/d', './app.db', '', 'sqlite:', 'postgres:nonsense:'])(
    '%j is refused, and no password is shown',
    (url) => {
      try {
        parseDatabaseUrl(url)
        expect.unreachable()
      } catch (error) {
        expect(error).toMatchObject({ name: 'UserError' })
        expect(String(error)).not.toContain('hunter2')
      }
    },
  )
})

describe('opening SQLite', () => {
  test('makes the folders the file needs', async () => {
    await using store = await open(sqlite('deep/er/app.db'))
    expect(existsSync(join(dir, 'deep/er/app.db'))).toBe(true)
    expect(await store.repos.counts()).toMatchObject({ total: 0 })
  })

  test('uses a write-ahead log, so that readers do not wait', async () => {
    await using store = await open(sqlite())
    expect(await store.db.all('pragma journal_mode')).toEqual([{ journal_mode: 'wal' }])
  })

  test('keeps bytes whole in a database of UTF-16', async () => {
    const db = new DatabaseSync(join(dir, 'app.db'))
    db.exec("pragma encoding = 'UTF-16le'; create table mine (id integer)")
    db.close()
    await using store = await open(sqlite())
    const text = `select ${store.db.sql.joined('$1', '$2')} as bytes`
    expect(await store.db.all(text, [Uint8Array.of(1, 255, 0), Uint8Array.of(0, 216)])).toEqual([
      { bytes: Uint8Array.of(1, 255, 0, 0, 216) },
    ])
  })

  test('refuses a file that is no database', async () => {
    writeFileSync(join(dir, 'app.db'), 'x'.repeat(5000))
    await expect(open(sqlite())).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(`this file is not an SQLite database; file=${join(dir, 'app.db')}`),
    })
  })

  test('refuses a folder where the file should be, and a file where the folder should be', async () => {
    mkdirSync(join(dir, 'app.db'))
    for (const readOnly of [false, true]) {
      await expect(open(sqlite(), { readOnly })).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringContaining('a folder stands where the database file should be'),
      })
    }
    writeFileSync(join(dir, 'file'), '')
    await expect(open(sqlite('file/app.db'))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining("a file stands where the database's folder should be"),
    })
  })

  test('leaves nothing beside what is no database of ours', async () => {
    writeFileSync(join(dir, 'text'), 'x'.repeat(5000))
    mkdirSync(join(dir, 'folder'))
    const other = new DatabaseSync(join(dir, 'other.db'))
    other.exec('create table lextap_repo (mine text)')
    other.close()
    for (const name of ['text', 'folder', 'other.db']) await expect(open(sqlite(name))).rejects.toThrow()
    await expect(openStore(`pglite:${join(dir, 'text')}`, { observer: listener() })).rejects.toThrow()
    expect(readdirSync(dir).sort()).toEqual(['folder', 'other.db', 'text'])
  })

  test.skipIf(!existsSync('/proc/self'))('says at once where no folder can be made', async () => {
    for (const url of ['sqlite:/proc/nowhere/deep/app.db', 'pglite:/proc/nowhere/deep/data']) {
      await expect(open(url)).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringContaining("the database's folder cannot be made there"),
      })
    }
  })

  test.skipIf(isRoot)('says which rights are missing', async () => {
    await (await open(sqlite())).close()
    chmodSync(join(dir, 'app.db'), 0o444)
    await expect(open(sqlite())).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('cannot be written'),
    })
  })

  test('says when the disk is full, and that trying later may help', async () => {
    await using store = await open(sqlite())
    const [row] = await store.db.all<{ page_count: number }>('pragma page_count')
    await store.db.all(`pragma max_page_count = ${row?.page_count}`)
    const filling = store.transaction(async (tx) => {
      for (let i = 0; i < 1000; i++)
        await tx.run('insert into lextap_meta (key, value) values ($1, $2)', [`${i}`, 'x'.repeat(1000)])
    })
    const error = await filling.catch((e: unknown) => e)
    expect(store.db.faultOf(error)).toBe('space')
    expect(await store.meta.get('0')).toBeNull()
  })
})

describe('one process at a time', () => {
  test('a second process on the file is refused and told who holds it', async () => {
    await using _ = await open(sqlite())
    await expect(open(sqlite())).rejects.toMatchObject({
      name: 'UserError',
      code: 'locked',
      message: expect.stringContaining(`file=${join(dir, 'app.db')}; pid=${process.pid}`),
    })
  })

  test('the lock goes with the store', async () => {
    await (await open(sqlite())).close()
    await (await open(sqlite())).close()
  })

  test('a store that failed to open holds no lock', async () => {
    writeFileSync(join(dir, 'app.db'), 'x'.repeat(5000))
    await expect(open(sqlite())).rejects.toThrow()
    rmSync(join(dir, 'app.db'))
    await (await open(sqlite())).close()
  })

  test('the lock of a killed process is free at once', async () => {
    const script = `
      const { openStore } = await import('${import.meta.dirname}/open.ts')
      const nothing = () => {}
      const observer = { log: { warn: nothing }, metrics: { count: nothing } }
      const store = await openStore('${sqlite()}', { observer })
      await store.repos.add(['did:plc:killed'])
      console.log('open')
      setInterval(() => {}, 1000)`
    const child = spawn(
      process.execPath,
      ['--conditions=lextap-source', '--input-type=module', '-e', script],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await once(child.stdout, 'data')
    await expect(open(sqlite())).rejects.toMatchObject({
      message: expect.stringContaining(`pid=${child.pid}`),
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await using store = await open(sqlite())
    expect(await store.repos.get('did:plc:killed')).not.toBeNull()
  })

  test('a tool without the lock adds repos beside a running process, which learns of them', async () => {
    await using running = await open(sqlite())
    await running.repos.add(['did:plc:old'])
    await using tool = await open(sqlite(), { lock: false })
    await tool.repos.add(['did:plc:new'])
    const old = await tool.repos.get('did:plc:old')
    await tool.repos.patch(old?.id ?? 0, { state: 'desynchronized' })
    expect(await running.repos.refresh()).toBe(true)
    expect(running.repos.mayTrack('did:plc:new')).toBe(true)
    expect(await running.repos.get('did:plc:old')).toMatchObject({ state: 'desynchronized' })
    expect(await running.repos.refresh()).toBe(false)
  })

  test('a file in the place of a PGlite folder is named', async () => {
    const file = join(dir, 'file')
    writeFileSync(file, 'no folder')
    await expect(openStore(`pglite:${file}`, { observer: listener() })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining("a file stands where the database's folder should be"),
    })
  })

  test('no PGlite database is made among the files of others', async () => {
    const folder = join(dir, 'photos')
    mkdirSync(folder)
    writeFileSync(join(folder, 'cat.jpg'), '')
    await expect(open(`pglite:${folder}`)).rejects.toMatchObject({
      name: 'UserError',
      message: `the folder holds other files and no PGlite database: name a new or an empty one; folder=${folder}; holds=cat.jpg`,
    })
    expect([readdirSync(dir), readdirSync(folder)]).toEqual([['photos'], ['cat.jpg']])
  })

  test('PGlite folders are never shared: a tool is refused as well', async () => {
    await using database = await freshPglite()
    await using _ = await open(database.url)
    await expect(open(database.url, { lock: false })).rejects.toMatchObject({
      name: 'UserError',
      code: 'locked',
      message: expect.stringContaining(`pid=${process.pid}`),
    })
  })
})

describe('read-only', () => {
  test('needs a schema and says how to get one', async () => {
    new DatabaseSync(join(dir, 'app.db')).close()
    await expect(open(sqlite(), { readOnly: true })).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('holds no lextap tables yet'),
    })
  })

  test('reads beside a running process and writes nothing', async () => {
    await using running = await open(sqlite())
    await running.repos.add(['did:plc:a'])
    await using reader = await open(sqlite(), { readOnly: true })
    expect(await reader.repos.get('did:plc:a')).not.toBeNull()
    await expect(reader.repos.add(['did:plc:b'])).rejects.toThrow()
  })
})

describe.each(DIALECTS)('the schema on $name', ({ fresh }) => {
  test('from a newer lextap is refused', async () => {
    await using database = await fresh()
    const store = await open(database.url)
    await store.meta.set('schema', String(SCHEMA_VERSION + 1))
    await store.close()
    await expect(open(database.url)).rejects.toMatchObject({
      name: 'UserError',
      code: 'schema',
      message: expect.stringContaining('from a newer lextap'),
    })
  })

  test('is left alone when it is current, data included', async () => {
    await using database = await fresh()
    const store = await open(database.url)
    await store.repos.add(['did:plc:a'])
    await store.close()
    await using again = await open(database.url)
    expect(again.repos.mayTrack('did:plc:a')).toBe(true)
    expect(await again.repos.get('did:plc:a')).not.toBeNull()
  })
})

describe('opening Postgres', () => {
  const [, , postgres] = DIALECTS
  if (postgres === undefined) throw new Error('no Postgres')
  const as = (url: string, user: string) => url.replace('postgres:secret', `${user}:secret`)

  test('says when it cannot be reached, and that trying later may help', async () => {
    await expect(open('postgres://u:hunter2@127.0.0.1:1/db')).rejects.toMatchObject({
      name: 'TemporaryError',
      message: expect.stringMatching(
        /cannot be reached: .*ECONNREFUSED.*postgres:\/\/u:\*\*\*@127\.0\.0\.1:1\/db/,
      ),
    })
  })

  test('says when the password is wrong or the database missing', async () => {
    await using database = await postgres.fresh()
    const wrong = database.url.replace('secret', 'hunter2')
    await expect(open(wrong)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('refused user or password'),
    })
    await expect(open(wrong)).rejects.not.toMatchObject({ message: expect.stringContaining('hunter2') })
    const missing = new URL(database.url)
    missing.pathname = '/nowhere'
    await expect(open(missing.href)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('no such database'),
    })
  })

  test('says when a right is lacking: on our tables, or to make any', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    await store.db.run("create role reader login password 'secret'")
    await expect(open(as(database.url, 'reader'))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(/lacks a right: permission denied .*reader:\*\*\*@/),
    })
    await using empty = await postgres.fresh()
    await expect(open(as(empty.url, 'reader'))).rejects.toMatchObject({
      message: expect.stringContaining('lacks a right: permission denied for schema public'),
    })
  })

  test('says when the server is too old', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    await store.db.run('create schema past')
    await store.db.run(
      "create function past.current_setting(text) returns text language sql as $$ select '130014' $$",
    )
    const past = new URL(database.url)
    past.searchParams.set('options', '-c search_path=past,pg_catalog,public')
    await expect(open(past.href)).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('PostgreSQL 13 is too old: lextap needs 14 or newer'),
    })
  })

  test('refuses a database in another encoding than UTF-8, also to look at, and says how to make one', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    const name = `${new URL(database.url).pathname.slice(1)}_latin`
    await store.db.run(`create database ${name} encoding 'LATIN1' locale 'C' template template0`)
    const latin = new URL(database.url)
    latin.pathname = `/${name}`
    for (const readOnly of [false, true])
      await expect(open(latin.href, { readOnly })).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringMatching(
          /is encoded in LATIN1, .*: createdb --encoding=UTF8 --template=template0 .*_latin_utf8; url=.*:\*\*\*@/,
        ),
      })
    await store.db.run(`drop database ${name} with (force)`)
  })

  test('says when database, role or URL are set read-only, and what takes that back', async () => {
    await using database = await postgres.fresh()
    await (await open(database.url)).close()
    const name = new URL(database.url).pathname.slice(1)
    const refused = (url: string, mending: string) =>
      expect(open(url)).rejects.toMatchObject({
        name: 'UserError',
        message: expect.stringContaining(`default_transaction_read_only is on, ${mending}; url=`),
      })
    const reset = 'reset default_transaction_read_only'
    await refused(
      `${database.url}?options=-c%20default_transaction_read_only%3Don`,
      'set by the URL or PGOPTIONS',
    )
    await using tool = await open(database.url)
    const role = `${name}_looking`
    await tool.db.run(`create role ${role} superuser login password 'secret'`)
    await tool.db.run(`alter role ${role} set default_transaction_read_only = on`)
    await refused(as(database.url, role), `set for the role: alter role "${role}" ${reset}`)
    await tool.db.run(`alter database ${name} set default_transaction_read_only = on`)
    await refused(database.url, `set for the database: alter database "${name}" ${reset}`)
    await using looking = await open(database.url, { readOnly: true })
    expect(looking.dialect).toBe('postgres')
    await tool.db.run(`drop role ${role}`)
  })

  test('says when the server is a standby, and that trying later may help', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    await store.db.run('create schema standby')
    await store.db.run(
      'create function standby.pg_is_in_recovery() returns boolean language sql as $$ select true $$',
    )
    const standby = new URL(database.url)
    standby.searchParams.set('options', '-c search_path=standby,pg_catalog,public')
    await expect(open(standby.href)).rejects.toMatchObject({
      name: 'TemporaryError',
      message: expect.stringMatching(/the server is a standby, which takes no writes: .*; url=/),
    })
  })

  test('says when it takes no more connections, and that trying later may help', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    await store.db.run("create role crowd login password 'secret' connection limit 0")
    await expect(open(as(database.url, 'crowd'))).rejects.toMatchObject({
      name: 'TemporaryError',
      message: expect.stringMatching(/accepts no more connections; url=.*crowd:\*\*\*@/),
    })
  })

  test('says when its disk is full, and that trying later may help', async () => {
    await using database = await postgres.fresh()
    await using store = await open(database.url)
    await store.meta.set('schema', '0')
    await store.db.run(`create function full_disk() returns event_trigger language plpgsql as
      $$ begin raise 'could not extend file' using errcode = 'disk_full'; end $$`)
    await store.db.run('create event trigger full_disk on ddl_command_start execute function full_disk()')
    await expect(open(database.url)).rejects.toMatchObject({
      name: 'TemporaryError',
      message: expect.stringMatching(/disk is full; url=.*:\*\*\*@/),
    })
  })
})

test('the pid file names the process that runs', async () => {
  await using _ = await open(sqlite())
  expect(readFileSync(join(dir, 'app.db.pid'), 'utf8').trim()).toBe(String(process.pid))
})
