import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeProject } from '../../test/support/project.ts'
import { watchPaths } from './watch.ts'

const project = makeProject({ 'lexicons/a/b.json': '1', 'tap.config.ts': '1' })
afterAll(() => project.remove())
const at = (path: string) => join(project.dir, path)

test('a folder that comes late, goes and comes again is watched each time, down to its last file', async () => {
  using watching = watchPaths([at('migrations'), at('lexicons')])
  const noticed = async (change: () => void) => {
    const changed = watching.changed()
    change()
    await changed
  }
  await noticed(() => mkdirSync(at('migrations')))
  await noticed(() => writeFileSync(at('migrations/0001.ts'), '1'))
  await noticed(() => writeFileSync(at('lexicons/a/b.json'), '2'))
  await noticed(() => rmSync(at('lexicons'), { recursive: true }))
  await noticed(() => mkdirSync(at('lexicons/c/d'), { recursive: true }))
  await noticed(() => writeFileSync(at('lexicons/c/d/e.json'), '1'))
  await noticed(() => writeFileSync(at('lexicons/c/d/e.json'), '2'))
})

test('a file an editor puts another in place of is watched on', async () => {
  using watching = watchPaths([at('tap.config.ts')])
  for (const text of ['2', '3', '4']) {
    const changed = watching.changed()
    writeFileSync(at('new'), text)
    renameSync(at('new'), at('tap.config.ts'))
    await expect(changed).resolves.toBeUndefined()
  }
})
