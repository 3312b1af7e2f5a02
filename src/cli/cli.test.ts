import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project } from '../../test/support/project.ts'
import { runCli } from '../../test/support/run-node.ts'
import { COMMANDS } from './program.ts'

let project: Project
const lextap = (args: string, env: Record<string, string> = {}) => runCli(project.dir, args.split(' '), env)

beforeAll(() => {
  project = makeProject({
    'tap.config.ts':
      "export default { database: 'postgres://me:hunter2@db.example/app', server: { password: 'hunter3' } }\n",
    'broken.config.ts': "export default { relays: 'wss://x.example', records: 'kep' }\n",
    'throws.config.ts': "throw new Error('boom')\n",
  })
})
afterAll(() => project.remove())

describe('help and usage', () => {
  test('help lists every command and ends with 0', async () => {
    const { code, stdout } = await lextap('--help')
    expect(code).toBe(0)
    for (const { name, summary } of COMMANDS)
      expect(stdout.replace(/\s+/g, ' ')).toContain(`${name} ${summary}`)
  })

  test.each(COMMANDS.map((c) => [c.name]))('%s has a help of its own', async (name) => {
    const { code, stdout, stderr } = await lextap(`help ${name}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(`Usage: lextap ${name}`)
  })

  test('the version is that of the package', async () => {
    expect(await lextap('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' })
  })

  test.each([
    ['confg', "error: unknown command 'confg'\n(Did you mean config?)"],
    ['config prnt', "error: unknown command 'prnt'\n(Did you mean print?)"],
    ['config print --jsno', "error: unknown option '--jsno'\n(Did you mean --json?)"],
    ['config print --log-level loud', 'Allowed choices are trace, debug, info, warn, error, silent.'],
    ['config print more', 'too many arguments'],
    ['repos add', "missing required argument 'did'"],
    ['repos list --limit none', 'It must be a whole number above 0.'],
  ])('lextap %s is wrong usage: exit code 2 and the nearest name', async (args, said) => {
    const { code, stderr } = await lextap(args)
    expect(stderr).toContain(said)
    expect(code).toBe(2)
  })
})

describe('config print', () => {
  test('shows every option, secrets masked', async () => {
    const { code, stdout, stderr } = await lextap('config print')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^database +postgres:\/\/me:\*\*\*@db\.example\/app$/m)
    expect(stdout).toMatch(/^server\.password +\*\*\*$/m)
    expect(stdout).toMatch(/^track\.network +-$/m)
    expect(stdout).not.toContain('hunter')
  })

  test('as JSON, with what the environment says', async () => {
    const { stdout } = await lextap('config print --json', {
      TAP_RESYNC_PARALLELISM: '3',
      TAP_FULL_NETWORK: '1',
    })
    expect(JSON.parse(stdout)).toMatchObject({
      root: project.dir,
      database: 'postgres://me:***@db.example/app',
      backfill: { concurrency: 3 },
      track: { full: true },
    })
  })

  test('unknown names of the environment are said on stderr', async () => {
    const { code, stderr } = await lextap('config print', { TAP_RELAY_URI: 'x' })
    expect(stderr).toContain('TAP_RELAY_URI: there is no such variable, it is ignored; did you mean')
    expect(code).toBe(0)
  })

  test('a wrong config ends with 1, all problems, no stack', async () => {
    const { code, stderr } = await lextap('config print -c broken.config.ts')
    expect(stderr).toBe(
      [
        'error: 2 problems in the config (broken.config.ts):',
        '  records: "kep" is not allowed; allowed: \'keep\' or \'index\'; did you mean "keep"?',
        '  relays: there is no such option; did you mean "relay"?',
        '',
      ].join('\n'),
    )
    expect(code).toBe(1)
  })

  test('a config that throws ends with 1 and the line; --debug adds the stacks', async () => {
    const plain = await lextap('config print -c throws.config.ts')
    expect(plain).toMatchObject({
      code: 1,
      stderr: 'error: the config file threw while it was loaded: throws.config.ts:1:7: boom\n',
    })
    const debug = await lextap('config print --debug -c throws.config.ts')
    expect(debug.stderr).toContain('caused by Error: boom')
  })

  test('a config file that is not there is an error', async () => {
    expect(await lextap('config print -c nothing.ts')).toMatchObject({
      code: 1,
      stderr: 'error: there is no config file nothing.ts\n',
    })
  })
})
