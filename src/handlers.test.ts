import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeProject } from '../test/support/project.ts'
import { runNode } from '../test/support/run-node.ts'

const GENERATED = `
import { createOn, createOnAccount, createOnIdentity } from 'lextap/lex'
const schema = ($nsid) => ({ $nsid, $safeParse: (value) => ({ success: true, value }) })
export const schemas = { 'a.b.c': schema('a.b.c'), 'a.b.d': schema('a.b.d') }
export const on = createOn(schemas)
export const onIdentity = createOnIdentity()
export const onAccount = createOnAccount()
`
const project = makeProject({
  'tap.config.ts': "export default { handlers: ['./handlers', './more/one.ts', './more/two'] }\n",
  'generated/handlers.js': GENERATED,
  'handlers/b.ts':
    "import { on } from '../generated/handlers.js'\nexport const c = on('a.b.c', { put() {} })\nexport const helper = 3\nexport default null\n",
  'handlers/a/list.ts':
    "import { on, onAccount } from '../../generated/handlers.js'\nexport const all = [on('a.b.d', {}), onAccount(() => {})]\n",
  'handlers/again.ts': "export { c as same } from './b.ts'\n",
  'handlers/b.test.ts': "throw new Error('tests are not handlers')\n",
  'handlers/types.d.ts': 'export declare const x: number\n',
  'handlers/notes.md': '# not a module\n',
  'more/one.ts':
    "import { onIdentity } from '../generated/handlers.js'\nexport default onIdentity(() => {})\n",
  'more/two.js': "import { on } from '../generated/handlers.js'\nexport const both = on('a.b.*', {})\n",
})
afterAll(() => project.remove())

const SCRIPT = `
const { loadConfig } = await import('${resolve('src/config/load.ts')}')
const { loadHandlers } = await import('${resolve('src/handlers.ts')}')
const { definitions, schemas } = await loadHandlers((await loadConfig()).config)
console.log(JSON.stringify({ definitions: definitions.map((d) => d.pattern ?? d.kind), schemas: Object.keys(schemas) }))
`

test('handlers are collected from folders and modules, each once, in an order that does not depend on the disk', async () => {
  project.write({ 'script.ts': SCRIPT })
  const { stdout, stderr } = await runNode([join(project.dir, 'script.ts')], { cwd: project.dir })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    definitions: ['a.b.d', 'account', 'a.b.c', 'identity', 'a.b.*'],
    schemas: ['a.b.c', 'a.b.d'],
  })
})
