import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { listOptions } from '../src/config/schema.ts'
import { makeStatusphere } from './support/project.ts'
import { cleanEnv, runCli, runNode } from './support/run-node.ts'

/** Every page a person reads; what the pages written by the program say is checked elsewhere. */
const PAGES = [...readdirSync('docs').filter((name) => name.endsWith('.md')), '../README.md']
const read = (page: string) => readFileSync(join('docs', page), 'utf8')
const blocks = (page: string, language: string) =>
  [...read(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((m) => m[1] ?? '')

describe.each(PAGES)('docs/%s', (page) => {
  test('names metrics that there are', () => {
    const known = new Set(read('metrics.md').match(/lextap_\w+/g))
    const named = read(page).match(
      /\blextap_\w+(?:_total|_seconds)\b|lextap_(?:cursor|open_events|relay_connected)\b/g,
    )
    expect((named ?? []).filter((name) => !known.has(name))).toEqual([])
  })

  test('shows commands and flags that there are', () => {
    const sections = new Map(
      read('cli.md')
        .split(/^## /m)
        .map((text) => [/^`lextap ([^`]+)`/.exec(text)?.[1] ?? '', text]),
    )
    const shown = blocks(page, 'sh').flatMap((block) => [...block.matchAll(/^(?:npx )?lextap ([^#\n]+)/gm)])
    const wrong = shown.filter(([, line = '']) => {
      const words = line.trim().split(/ +/)
      const section = sections.get(words.slice(0, 2).join(' ')) ?? sections.get(words[0] ?? '')
      const flags = words.filter((word) => word.startsWith('--'))
      return section === undefined || flags.some((flag) => !section.includes(`  ${flag} `))
    })
    expect(wrong.map(([line]) => line)).toEqual([])
  })

  test('names options and TAP_ names that there are', () => {
    const options = new Set(listOptions().map((o) => o.path))
    const groups = new Set([...options].filter((o) => o.includes('.')).map((o) => o.split('.')[0]))
    const named = [...read(page).matchAll(/`([a-z]+)\.([a-zA-Z]+)(?:`|: )/g)].filter(([, group = '']) =>
      groups.has(group),
    )
    const unknown = named.filter(([, group, name]) => {
      const path = `${group}.${name}`
      return !options.has(path) && ![...options].some((o) => o.startsWith(`${path}.`)) && !existsSync(path)
    })
    expect(unknown.map(([text]) => text)).toEqual([])
    const names = read('config.md').match(/TAP_[A-Z_]+[A-Z]/g)
    expect(
      (read(page).match(/\bTAP_[A-Z_]+[A-Z]\b/g) ?? []).filter((name) => !names?.includes(name)),
    ).toEqual([])
  })

  test('links to what is there', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((m) => m[1] ?? '')
    expect(links.filter((link) => !existsSync(resolve('docs', dirname(page), link)))).toEqual([])
  })
})

describe('docs/testing.md and docs/handlers.md', () => {
  const project = makeStatusphere()
  afterAll(() => project.remove())

  test('the test runs, and everything type-checks', async () => {
    const [shown = ''] = blocks('testing.md', 'ts')
    for (const [n, text] of blocks('handlers.md', 'ts').entries())
      project.write({ [`src/docs/handlers-${n}.ts`]: text })
    project.write({
      'test/shown.test.ts': shown,
      'tsconfig.json': JSON.stringify({
        extends: resolve('templates/statusphere/tsconfig.json'),
        compilerOptions: { typeRoots: [resolve('node_modules/@types')], customConditions: ['lextap-source'] },
        include: ['test', 'src'],
      }),
    })
    expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'], {
      cwd: project.dir,
      env: cleanEnv(),
    })
    const { code, stdout } = await runNode(['--test'], { cwd: project.dir })
    expect(stdout).toMatch(/pass 1\b/)
    expect(code).toBe(0)
  })
})
