import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli, startCli } from '../../../test/support/run-node.ts'

let project: Project
const lextap = (args: string) => runCli(project.dir, args.split(' '))

beforeAll(() => {
  project = makeStatusphere()
})
afterAll(() => project.remove())

test('codegen writes, and says what; a second run changes nothing', async () => {
  const first = await lextap('codegen')
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(
    /^generated: wrote \d+ files, 0 unchanged \(\d+ lexicons?, \d+ record types?, \d+ ms\)\n$/,
  )
  expect((await lextap('codegen')).stdout).toMatch(/^generated is up to date/)
})

test('codegen --check prints the difference and ends with 1; with none it ends with 0', async () => {
  expect((await lextap('codegen --check')).code).toBe(0)
  const file = 'generated/xyz/statusphere/status.ts'
  const text = readFileSync(join(project.dir, file), 'utf8')
  project.write({ [file]: `${text}// edited by hand\n` })
  const { code, stdout, stderr } = await lextap('codegen --check')
  expect(stdout).toMatch(/^-\/\/ edited by hand$/m)
  expect(stderr).toBe('error: the generated code is out of date in one file; write it with: lextap codegen\n')
  expect(code).toBe(1)
  expect(readFileSync(join(project.dir, file), 'utf8')).toContain('edited by hand')
  await lextap('codegen')
})

test('a lexicon that does not parse is named and nothing is written', async () => {
  project.write({ 'lexicons/com/example/thing.json': '{ "lexicon": 1, "id": ' })
  const { code, stderr } = await lextap('codegen')
  expect(stderr).toContain('lexicons/com/example/thing.json')
  expect(code).toBe(1)
  expect(existsSync(join(project.dir, 'generated/com/example'))).toBe(false)
  project.write({ 'lexicons/com/example/thing.json': THING })
})

test('codegen --watch writes again when a lexicon changes, survives a broken one, and ends gracefully', async () => {
  await using watching = startCli(project.dir, ['codegen', '--watch'])
  await watching.waitFor(/generated: wrote/)
  project.write({ 'lexicons/com/example/thing.json': '{' })
  await watching.waitFor(/error: /)
  project.write({ 'lexicons/com/example/thing.json': THING.replace('"name"', '"title"') })
  await watching.waitFor(/generated: wrote/, 2)
  expect(readFileSync(join(project.dir, 'generated/com/example/thing.ts'), 'utf8')).toContain('title')
  // What is passed over is said when it comes, and not again with each change.
  const later = {
    lexicon: 1,
    id: 'com.example.later',
    defs: { main: { type: 'token' }, x: { type: 'hologram' } },
  }
  project.write({ 'lexicons/com/example/later.json': JSON.stringify(later) })
  await watching.waitFor(/generated: wrote/, 3)
  project.write({ 'lexicons/com/example/thing.json': THING })
  await watching.waitFor(/generated: wrote/, 4)
  expect(watching.stdout.match(/of type "hologram" are passed over/g)).toHaveLength(1)
  watching.child.kill('SIGTERM')
  expect((await watching.finished).code).toBe(0)
})

const THING = JSON.stringify({
  lexicon: 1,
  id: 'com.example.thing',
  defs: {
    main: {
      type: 'record',
      key: 'tid',
      record: { type: 'object', properties: { name: { type: 'string' } } },
    },
  },
})
