import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DIALECTS, stopDatabases } from './support/databases.ts'
import { makeProject } from './support/project.ts'
import { cleanEnv, runCli, runNode } from './support/run-node.ts'

const folder = makeProject()
afterAll(() => folder.remove())
afterAll(stopDatabases)

test('init does not write over what is there', async () => {
  folder.write({ 'taken/tap.config.ts': '// mine\n' })
  const { code, stderr } = await runCli(folder.dir, ['init', 'taken'])
  expect(stderr).toBe('error: taken has tap.config.ts already; choose another folder: lextap init <folder>\n')
  expect(code).toBe(1)
  expect(readdirSync(join(folder.dir, 'taken'))).toEqual(['tap.config.ts'])
})

describe.each(readdirSync('templates'))('the template %s', (template) => {
  const dir = join(folder.dir, `My ${template}`)

  test('is written with a name and a version', async () => {
    const { code, stdout } = await runCli(folder.dir, ['init', `My ${template}`, '--template', template])
    expect(code).toBe(0)
    expect(stdout).toContain('npm install && npm run sandbox')
    expect(JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))).toMatchObject({
      name: `my-${template}`,
      dependencies: { lextap: '^0.1.0' },
    })
    expect(existsSync(join(dir, '.gitignore'))).toBe(true)
    // What `npm install` would bring.
    mkdirSync(join(dir, 'node_modules/@types'), { recursive: true })
    symlinkSync(resolve('.'), join(dir, 'node_modules/lextap'))
    mkdirSync(join(dir, 'node_modules/@electric-sql'))
    for (const name of ['kysely', '@types/node', 'undici-types', '@electric-sql/pglite']) {
      if (existsSync(`node_modules/${name}`))
        symlinkSync(resolve('node_modules', name), join(dir, 'node_modules', name))
    }
  })

  test('generates, type-checks and its tests pass', async () => {
    expect(await runCli(dir, ['codegen'])).toMatchObject({ code: 0, stderr: '' })
    const tsc = resolve('node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [tsc, '-p', '.', '--customConditions', 'lextap-source'], {
      cwd: dir,
      env: cleanEnv(),
    })
    const { code, stdout } = await runNode(['--test'], { cwd: dir })
    expect(stdout).toMatch(/^# pass [1-9]|^ℹ pass [1-9]/m)
    expect(code).toBe(0)
  })

  const sandbox = ['dev', '--sandbox', '--until-level', '--repos', '5', '--records', '20']
  const LEVEL = 'level: the index holds every record of the network and no other'

  test('runs in the sandbox', async () => {
    const { code, stdout } = await runCli(dir, sandbox)
    expect(stdout).toContain(LEVEL)
    expect(code).toBe(0)
  })

  test.each(DIALECTS.slice(1))(
    'runs on $name, which its config names, and is replayed there',
    async ({ fresh }) => {
      await using database = await fresh()
      const config = readFileSync(join(dir, 'tap.config.ts'), 'utf8')
      writeFileSync(
        join(dir, 'tap.config.ts'),
        config.replace('defineConfig({', `defineConfig({ database: '${database.url}',`),
      )
      expect(await runCli(dir, ['codegen'])).toMatchObject({ code: 0, stderr: '' })
      const { code, stdout, stderr } = await runCli(dir, [...sandbox, '--database', database.url])
      expect(stdout, stderr).toContain(LEVEL)
      expect(code).toBe(0)
      expect(await runCli(dir, ['replay'])).toMatchObject({ code: 0 })
      writeFileSync(join(dir, 'tap.config.ts'), config)
    },
  )
})
