import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProject, type Project } from '../../../test/support/project.ts'
import { runCli } from '../../../test/support/run-node.ts'
import { type Network, startNetwork, type TestRepo } from '../../testing/index.ts'

const SCHEMA = 'com.atproto.lexicon.schema'
let network: Network
let party: TestRepo
let project: Project
const lextap = (...args: string[]) => runCli(project.dir, ['lexicon', ...args])

const cheer = (properties: object) => ({
  $type: SCHEMA,
  lexicon: 1,
  id: 'example.party.cheer',
  defs: {
    main: { type: 'record', key: 'tid', description: 'A cheer.', record: { type: 'object', properties } },
  },
})

beforeAll(async () => {
  network = await startNetwork({ seed: 'lexicon command' })
  party = network.createRepo({ handle: 'party.test' })
  party.put(SCHEMA, 'example.party.cheer', cheer({ text: { type: 'string', maxLength: 100 } }))
  project = makeProject({
    'tap.config.ts': `export default { plc: '${network.plc}', backfill: { allowPrivateHosts: true } }\n`,
  })
})
afterAll(async () => {
  project.remove()
  await network.close()
})

test('add installs from the network, list tells where it is from, codegen takes it', async () => {
  const { code, stdout, stderr } = await lextap('add', `at://${party.did}/${SCHEMA}/example.party.cheer`)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe('added example.party.cheer\nnext: lextap codegen\n')
  expect(JSON.parse(readFileSync(join(project.dir, 'lexicons.json'), 'utf8')).lexicons).toEqual([
    'example.party.cheer',
  ])
  expect((await lextap('list')).stdout).toMatch(/^example\.party\.cheer +record +installed +at:\/\//m)
  expect((await runCli(project.dir, ['codegen'])).code).toBe(0)
})

test('check and update tell what a newer version changes', async () => {
  expect((await lextap('check', '--offline')).code).toBe(0)
  party.put(SCHEMA, 'example.party.cheer', cheer({ text: { type: 'string', maxLength: 10 } }))
  const checked = await lextap('check')
  expect(checked.stdout).toMatch(/^breaking: example\.party\.cheer .*maxLength.* \(by update\)$/m)
  expect(checked).toMatchObject({ code: 1, stderr: 'error: one change is breaking\n' })
  const { stdout } = await lextap('update', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    updated: ['example.party.cheer'],
    changes: [{ kind: 'breaking' }],
  })
  expect((await lextap('update')).stdout).toBe('nothing to do: 1 unchanged\n')
})

test('what cannot be installed is told with exit code 1', async () => {
  const { code, stderr } = await lextap('add', `at://${party.did}/${SCHEMA}/example.party.nothing`)
  expect(stderr).toContain('example.party.nothing')
  expect(code).toBe(1)
  expect((await lextap('add', 'not an nsid')).code).toBe(1)
})
