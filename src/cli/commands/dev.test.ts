import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli, startCli } from '../../../test/support/run-node.ts'

let project: Project
const SANDBOX = ['dev', '--sandbox', '--repos', '12', '--records', '40', '--rate', '100']

beforeAll(() => {
  project = makeStatusphere()
})
afterAll(() => project.remove())

test('dev --sandbox generates, discovers, fetches, follows, and ends level with the network', async () => {
  const { code, stdout, stderr } = await runCli(project.dir, [...SANDBOX, '--until-level'])
  expect(stderr).toContain('generated: wrote')
  expect(stdout).toContain('level: the index holds every record of the network and no other')
  expect(code).toBe(0)
  const table = (name: string) => Number(new RegExp(`^${name} +(\\d+)$`, 'm').exec(stdout)?.[1])
  const [network, indexed] =
    /^xyz\.statusphere\.status +(\d+) +(\d+) +0$/m.exec(stdout)?.slice(1).map(Number) ?? []
  expect(network).toBeGreaterThan(11)
  expect(indexed).toBe(network)
  expect(table('status')).toBe(network)
  const rows = await runCli(project.dir, ['repos', 'list', '--json'], {
    TAP_DATABASE_URL: 'sqlite:.lextap/sandbox.db',
  })
  expect(JSON.parse(rows.stdout).length).toBeGreaterThan(11)
})

test('a project that follows nobody is level with what it follows at once', async () => {
  const alone = makeStatusphere({ 'tap.config.ts': 'export default { track: { dids: [] } }\n' })
  const { code, stdout } = await runCli(alone.dir, [...SANDBOX, '--until-level'])
  alone.remove()
  expect(stdout).toContain('level: ')
  expect(code).toBe(0)
})

test('an interrupt ends the sandbox gracefully, with the comparison', async () => {
  await using dev = startCli(project.dir, SANDBOX)
  // Before the first repo is found the page has other words.
  await dev.waitFor(/[1-9]\d* of \d+ repos level/)
  const page = /"page":"(http:[^"]+)"/.exec(dev.stderr)?.[1] ?? ''
  expect(await (await fetch(page, { headers: { accept: 'text/html' } })).text()).toContain('repos level')
  dev.child.kill('SIGINT')
  const { code, stdout } = await dev.finished
  expect(stdout).toContain('level: the index holds every record')
  expect(code).toBe(0)
})

test('what is for the sandbox alone is refused without it', async () => {
  const { code, stderr } = await runCli(project.dir, ['dev', '--repos', '5', '--until-level'])
  expect(stderr).toMatch(/^error: --repos, --until-level are for --sandbox alone$/m)
  expect(code).toBe(2)
})

test('a second sandbox is refused and leaves the database of the first alone', async () => {
  await using dev = startCli(project.dir, SANDBOX)
  await dev.waitFor(/live events/)
  const file = join(project.dir, '.lextap/sandbox.db')
  const before = statSync(file).ino
  const { code, stderr } = await runCli(project.dir, SANDBOX)
  expect(stderr).toContain(
    `another lextap process uses this database: stop it first; file=${file}; pid=${dev.child.pid}`,
  )
  expect(code).toBe(1)
  expect(statSync(file).ino).toBe(before)
})

test('a handler that throws leaves dead letters; mended, they are retried', async () => {
  const handler = (body: string) => ({
    'src/handlers/status.ts': `import { on } from '../../generated/handlers.ts'
export const status = on('xyz.statusphere.status', {
  async put({ uri, did, record }, { rows }) {
    ${body}
    await rows.status.upsert({ uri, did, status: record.status, created_at: record.createdAt })
  },
  async delete({ uri }, { rows }) {
    await rows.status.delete({ uri })
  },
})
`,
  })
  project.write(handler("if (record.status === '👍') throw new Error('no thumbs')"))
  const database = { TAP_DATABASE_URL: 'sqlite:.lextap/sandbox.db' }
  const lextap = (...args: string[]) => runCli(project.dir, args, database)
  const sandbox = await runCli(project.dir, [...SANDBOX, '--until-level'])
  expect(sandbox.stdout).toContain('level: ')
  const letters = JSON.parse((await lextap('dead-letters', 'list', '--limit', '1000', '--json')).stdout)
  expect(letters.length).toBeGreaterThan(0)
  expect(letters[0]).toMatchObject({
    kind: 'handler',
    collection: 'xyz.statusphere.status',
    record: { status: '👍' },
  })
  const { stdout: shown } = await lextap('dead-letters', 'show', String(letters[0].id))
  expect(shown).toMatch(/no thumbs\n.*status\.ts:4/)

  const still = await lextap('dead-letters', 'retry', String(letters[0].id))
  expect(still).toMatchObject({ code: 1, stdout: '1 failed\n' })
  project.write(handler(''))
  const retried = await lextap('dead-letters', 'retry', '--all')
  expect(retried).toMatchObject({ code: 0, stdout: `${letters.length} applied\n` })
  expect((await lextap('dead-letters', 'list', '--json')).stdout).toBe('[]\n')
})

test('dev starts over when handlers or config change, and keeps what runs when nothing can be generated', async () => {
  project.write({ 'tap.config.ts': "export default { relay: 'ws://127.0.0.1:1' }\n" })
  await using dev = startCli(project.dir, ['dev'])
  await dev.waitFor(/cannot be reached/)
  project.write({ 'src/handlers/extra.ts': 'export const nothing = 1\n' })
  await dev.waitFor(/something changed: starting over/)
  await dev.waitFor(/"msg":"starting"/, 2)

  project.write({ 'tap.config.ts': "export default { relay: 'ws://127.0.0.1:2', handlers: './handlers' }\n" })
  await dev.waitFor(/there is no folder or module handlers/)
  await dev.waitFor(/it ended with 1; waiting for a change/)
  project.write({ 'tap.config.ts': "export default { relay: 'ws://127.0.0.1:2' }\n" })
  await dev.waitFor(/"relay":"ws:\/\/127\.0\.0\.1:2"/)

  const stops = () => [...dev.stderr.matchAll(/"msg":"stopped"/g)].length
  const before = stops()
  project.write({ 'lexicons/com/example/broken.json': '{' })
  await dev.waitFor(/error: the lexicons have errors/)
  project.write({ 'tap.config.ts': 'export default { relay: \n' })
  await dev.waitFor(/the config file does not parse/)
  expect(stops()).toBe(before)
  dev.child.kill('SIGTERM')
  expect((await dev.finished).code).toBe(0)
})
