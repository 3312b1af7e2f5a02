import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rootDocs, scratchFolder, writeDoc } from '../../test/support/generated-project.ts'
import { type CodegenOptions, type CodegenResult, runCodegen } from './codegen.ts'

let scratch: ReturnType<typeof scratchFolder>
beforeEach(() => {
  scratch = scratchFolder()
  for (const doc of rootDocs()) writeDoc(lexicons(), doc)
})
afterEach(() => scratch.remove())

const lexicons = () => join(scratch.path, 'lexicons')
const generated = () => join(scratch.path, 'generated')
const migrations = () => join(scratch.path, 'migrations')
const generate = (more: Partial<CodegenOptions> = {}): Promise<CodegenResult> =>
  runCodegen({ lexicons: lexicons(), generated: generated(), migrations: null, ...more })
const stampOf = (path: string) => statSync(join(generated(), path), { bigint: true }).mtimeNs
const read = (path: string) => readFileSync(join(generated(), path), 'utf8')

const like = {
  lexicon: 1,
  id: 'com.example.party.cheer',
  defs: {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        required: ['subject'],
        properties: { subject: { type: 'ref', ref: 'com.atproto.repo.strongRef' } },
      },
    },
  },
}

test('what was generated for the root project is what its lexicons and migrations give', async () => {
  const result = await runCodegen({
    lexicons: 'lexicons',
    generated: 'generated',
    migrations: 'migrations',
    check: true,
  })
  expect(result.diff).toBe('')
  expect([result.written, result.removed]).toEqual([[], []])
})

test('the same lexicons give the same bytes, and nothing is written a second time', async () => {
  const first = await generate()
  expect(first.unchanged).toBe(0)
  const stamps = first.written.map(stampOf)
  const second = await generate()
  expect(second).toMatchObject({ written: [], removed: [], unchanged: first.written.length })
  expect(first.written.map(stampOf)).toEqual(stamps)
})

test('adding a lexicon touches its own file, the indexes above it, the handlers and the list of lexicons', async () => {
  await generate()
  writeDoc(lexicons(), like)
  const { written, removed } = await generate()
  expect(written).toEqual([
    'com/example/index.ts',
    'com/example/party/cheer.ts',
    'com/example/party/index.ts',
    'com/index.ts',
    'handlers.ts',
    'lexicons.ts',
  ])
  expect(removed).toEqual([])
})

test('a lexicon that is gone takes its files with it, and nothing of yours', async () => {
  writeDoc(lexicons(), like)
  await generate()
  writeFileSync(join(generated(), 'com/example/notes.md'), 'mine')
  writeFileSync(join(generated(), 'com/example/mine.ts'), 'export const mine = 1\n')
  writeFileSync(
    join(lexicons(), 'com/example/party/cheer.json'),
    JSON.stringify({ ...like, defs: { token: { type: 'token' } } }),
  )
  expect((await generate()).written).toEqual(['com/example/party/cheer.ts', 'handlers.ts', 'lexicons.ts'])
  scratch.remove()
  for (const doc of rootDocs()) writeDoc(lexicons(), doc)
  writeDoc(lexicons(), like)
  await generate()
  writeFileSync(join(generated(), 'com/example/mine.ts'), 'export const mine = 1\n')
  const { rmSync } = await import('node:fs')
  rmSync(join(lexicons(), 'com/example'), { recursive: true })
  const { written, removed } = await generate()
  expect(removed).toEqual([
    'com/example/index.ts',
    'com/example/party/cheer.ts',
    'com/example/party/index.ts',
  ])
  expect(written).toEqual(['com/index.ts', 'handlers.ts', 'lexicons.ts'])
  expect(existsSync(join(generated(), 'com/example/party'))).toBe(false)
  expect(read('com/example/mine.ts')).toBe('export const mine = 1\n')
})

test('a file somebody else wrote is never overwritten', async () => {
  mkdirSync(generated())
  writeFileSync(join(generated(), 'handlers.ts'), 'export const mine = 1\n')
  await expect(generate()).rejects.toThrow(
    /a file that lextap did not write is in the way; file=.*handlers\.ts/,
  )
  expect(existsSync(join(generated(), 'app'))).toBe(false)
})

test('check tells what would change and changes nothing', async () => {
  await generate()
  const before = read('handlers.ts')
  writeDoc(lexicons(), like)
  const { diff, written } = await generate({ check: true })
  expect(written).toContain('handlers.ts')
  expect(diff).toContain('--- handlers.ts\n+++ handlers.ts\n@@ ')
  expect(diff).toContain("\n+  'com.example.party.cheer': PartyCheer.Main\n")
  expect(diff).toContain('--- /dev/null\n+++ com/example/party/cheer.ts\n@@ -1,0 +1,')
  expect([read('handlers.ts'), existsSync(join(generated(), 'com/example'))]).toEqual([before, false])
  expect((await generate()).diff).toBe('')
  expect((await generate({ check: true })).diff).toBe('')
})

