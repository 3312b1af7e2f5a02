import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeProject } from './support/project.ts'
import { cleanEnv, runCli, runNode } from './support/run-node.ts'

const folder = makeProject()
afterAll(() => folder.remove())

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
    for (const name of ['kysely', '@types/node', 'undici-types']) {
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

  test('runs in the sandbox', async () => {
    const flags = ['--sandbox', '--until-level', '--repos', '5', '--records', '20']
    const { code, stdout } = await runCli(dir, ['dev', ...flags])
    expect(stdout).toContain('level: the index holds every record of the network and no other')
    expect(code).toBe(0)
  })
})
