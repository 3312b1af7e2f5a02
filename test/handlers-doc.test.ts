import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../src/store/open.ts'
import { makeDispatcher, put, unit } from './support/dispatching.ts'
import { listener } from './support/observer.ts'
import { makeStatusphere } from './support/project.ts'
import { runCli } from './support/run-node.ts'

const STATUS = 'xyz.statusphere.status'
const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const blocks = (language: string, page = 'replay') =>
  [
    ...readFileSync(`docs/${page}.md`, 'utf8').matchAll(
      new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'),
    ),
  ].map((m) => m[1] ?? '')
const project = makeStatusphere()
afterAll(() => project.remove())

beforeAll(async () => {
  expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
  await using store = await openStore(`sqlite:${join(project.dir, '.lextap/app.db')}`, {
    observer: listener(),
  })
  await store.repos.add([DID])
  const row = await store.repos.get(DID)
  if (row === null) throw new Error('no repo')
  await using dispatcher = makeDispatcher(store, [], listener(), { collections: [STATUS] })
  const record = { status: '🦋', createdAt: '2026-01-01T00:00:00.000Z' }
  await dispatcher.submit(unit(row, [put(STATUS, '3k1', record), put(STATUS, '3k2', record)]))
})

test('the commands of docs/replay.md do what stands beside them', async () => {
  const lines = blocks('sh').flatMap((block) => block.trim().split('\n'))
  const commands = lines.map((line) => line.replace(/\s+#.*$/, '').replace('did:plc:…', DID))
  const printed: string[] = []
  for (const command of commands) {
    const args = /^lextap (.+)$/.exec(command)?.[1]?.split(' ') ?? []
    const { code, stdout, stderr } = await runCli(project.dir, args)
    expect({ command, code, stderr: code === 0 ? '' : stderr }).toEqual({ command, code: 0, stderr: '' })
    printed.push(`${command}: ${stdout.split('\n')[0]?.replace(/ in .*$/, '')}`)
  }
  expect(printed).toEqual([
    'lextap plan: nothing changed',
    'lextap replay: 2 records replayed',
    'lextap replay --handler status: 2 records replayed',
    'lextap replay --collection app.bsky.feed.*: 0 records replayed',
    `lextap replay --did ${DID}: 2 records replayed`,
    'lextap replay --fresh: 2 records replayed',
  ])
})

test('the handler of docs/replay.md has its records replayed', async () => {
  const [handler = ''] = blocks('ts')
  project.write({
    'src/handlers/status.ts': `import { on } from '../../generated/handlers.ts'\n\n${handler}`,
  })
  const { stdout } = await runCli(project.dir, ['plan'])
  expect(stdout).toBe(`${STATUS}: handler \`status\` version 0 -> 2: 2 records will be replayed\n`)
})

test('the handler of docs/handlers.md takes what is stored', async () => {
  const [handler = ''] = blocks('ts', 'handlers')
  project.write({ 'src/handlers/status.ts': handler })
  expect((await runCli(project.dir, ['replay', '--fresh'])).stdout).toContain('2 records replayed')
  await using store = await openStore(`sqlite:${join(project.dir, '.lextap/app.db')}`, {
    observer: listener(),
  })
  expect(await store.db.all('select status from status')).toEqual([{ status: '🦋' }, { status: '🦋' }])
})
