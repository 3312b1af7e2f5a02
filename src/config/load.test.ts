import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProject, type Project } from '../../test/support/project.ts'
import { runNode } from '../../test/support/run-node.ts'

/** Name → files of a project. Loading happens in one real Node, since the test runner has a loader of its own. */
const PROJECTS: Record<string, Record<string, string>> = {
  plain: {
    'tap.config.ts':
      "import { defineConfig } from 'lextap/config'\nexport default defineConfig({ records: 'index' })\n",
  },
  js: { 'tap.config.js': "export default { records: 'index' }" },
  mjs: { 'tap.config.mjs': "export default { records: 'index' }" },
  json: { 'tap.config.json': '{ "records": "index" }' },
  enum: { 'tap.config.ts': "enum R { Index = 'index' }\nexport default { records: R.Index }\n" },
  'imports an enum': {
    'tap.config.ts': "import { R } from './r.ts'\nexport default { records: R.Index }\n",
    'r.ts': "export enum R { Index = 'index' }\n",
  },
  'imports without extension': {
    'tap.config.ts': "import { r } from './r'\nexport default { records: r }\n",
    'r.ts': "export const r: string = 'index'\n",
  },
  decorator: {
    'tap.config.ts':
      "function d(_: unknown, __: unknown): void {}\n@d\nclass A { static r = 'index' }\nexport default { records: A.r }\n",
  },
  // What `npm init -y` writes.
  commonjs: {
    'package.json': '{ "name": "project", "type": "commonjs" }\n',
    'tap.config.ts':
      "import { defineConfig } from 'lextap/config'\nimport { r } from './r.ts'\nexport default defineConfig({ records: r })\n",
    'r.ts': "export const r = 'index'\n",
  },
  both: { 'tap.config.ts': "export default { records: 'index' }", 'tap.config.json': '{}' },
  dotenv: {
    'tap.config.ts': 'export default { records: process.env.RECORDS, plc: process.env.PLC }',
    '.env': 'RECORDS=keep\nPLC="https://env.example"\nTAP_RESYNC_PARALLELISM=3\nFROM_OUTSIDE=file\n',
    '.env.local': 'RECORDS=index\n',
  },
  throws: {
    'tap.config.ts':
      "interface A { a: string }\nfunction f(): never {\n  throw new Error('boom')\n}\nexport default f()\n",
  },
  'throws in an import': {
    'tap.config.ts': "import './lib/deep.ts'\nexport default {}\n",
    'lib/deep.ts': "\nthrow new TypeError('deep')\n",
  },
  'throws under tsx': {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template string in there
    'tap.config.ts': "enum X { A = 'a' }\n\nthrow new Error(`boom ${X.A}`)\nexport default {}\n",
  },
  'throws a string': { 'tap.config.ts': "throw 'just text'\n" },
  'bad typescript': { 'tap.config.ts': 'export default {\n  a: 1,\n  b: = 2,\n}\n' },
  'bad javascript': { 'tap.config.js': 'export default {\n  a: 1,\n  b: = 2,\n}\n' },
  'bad under tsx': {
    'tap.config.ts': "import './r.ts'\nexport default {}\n",
    'r.ts': 'enum A { B }\nconst x = = 1\n',
  },
  'bad json': { 'tap.config.json': '{\n  "records": keep\n}' },
  'json without comma': { 'tap.config.json': '{\n  "plc": "https://plc.example"\n  "records": "keep"\n}' },
  'json cut off': { 'tap.config.json': '{\n  "records":' },
  'missing import': { 'tap.config.ts': "\nimport './nothing.ts'\nexport default {}\n" },
  'missing package': { 'tap.config.ts': "import 'no-such-package-here'\nexport default {}\n" },
  'missing name': {
    'tap.config.ts': "import { nope } from './r.ts'\nexport default { nope }\n",
    'r.ts': 'export const yes = 1\n',
  },
  'no default': { 'tap.config.ts': 'export const config = {}\n' },
  'nothing exported': { 'tap.config.ts': 'console.log\n' },
  'a function': { 'tap.config.ts': 'export default () => ({})\n' },
  'a promise': { 'tap.config.ts': 'export default (async () => ({}))()\n' },
  'a json list': { 'tap.config.json': '[]' },
  wrong: { 'tap.config.ts': "export default { relays: 'wss://x.example' }\n" },
  none: {},
}

type Outcome = {
  records?: string
  plc?: string
  concurrency?: number
  root?: string
  warnings?: string[]
  error?: string
  name?: string
}
const projects = new Map<string, Project>()
let outcomes: Record<string, Outcome> = {}

