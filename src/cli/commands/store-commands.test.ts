import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project } from '../../../test/support/project.ts'
import { cleanEnv, runCli } from '../../../test/support/run-node.ts'

const A = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const B = 'did:web:example.com'
let project: Project
const lextap = (args: string) => runCli(project.dir, args.split(' '))
const json = async (args: string) => JSON.parse((await lextap(`${args} --json`)).stdout)

beforeAll(() => {
  project = makeProject({ 'tap.config.ts': 'export default {}\n' })
})
afterAll(() => project.remove())

describe('before there is a database', () => {
  test.each([
    'status',
    'plan',
    'repos list',
    `repos resync ${A}`,
    'dead-letters list',
    'dead-letters retry --all',
    'outbox drop --all',
    'migrate status',
    'migrate down',
    'replay',
  ])('%s says so, ends with 1 and makes none', async (args) => {
    expect(await lextap(args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'error: there is no database yet: .lextap/app.db; lextap run makes it\n',
    })
    expect(existsSync(join(project.dir, '.lextap'))).toBe(false)
  })
})

describe('repos', () => {
  test('wrong DIDs are refused whole and named', async () => {
    const { code, stderr } = await lextap(`repos add ${A} alice.example nope`)
    expect(stderr).toContain('alice.example, nope are not DIDs')
    expect(code).toBe(1)
  })

  test('add, list, show: the accounts wait to be fetched', async () => {
    expect(await json(`repos add ${A} ${B} ${A}`)).toEqual({ added: 2, known: 0 })
    expect((await lextap(`repos add ${A}`)).stdout).toMatch(/^0 added, 1 followed already/)
    const rows = await json('repos list')
    expect(rows).toMatchObject([
      { did: A, state: 'pending', standing: 'active', rev: null },
      { did: B, state: 'pending' },
    ])
    expect(await json(`repos list --limit 1 --after ${rows[0].id}`)).toMatchObject([{ did: B }])
    expect(await json('repos list --state error')).toEqual([])
    expect((await lextap('repos list --state error')).stdout).toBe('there are none\n')
    expect((await lextap('repos list --excluded')).stdout).toBe('there are none\n')
    expect(await json(`repos show ${B}`)).toMatchObject({ did: B, records: 0, deadLetters: 0 })
    expect((await lextap('repos list')).stdout).toContain(`${A}  pending`)
  })

  test('a reader that has seen enough is no error', async () => {
    const command = `"${process.execPath}" --conditions=lextap-source "${resolve('src/cli/main.ts')}" repos list --json | true`
    const shell = spawnSync('bash', ['-c', `${command}; echo \${PIPESTATUS[0]}`], {
      cwd: project.dir,
      env: cleanEnv() as never,
      encoding: 'utf8',
    })
    expect(shell).toMatchObject({ stdout: '0\n', stderr: '' })
  })

  test('resync and remove mark the row for whoever runs', async () => {
    expect(await json(`repos resync ${A}`)).toEqual({ resync: [A] })
    expect(await json(`repos remove ${B} --keep-rows`)).toEqual({ removed: [B] })
    expect(await json(`repos show ${A}`)).toMatchObject({ state: 'desynchronized' })
    expect(await json(`repos show ${B}`)).toMatchObject({ removal: 'keep' })
    expect(await json('repos list --excluded')).toEqual([B])
    expect(await json(`repos list --excluded --after ${B}`)).toEqual([])
    expect((await lextap('repos list --excluded')).stdout).toBe(`${B}\n`)
    expect((await lextap(`repos remove ${B} --keep-rows`)).stdout).toMatch(
      /^1 to be removed, and not discovered again/,
    )
    const wrong = await lextap('repos list --after nope')
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(wrong.stderr).toContain('--after')
  })

  test('an account that is not followed is an error', async () => {
    const { code, stderr } = await lextap(`repos resync did:web:other.example ${A}`)
    expect(stderr).toBe('error: not followed: did:web:other.example; see: lextap repos list\n')
    expect(code).toBe(1)
  })
})

test('status counts what there is', async () => {
  expect(await json('status --records')).toMatchObject({
    repos: { total: 2, states: { pending: 1, desynchronized: 1 } },
    cursors: [],
    deadLetters: { total: 0 },
    resyncBuffer: { frames: 0 },
    records: {},
  })
  expect((await lextap('status')).stdout).toMatch(/^repos +2: 1 pending, 1 desynchronized$/m)
  expect((await lextap('status')).stdout).toMatch(/^database +sqlite:.*, [\d.]+ [KM]B$/m)
  expect((await lextap('status')).stdout).toMatch(/^backfill +1 to fetch, and no lextap runs$/m)
})

describe('dead-letters', () => {
  test('there are none, and what is not there is an error', async () => {
    expect(await json('dead-letters list')).toEqual([])
    expect(await lextap('dead-letters show 7')).toMatchObject({
      code: 1,
      stderr: 'error: no dead letter 7; see: lextap dead-letters list\n',
    })
    expect((await lextap('dead-letters drop')).stderr).toContain('say --all')
    expect(await json('dead-letters drop --all')).toEqual({ dropped: [] })
  })
})

describe('migrate', () => {
  test('without a folder it says how to begin', async () => {
    expect((await lextap('migrate up')).stderr).toContain('lextap migrate make init')
  })

  test('make, status, up, down', async () => {
    expect((await lextap('migrate make init')).stdout).toBe('wrote migrations/0001_init.ts\n')
    expect((await lextap('migrate make Second!')).code).toBe(1)
    expect((await lextap('migrate make second')).stdout).toBe('wrote migrations/0002_second.ts\n')
    expect((await lextap('migrate status')).stdout).toMatch(/0001_init +due\n0002_second +due\n/)
    expect((await lextap('migrate up')).stdout).toBe('up 0001_init\nup 0002_second\n')
    expect((await lextap('migrate up')).stdout).toBe('nothing to do\n')
    expect((await lextap('migrate down')).stdout).toBe('down 0002_second\n')
    const { migrations } = await json('migrate status')
    expect(migrations).toMatchObject([{ name: '0001_init' }, { name: '0002_second', executedAt: null }])
  })

  test('a migration that fails is named', async () => {
    project.write({
      'migrations/0003_bad.ts': "export async function up(): Promise<void> { throw new Error('no') }\n",
    })
    const { code, stderr } = await lextap('migrate up')
    expect(stderr).toContain('migration 0003_bad failed: no')
    expect(code).toBe(1)
  })
})
