import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DIALECTS, stopDatabases, type TestDatabase } from '../../../test/support/databases.ts'
import { makeDispatcher, put, unit } from '../../../test/support/dispatching.ts'
import { listener } from '../../../test/support/observer.ts'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli, startCli } from '../../../test/support/run-node.ts'
import { writeKnown } from '../../replay/changes.ts'
import { openReplay } from '../../replay/journal.ts'
import { openStore, type Store } from '../../store/open.ts'

afterAll(stopDatabases)

const STATUS = 'xyz.statusphere.status'
const RECORDS = 5
const KILLED = { DEADLY: 'kill' }
let project: Project
let database: TestDatabase

/** A handler that ends its process, or waits for ever, at the third replayed record, as its environment says. */
const handler = (version: number) => `import { on } from '../../generated/handlers.ts'
let seen = 0
export const status = on('${STATUS}', {
  version: ${version},
  async put({ uri, did, source, record }, { rows }) {
    await rows.status.upsert({ uri, did, status: 'v${version}', created_at: record.createdAt })
    if (source !== 'replay' || ++seen !== 3) return
    if (process.env.DEADLY === 'kill') process.kill(process.pid, 'SIGKILL')
    if (process.env.DEADLY === 'wait') console.log('held'), await new Promise(() => {})
  },
})
`
const open = () =>
  openStore(database.url, { observer: listener(), migrations: join(project.dir, 'migrations') })
const replay = (args: string, env: Record<string, string> = {}) =>
  runCli(project.dir, ['replay', '--database', database.url, ...args.split(' ').filter(Boolean)], env)
const rows = (store: Store) => store.db.all<{ status: string }>('select status from status order by status')

async function withStore<T>(fn: (store: Store) => Promise<T>): Promise<T> {
  await using store = await open()
  return await fn(store)
}

/** Records in the index and rows of an older handler in the table. */
async function fill(store: Store): Promise<void> {
  await store.repos.add(['did:plc:ewvi7nxzyoun6zhxrhs64oiz'])
  const row = await store.repos.get('did:plc:ewvi7nxzyoun6zhxrhs64oiz')
  if (row === null) throw new Error('no repo')
  await using dispatcher = makeDispatcher(store, [], listener(), { collections: [STATUS] })
  const at = '2026-01-01T00:00:00.000Z'
  const ops = Array.from({ length: RECORDS }, (_, i) =>
    put(STATUS, `3k${i}`, { status: '🦋', createdAt: at }),
  )
  await dispatcher.submit(unit(row, ops))
  await store.db.run("insert into status values ('at://old', 'did:plc:old', 'old', 'then')")
}

const all = (status: string) => Array.from({ length: RECORDS }, () => ({ status }))

describe.each(DIALECTS.filter(({ name }) => name !== 'pglite'))('a replay killed on $name', (dialect) => {
  beforeEach(async () => {
    database = await dialect.fresh()
    project = makeStatusphere()
    expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
    project.write({ 'src/handlers/status.ts': handler(1) })
    await withStore(fill)
  })
  afterEach(async () => {
    project.remove()
    await database[Symbol.asyncDispose]()
  })

  test('from empty goes on with the same command, and nothing is half done', async () => {
    expect(await replay('--fresh', KILLED)).toMatchObject({ signal: 'SIGKILL' })
    const between = await withStore(rows)
    expect(between).toEqual(dialect.name === 'postgres' ? [{ status: 'old' }] : [])
    const plan = await runCli(project.dir, ['plan', '--database', database.url])
    expect(plan.stdout).toContain(
      dialect.name === 'postgres' ? 'waits for: lextap replay --fresh' : 'an unfinished replay goes on',
    )
    expect(await replay('--fresh')).toMatchObject({ code: 0 })
    expect(await withStore(rows)).toEqual(all('v1'))
    expect(await withStore(openReplay)).toBeNull()
  })

  test('from empty can be given up where the old tables are whole, and only there', async () => {
    expect(await replay('--fresh', KILLED)).toMatchObject({ signal: 'SIGKILL' })
    const { code, stderr } = await replay('--restart')
    if (dialect.name === 'sqlite') {
      expect(stderr).toContain('tables are incomplete; finish it first: lextap replay --fresh')
      return
    }
    expect(code).toBe(0)
    expect(await withStore(rows)).toEqual([{ status: 'old' }, ...all('v1')])
    const left = "select nspname from pg_namespace where nspname like 'lextap%'"
    expect(await withStore((store) => store.db.all(left))).toEqual([])
    expect(await withStore(openReplay)).toBeNull()
  })

  test('from empty starts over when the handler has another version by then', async () => {
    expect(await replay('--fresh', KILLED)).toMatchObject({ signal: 'SIGKILL' })
    project.write({ 'src/handlers/status.ts': handler(2) })
    expect(await replay('--fresh')).toMatchObject({ code: 0 })
    expect(await withStore(rows)).toEqual(all('v2'))
  })
})

test('beside a process that may have older handlers a replay is not remembered as done', async () => {
  database = await (DIALECTS[2] as (typeof DIALECTS)[number]).fresh()
  project = makeStatusphere()
  expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
  project.write({ 'src/handlers/status.ts': handler(1) })
  await withStore(async (store) => {
    await fill(store)
    await writeKnown(store, { handlers: { [`status ${STATUS}`]: 0 }, lexicons: {} })
  })
  const plan = async () => (await runCli(project.dir, ['plan', '--database', database.url])).stdout
  const older = new pg.Client({ connectionString: database.url, application_name: 'lextap/older' })
  await older.connect()
  const beside = await replay('--handler status')
  expect(beside).toMatchObject({ code: 0, stderr: expect.stringContaining('with older handlers perhaps') })
  expect(await plan()).toContain('handler `status` version 0 -> 1')
  await older.end()
  expect(await replay('--handler status')).toMatchObject({ code: 0 })
  expect(await plan()).toBe('nothing changed\n')
  project.remove()
  await database[Symbol.asyncDispose]()
})

describe('two processes on one SQLite file', () => {
  beforeEach(async () => {
    database = await (DIALECTS[0] as (typeof DIALECTS)[number]).fresh()
    project = makeStatusphere()
    expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
    project.write({ 'src/handlers/status.ts': handler(1) })
    await withStore(fill)
  })
  afterEach(async () => {
    project.remove()
    await database[Symbol.asyncDispose]()
  })

  test('whoever watches a replay goes on with it when the process that did it is killed', async () => {
    const args = ['replay', '--database', database.url]
    await using first = startCli(project.dir, args, { DEADLY: 'wait' })
    await first.waitFor(/held/)
    await using second = startCli(project.dir, args)
    await second.waitFor(/lextap runs on this database/)
    first.child.kill('SIGKILL')
    const { code, stdout } = await second.finished
    expect(stdout).toMatch(/^5 records replayed/)
    expect(code).toBe(0)
    expect(await withStore(rows)).toEqual([{ status: 'old' }, ...all('v1')])
  })

  test('what cannot be handed over is refused with the reason', async () => {
    await using first = startCli(project.dir, ['replay', '--database', database.url], { DEADLY: 'wait' })
    await first.waitFor(/held/)
    expect(await replay('--fresh')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('stop lextap, replay'),
    })
    const other = await replay(`--did did:plc:ewvi7nxzyoun6zhxrhs64oiz`)
    expect(other).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/the database is locked by (another process|.* \(pid \d+\))/),
    })
  })
})