/** Runs in the child: loads the project of each folder and prints what came of it. */
const SCRIPT = `
import { loadConfig } from 'lextap-under-test/config/load.ts'
const outcomes = {}
for (const [name, dir] of JSON.parse(process.argv[2])) {
  process.chdir(dir)
  const env = { ...process.env }
  const before = process.env
  process.env = env
  try {
    const { config, warnings } = await loadConfig({ env })
    outcomes[name] = { records: config.records, plc: config.plc, concurrency: config.backfill.concurrency, root: config.root, warnings, outside: env.FROM_OUTSIDE }
  } catch (error) {
    outcomes[name] = { name: error.name, error: error.message }
  }
  process.env = before
}
process.stdout.write(JSON.stringify(outcomes))
`

beforeAll(async () => {
  for (const [name, files] of Object.entries(PROJECTS)) projects.set(name, makeProject(files))
  const script = join(projects.get('none')?.dir ?? '', 'script.ts')
  writeFileSync(script, SCRIPT.replace('lextap-under-test', resolve('src')))
  const dirs = JSON.stringify([...projects].map(([name, { dir }]) => [name, dir]))
  const run = await runNode([script, dirs], { env: { FROM_OUTSIDE: 'outside' } })
  // Node's own advice about `"type": "module"` is welcome; anything else is not.
  expect(run.stderr.replace(/^\(.*\n/gm, '').trim()).toBe('')
  outcomes = JSON.parse(run.stdout)
})

afterAll(() => {
  for (const project of projects.values()) project.remove()
})

const outcome = (name: string) => ({ ...outcomes[name], root: undefined })

describe('a config file is found and imported', () => {
  test.each(['plain', 'js', 'mjs', 'json'])('%s', (name) => {
    expect(outcome(name)).toMatchObject({ records: 'index', warnings: [] })
    expect(outcomes[name]?.root).toBe(projects.get(name)?.dir)
  })

  test.each(['enum', 'imports an enum', 'imports without extension', 'decorator', 'commonjs'])(
    '%s: tsx takes what type stripping refuses',
    (name) => {
      expect(outcome(name)).toMatchObject({ records: 'index' })
    },
  )

  test('a second config file is reported', () => {
    expect(outcome('both')).toMatchObject({
      records: 'index',
      warnings: ['tap.config.json is ignored: tap.config.ts is used'],
    })
  })

  test('.env and .env.local are read first, the real environment wins', () => {
    expect(outcome('dotenv')).toMatchObject({
      records: 'index',
      plc: 'https://env.example',
      concurrency: 3,
      outside: 'outside',
    })
  })
})

describe('what goes wrong is told with file and line', () => {
  test.each([
    ['throws', 'the config file threw while it was loaded: tap.config.ts:3:9: boom'],
    ['throws in an import', 'the config file threw while it was loaded: lib/deep.ts:2:7: deep'],
    ['throws under tsx', 'the config file threw while it was loaded: tap.config.ts:3:7: boom a'],
    ['throws a string', 'the config file threw while it was loaded: tap.config.ts: just text'],
    ['bad typescript', 'the config file does not parse: tap.config.ts:3: Expression expected'],
    ['bad javascript', "the config file does not parse: tap.config.js:3: Unexpected token '='"],
    ['bad under tsx', 'the config file does not parse: r.ts:2: Expression expected'],
    ['bad json', "tap.config.json does not parse: line 2: Unexpected token 'k'"],
    [
      'json without comma',
      "tap.config.json does not parse: line 3: Expected ',' or '}' after property value",
    ],
    ['json cut off', 'tap.config.json does not parse: line 2: Unexpected end of JSON input'],
    [
      'missing import',
      /^the config file imports what is not there: tap\.config\.ts:2: Cannot find module '.*nothing\.ts'/,
    ],
    [
      'missing package',
      /^the config file imports what is not there: tap\.config\.ts:1: Cannot find package 'no-such-package-here'/,
    ],
    [
      'missing name',
      "the config file does not parse: tap.config.ts:1: The requested module './r.ts' does not provide an export named 'nope'",
    ],
    [
      'no default',
      'tap.config.ts has no default export (it exports config); write: export default defineConfig({ … })',
    ],
    [
      'nothing exported',
      'tap.config.ts has no default export (it exports nothing); write: export default defineConfig({ … })',
    ],
    ['a function', 'the default export of tap.config.ts must be an object; it is a function'],
    [
      'a promise',
      'the default export of tap.config.ts must be an object; it is a promise: put await before it',
    ],
    ['a json list', 'the default export of tap.config.json must be an object; it is []'],
    [
      'wrong',
      'one problem in the config (tap.config.ts):\n  relays: there is no such option; did you mean "relay"?',
    ],
    [
      'none',
      /^no config file found; looked for tap\.config\.ts, .* in .* start a project with: lextap init$/,
    ],
  ])('%s', (name, expected) => {
    expect(outcomes[name]).toMatchObject({ name: 'UserError' })
    if (expected instanceof RegExp) expect(outcomes[name]?.error).toMatch(expected)
    else expect(outcomes[name]?.error).toBe(expected)
  })
})
