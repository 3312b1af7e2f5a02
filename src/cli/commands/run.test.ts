import { readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli, startCli } from '../../../test/support/run-node.ts'

let project: Project

beforeAll(async () => {
  project = makeStatusphere({
    'tap.config.ts': `export default {
  track: { signal: 'xyz.statusphere.status' },
  // Nobody listens on this port.
  relay: 'ws://127.0.0.1:1',
  plc: 'http://127.0.0.1:1',
  handlers: process.env.HANDLERS ?? './src/handlers',
  generated: process.env.GENERATED ?? './generated',
}
`,
    'bad/throws.ts': "import '../generated/handlers.ts'\nthrow new Error('boom')\n",
    'bad/empty.ts': 'export const nothing = 1\n',
    'bad/unknown.ts':
      "import { on } from '../generated/handlers.ts'\nexport const x = on('app.bsky.feed.pots' as never, {})\n",
  })
  expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
})
afterAll(() => project.remove())

describe('what is wrong with the project shows at once: exit code 1', () => {
  test.each([
    [
      'there is no folder',
      { HANDLERS: './nothing' },
      'handlers: there is no folder or module nothing; create it, or set handlers',
    ],
    [
      'a module throws',
      { HANDLERS: './bad/throws' },
      'a handlers module threw while it was loaded: bad/throws.ts:2:7: boom',
    ],
    ['no handlers', { HANDLERS: './bad/empty.ts' }, 'bad/empty.ts exports no handlers (read one module)'],
    ['an unknown collection', { HANDLERS: './bad/unknown.ts' }, 'app.bsky.feed.pots'],
    [
      'nothing generated',
      { GENERATED: './gen' },
      'gen/handlers.ts is not there yet; write it with: lextap codegen',
    ],
  ])('%s', async (_, env, said) => {
    const { code, stderr } = await runCli(project.dir, ['run'], env)
    expect(stderr).toContain(said)
    expect(stderr).not.toMatch(/^ +at /m)
    expect(code).toBe(1)
  })
})

test('generated code that does not match the lexicons is refused, with what changed and the command that mends it', async () => {
  const file = 'lexicons/xyz/statusphere/status.json'
  const text = readFileSync(join(project.dir, file), 'utf8')
  const said = (what: string) =>
    `error: generated does not match the lexicons: ${what}; write it anew with: lextap codegen\n`
  const run = async () => (await runCli(project.dir, ['run'])).stderr
  project.write({ [file]: text.replace('"maxLength": 32', '"maxLength": 33') })
  expect(await run()).toBe(said('xyz.statusphere.status has changed'))
  project.write({ [file]: '{', 'lexicons/a/b/c.json': '{ "lexicon": 1, "id": "a.b.c", "defs": {} }' })
  expect(await run()).toBe(
    said('a.b.c is new, xyz/statusphere/status.json cannot be read, xyz.statusphere.status is gone'),
  )
  // White space is no change, and what runs elsewhere needs no lexicons at all.
  project.write({ [file]: JSON.stringify(JSON.parse(text)) })
  rmSync(join(project.dir, 'lexicons/a'), { recursive: true })
  await using formatted = startCli(project.dir, ['run'])
  await formatted.waitFor(/"msg":"starting"/)
  renameSync(join(project.dir, 'lexicons'), join(project.dir, 'elsewhere'))
  await using without = startCli(project.dir, ['run'], { TAP_DATABASE_URL: 'sqlite:./other.db' })
  await without.waitFor(/"msg":"starting"/)
  renameSync(join(project.dir, 'elsewhere'), join(project.dir, 'lexicons'))
  project.write({ [file]: text })
})

test('a database that cannot be reached is temporary: exit code 75, no password', async () => {
  const { code, stderr } = await runCli(project.dir, ['run'], {
    TAP_DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/x',
  })
  expect(stderr).toMatch(
    /^error: the database cannot be reached: .*postgres:\/\/me:\*\*\*@127\.0\.0\.1:1\/x/m,
  )
  expect(stderr).not.toContain('hunter2')
  expect(code).toBe(75)
})

test('a relay that cannot be reached is said and tried again; SIGTERM stops gracefully with 0', async () => {
  await using run = startCli(project.dir, ['run'])
  await run.waitFor(/the firehose cannot be reached; trying again/, 2)
  expect(run.stderr).toContain('"failures":2')
  run.child.kill('SIGTERM')
  const { code, signal, stderr } = await run.finished
  expect({ code, signal }).toEqual({ code: 0, signal: null })
  expect(stderr).toContain('stopping; once more ends at once')
  expect(stderr.trimEnd().split('\n').at(-1)).toContain('"msg":"stopped"')
})

test('a second process on the same database is refused and told who holds it', async () => {
  await using first = startCli(project.dir, ['run'])
  await first.waitFor(/cannot be reached/)
  const { code, stderr } = await runCli(project.dir, ['run'])
  expect(stderr).toContain(String(first.child.pid))
  expect(code).toBe(1)
})

test('commands that look work beside a running one', async () => {
  await using run = startCli(project.dir, ['run'])
  await run.waitFor(/cannot be reached/)
  const status = await runCli(project.dir, ['status', '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject({ repos: { total: 0 } })
})

test('doctor tells what is fine and what is wrong, and ends with 1 when anything is', async () => {
  const { code, stdout } = await runCli(project.dir, ['doctor', '--json'], {
    TAP_DATABASE_URL: 'sqlite:./doctor.db',
  })
  const findings = JSON.parse(stdout) as { check: string; verdict: string; detail: string }[]
  const of = (check: string) => findings.find((f) => f.check === check)
  expect(of('generated code')).toMatchObject({ verdict: 'ok' })
  expect(of('handlers')?.detail).toContain('xyz.statusphere.status')
  expect(of('database')).toMatchObject({ verdict: 'ok', detail: expect.stringContaining('is not there yet') })
  expect(of('relay')).toMatchObject({ verdict: 'wrong', detail: expect.stringContaining('127.0.0.1:1') })
  expect(of('PLC directory')).toMatchObject({ verdict: 'wrong' })
  expect(code).toBe(1)
  const plain = await runCli(project.dir, ['doctor'], { GENERATED: './gen', TAP_RELAY_URI: 'x' })
  expect(plain.stdout).toMatch(
    /^wrong +generated code +\d+ files are out of date; write them with: lextap codegen$/m,
  )
  expect(plain.stdout).toMatch(/^! +environment +TAP_RELAY_URI/m)
})