test('no lexicon is half written: an error in one leaves all files as they were', async () => {
  await generate()
  const before = read('handlers.ts')
  writeDoc(lexicons(), like)
  writeFileSync(join(lexicons(), 'broken.json'), '{')
  await expect(generate()).rejects.toThrow('broken.json')
  expect([read('handlers.ts'), existsSync(join(generated(), 'com/example'))]).toEqual([before, false])
})

test('generated files import lextap/lex, each other, and nothing else', async () => {
  writeDoc(lexicons(), like)
  const { written } = await generate()
  const imports = written.flatMap((path) =>
    [...read(path).matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? ''),
  )
  expect(new Set(imports.filter((path) => !path.startsWith('.')))).toEqual(new Set(['lextap/lex']))
  expect(imports.filter((path) => path.startsWith('.') && !path.endsWith('.ts'))).toEqual([])
})

const migration = (body: string) =>
  `import { sql } from 'kysely'\nexport async function up(db) {\n${body}\n}\nexport async function down() {}\n`

test('nothing a bundler would have to keep happens while a generated file loads', async () => {
  const { written } = await generate()
  expect(written).toContain('app/bsky/feed/post.ts')
  const effects = written.flatMap((path) => {
    const code = read(path).replaceAll(/\/\*\*[\s\S]*?\*\//g, '')
    const values = [...code.matchAll(/^(?:export )?const [^=]+ =\s*(.*)$/gm)].map(
      ([, value]) => value as string,
    )
    return values
      .filter((value) => !/^(?:'|\{$|\/\*#__PURE__\*\/ l\.\w+\()/.test(value))
      .map((v) => `${path}: ${v}`)
  })
  expect(effects).toEqual([])
})

test('database.ts has the tables of the migrations, their keys, and what may be left out', async () => {
  mkdirSync(migrations())
  writeFileSync(
    join(migrations(), '0001_first.mjs'),
    migration(`
  await db.schema.createTable('a-b').addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('name', 'varchar(20)', (c) => c.notNull().defaultTo('x')).addColumn('size', 'bigint').addColumn('ratio', 'real')
    .addColumn('data', 'blob').addColumn('ok', 'boolean', (c) => c.notNull()).execute()
  await db.schema.createTable('pair').addColumn('right', 'text').addColumn('left', 'text')
    .addPrimaryKeyConstraint('pk', ['left', 'right']).execute()
  await db.schema.createTable('log').addColumn('line', 'text')
    .addColumn('length', 'integer', (c) => c.generatedAlwaysAs(sql\`length(line)\`)).execute()
  await db.schema.createView('names').as(db.selectFrom('a-b').select('name')).execute()`),
  )
  await generate({ migrations: migrations() })
  const text = read('database.ts')
  expect(text).toContain(`export interface Keys {
  'a-b': 'id'
  log: never
  pair: 'left' | 'right'
}`)
  expect(text).toContain(`export interface ABTable {
  id: l.Generated<number>
  name: l.Generated<string>
  size: number | null
  ratio: number | null
  data: Uint8Array | null
  ok: number
}`)
  expect(text).toContain('export interface PairTable {\n  right: string\n  left: string\n}')
  expect(text).toContain('length: l.GeneratedAlways<number | null>')
  expect(text).toContain('export interface NamesTable {\n  name: string')
})

test('the database is asked again only when the migrations changed', async () => {
  mkdirSync(migrations())
  const first = join(migrations(), '0001_first.mjs')
  writeFileSync(first, migration("await db.schema.createTable('one').addColumn('id', 'text').execute()"))
  expect((await generate({ migrations: migrations() })).written).toContain('database.ts')
  // Tampered with, and left alone: the line above says which migrations it is from.
  writeFileSync(join(generated(), 'database.ts'), read('database.ts').replace('id: string', 'id: number'))
  expect((await generate({ migrations: migrations() })).written).toEqual([])
  writeFileSync(
    join(migrations(), '0002_second.mjs'),
    migration("await db.schema.createTable('two').addColumn('id', 'text').execute()"),
  )
  expect((await generate({ migrations: migrations() })).written).toEqual(['database.ts'])
  expect(read('database.ts')).toContain('two: TwoTable')
  expect(read('database.ts')).toContain('id: string')
})

test('a migration that fails says which one, and nothing is written', async () => {
  mkdirSync(migrations())
  writeFileSync(
    join(migrations(), '0001_bad.mjs'),
    migration("await db.schema.dropTable('nothing').execute()"),
  )
  await expect(generate({ migrations: migrations() })).rejects.toThrow(/migration 0001_bad failed: .*nothing/)
  expect(existsSync(generated())).toBe(false)
})

test('an edited migration counts although this process ran it before', async () => {
  mkdirSync(migrations())
  const first = join(migrations(), '0001_first.mjs')
  writeFileSync(first, migration("await db.schema.createTable('one').addColumn('id', 'text').execute()"))
  await generate({ migrations: migrations() })
  writeFileSync(first, migration("await db.schema.createTable('other').addColumn('id', 'text').execute()"))
  expect((await generate({ migrations: migrations() })).written).toEqual(['database.ts'])
  expect(read('database.ts')).toContain('other: OtherTable')
})
