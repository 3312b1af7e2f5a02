import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { makeStatusphere, type Project } from '../../../test/support/project.ts'
import { runCli } from '../../../test/support/run-node.ts'

let project: Project
const start = (files: Record<string, string>) => {
  project = makeStatusphere(files)
}
afterEach(() => project.remove())
const lextap = (args: string) => runCli(project.dir, args.split(' '))

// What Node's own type stripping refuses, and a folder that is not of ES modules.
const HELPER = "export const name = 'mood'\n"
const ENUM = `
import type { Kysely } from 'kysely'
import { name } from './lib/names'

enum Column { Id = 'id', Text = 'text' }

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.createTable(name).addColumn(Column.Id, 'text', (c) => c.primaryKey()).addColumn(Column.Text, 'text').execute()
}
`

test.each([
  ['with an enum and an extensionless import', 'module'],
  ['in a CommonJS package', 'commonjs'],
])('a migration %s runs, and its tables have types', async (_, type) => {
  start({
    'package.json': JSON.stringify({ name: 'project', type }),
    'migrations/9000_mood.ts': ENUM,
    'migrations/lib/names.ts': HELPER,
  })
  const codegen = await lextap('codegen')
  expect(codegen.code, codegen.stderr).toBe(0)
  expect(readFileSync(join(project.dir, 'generated/database.ts'), 'utf8')).toMatch(/mood/i)
  const up = await lextap('migrate up')
  expect(up.code, up.stderr).toBe(0)
  expect(up.stdout).toContain('up 9000_mood\n')
  const down = await lextap('migrate down')
  expect(down).toMatchObject({ code: 1 })
  expect(down.stderr).toContain('migration 9000_mood cannot be taken back: it has no function `down`')
})

test('a locked database is no fault of the migrations: its file is named and the exit code says try again', async () => {
  start({})
  const file = join(project.dir, 'own.db')
  const database = `--database sqlite:${file}`
  expect(await lextap(`migrate up ${database}`)).toMatchObject({ code: 0 })
  using other = new DatabaseSync(file)
  other.exec('begin immediate')
  const { code, stderr } = await lextap(`migrate down ${database}`)
  const holder = existsSync('/proc/locks') ? `[^;]+ \\(pid ${process.pid}\\)` : 'another process'
  expect(stderr).toMatch(new RegExp(`the database is locked by ${holder}; file=${file}`))
  expect(code).toBe(75)
})

test('a migration that was edited after it ran is said by every command that looks, and run goes on', async () => {
  start({ 'migrations/9000_mood.ts': ENUM, 'migrations/lib/names.ts': HELPER })
  const database = `--database sqlite:${join(project.dir, 'own.db')}`
  expect(await lextap('codegen')).toMatchObject({ code: 0 })
  expect(await lextap(`migrate up ${database}`)).toMatchObject({ code: 0 })
  project.write({ 'migrations/9000_mood.ts': ENUM.replace("Text = 'text'", "Text = 'words'") })
  const said = 'migration 9000_mood was edited after it ran'
  expect((await lextap(`plan ${database}`)).stdout).toContain(said)
  expect((await lextap(`status ${database}`)).stdout).toContain(`migrations     ${said}`)
  const status = await lextap(`migrate status ${database}`)
  expect(status.stdout).toMatch(/9000_mood +\S+Z +edited/)
  expect(status.stdout).toContain(said)
  const up = await lextap(`migrate up ${database}`)
  expect(up).toMatchObject({ code: 0, stdout: 'nothing to do\n' })
  expect((await lextap(`migrate accept ${database}`)).stdout).not.toContain('edited')
  expect((await lextap(`plan ${database}`)).stdout).toBe('nothing changed\n')
})
