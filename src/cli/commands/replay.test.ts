import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDispatcher, on, put, unit } from '../../../test/support/dispatching.ts'
import { listener } from '../../../test/support/observer.ts'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli } from '../../../test/support/run-node.ts'
import { openStore } from '../../store/open.ts'

const STATUS = 'xyz.statusphere.status'
const RECORDS = 5
const ops = Array.from({ length: RECORDS }, (_, i) =>
  put(STATUS, `3k${i}`, { text: '', status: '🦋', createdAt: '2026-01-01T00:00:00.000Z' }),
)
let project: Project
const lextap = (args: string) => runCli(project.dir, args.split(' '))
const json = async (args: string) => JSON.parse((await lextap(`${args} --json`)).stdout)
const open = () => openStore(`sqlite:${join(project.dir, '.lextap/app.db')}`, { observer: listener() })
const rows = async () => {
  await using store = await open()
  return (await store.db.all('select * from status')).length
}

beforeAll(async () => {
  project = makeStatusphere()
  expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
  await using store = await open()
  await store.repos.add(['did:plc:ewvi7nxzyoun6zhxrhs64oiz'])
  const row = await store.repos.get('did:plc:ewvi7nxzyoun6zhxrhs64oiz')
  if (row === null) throw new Error('no repo')
  await using dispatcher = makeDispatcher(store, [], listener(), { collections: [STATUS] })
  await dispatcher.submit(unit(row, ops))
})
afterAll(() => project.remove())

test('records that are stored make the rows, and the next start has nothing to do', async () => {
  const { code, stdout } = await lextap('replay')
  expect(stdout).toMatch(/^5 records replayed in \d+\.\d s/)
  expect(code).toBe(0)
  expect(await rows()).toBe(RECORDS)
  expect(await json('plan')).toEqual([])
  expect((await lextap('plan')).stdout).toBe('nothing changed\n')
})

test('plan says what a raised version brings, and does nothing', async () => {
  const file = 'src/handlers/status.ts'
  const text = readFileSync(join(project.dir, file), 'utf8')
  project.write({ [file]: text.replace(`on('${STATUS}', {`, `on('${STATUS}', {\n  version: 2,`) })
  const { stdout } = await lextap('plan')
  expect(stdout).toContain(`${STATUS}: handler \`status\` version 0 -> 2: 5 records will be replayed\n`)
  expect(await json('plan')).toMatchObject([
    { what: 'replay', collections: [STATUS], automatic: true, count: 5, missing: 0 },
  ])
})

test('what it is called and where it stands in the file is no version', async () => {
  expect((await lextap('replay')).code).toBe(0)
  const file = 'src/handlers/status.ts'
  const text = readFileSync(join(project.dir, file), 'utf8')
  project.write({ [file]: `// Another comment.\n\n${text.replace('version: 2', 'version: 1 + 1')}` })
  expect(await json('plan')).toEqual([])
})

test('a raised version whose handler was replayed by name needs no replay at the next start', async () => {
  const file = 'src/handlers/status.ts'
  const text = readFileSync(join(project.dir, file), 'utf8')
  project.write({ [file]: text.replace('version: 1 + 1', 'version: 3') })
  expect(await json('plan')).toMatchObject([{ what: 'replay', collections: [STATUS], count: RECORDS }])
  // Other handlers, or some accounts, are not all of it.
  expect(await json('replay --did did:plc:ewvi7nxzyoun6zhxrhs64oiz')).toMatchObject({ done: RECORDS })
  expect(await json('replay --handler post')).toMatchObject({ done: 0 })
  expect(await json('plan')).toHaveLength(1)
  expect(await json('replay --handler status')).toMatchObject({ done: RECORDS })
  expect(await json('plan')).toEqual([])
})

test('fresh empties the tables first', async () => {
  {
    await using store = await open()
    await store.db.run("update status set uri = uri || 'x'")
  }
  expect(await json('replay')).toMatchObject({ done: RECORDS })
  expect(await rows()).toBe(2 * RECORDS)
  expect(await json('replay --fresh')).toMatchObject({ done: RECORDS, letters: 0, error: null })
  expect(await rows()).toBe(RECORDS)
})

test.each([
  ['replay --collection com.example.nope', `no handler takes com.example.nope; handled collections: `],
  ['replay --handler nope', 'no such handler: nope; handlers: '],
  ['replay --fresh --handler status', 'fresh rebuilds all tables from empty'],
  ['replay --fresh --keep-table nope', 'no migration makes a table nope; tables: '],
  ['replay --did did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', 'not followed: did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'],
  ['replay --keep-old', '--keep-table and --keep-old belong to --fresh'],
])('%s is refused with what there is', async (args, said) => {
  const { code, stderr } = await lextap(args)
  expect(stderr).toContain(said)
  expect(code).toBe(1)
})

test('records without a body are named and counted, and what to do about them', async () => {
  {
    await using store = await open()
    await store.db.run("update lextap_record set body = null where rkey in ('3k0', '3k1')")
  }
  const { code, stderr } = await lextap('replay')
  expect(stderr).toContain(`cannot be replayed: ${STATUS} (2 of 5); set records: 'keep'`)
  expect(code).toBe(1)
  expect((await lextap('replay --allow-missing')).stdout).toContain('2 records have no stored body')
  expect((await json('status --records')).sizes[STATUS]).toMatchObject({ records: 5, missing: 2 })
  expect(await json('replay --fetch')).toEqual({ collections: [STATUS], repos: 0 })
})

test('what was fetched again has its body, and nobody hears of the rest', async () => {
  await using store = await open()
  const row = await store.repos.get('did:plc:ewvi7nxzyoun6zhxrhs64oiz')
  if (row === null) throw new Error('no repo')
  const heard: string[] = []
  const handler = on(STATUS, { put: ({ action, rkey }) => void heard.push(`${action} ${rkey}`) })
  await using dispatcher = makeDispatcher(store, [handler], listener(), {})
  await dispatcher.submit(unit(row, ops, { mode: 'diff', run: 2, source: 'resync' }))
  expect(heard).toEqual(['update 3k0', 'update 3k1'])
  expect((await json('status --records')).sizes[STATUS]).toMatchObject({ records: RECORDS, missing: 0 })
})
