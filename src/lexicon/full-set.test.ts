import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writePublicLexicons } from '../../bench/public-lexicons.ts'
import { scratchFolder, writeDoc } from '../../test/support/generated-project.ts'
import { randomDocuments } from '../../test/support/lexicon-documents.ts'
import { oddDocuments } from '../../test/support/odd-lexicons.ts'
import { Random } from '../../test/support/random.ts'
import { runCodegen } from './codegen.ts'

/** The full public set: app.bsky, chat.bsky, com.atproto, tools.ozone. */
const scratch = scratchFolder()
const generated = join(scratch.path, 'generated')
let documents = 0
beforeAll(async () => {
  documents = await writePublicLexicons(join(scratch.path, 'lexicons'))
  const result = await runCodegen({ lexicons: join(scratch.path, 'lexicons'), generated, migrations: null })
  expect(result.documents).toBe(documents)
})
afterAll(() => scratch.remove())

const root = resolve(import.meta.dirname, '../..')
/** Options stricter than anybody's, and what `isolatedDeclarations` asks of exports. */
const strictest = {
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    rootDir: root,
    noUnusedParameters: true,
    noImplicitReturns: true,
    noFallthroughCasesInSwitch: true,
    noPropertyAccessFromIndexSignature: true,
    noUncheckedSideEffectImports: true,
    strictBuiltinIteratorReturn: true,
  },
  include: [],
  exclude: [],
}

async function compile(files: readonly string[]): Promise<{ errors: string; instantiations: number }> {
  const config = join(scratch.path, 'tsconfig.json')
  writeFileSync(config, JSON.stringify({ ...strictest, files }))
  const run = promisify(execFile)(join(root, 'node_modules/.bin/tsc'), [
    '-p',
    config,
    '--extendedDiagnostics',
  ])
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  return {
    errors: stdout
      .split('\n')
      .filter((line) => / error TS/.test(line))
      .join('\n'),
    instantiations: Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]),
  }
}

const handlers = `import { on, type Handlers, type RecordEvent } from './generated/handlers.ts'
import { app, chat } from './generated/index.ts'
export const a: unknown = on('app.bsky.feed.post', { put: ({ record }) => { record.embed?.$type === 'app.bsky.embed.images' && record.embed.images.length } })
export const b: unknown = on('app.*', { put: (event) => { if (event.collection === 'app.bsky.feed.like') event.record.subject.uri } })
export const c: unknown = on(app.bsky.actor.profile, { delete: ({ uri }) => { uri } })
export const d: Handlers<'app.bsky.graph.*'> = { puts: (events) => { events.length } }
export function e(event: RecordEvent<'chat.*'>): string { return event.action === 'delete' ? event.uri : event.record.$type }
export const f: unknown = app.bsky.feed.defs.threadViewPost.$parse
export type G = chat.bsky.convo.defs.ConvoView
`

test('the whole set type-checks under the strictest options, isolated declarations included', async () => {
  writeFileSync(join(scratch.path, 'handlers.ts'), handlers)
  expect((await compile(['handlers.ts', 'generated/index.ts', 'generated/handlers.ts'])).errors).toBe('')
})

// What has a default may be left out where `$build` fills it in, and is there for whoever reads.
const use = `import { a, cn } from './generated/index.ts'
export const bytes: a.b.bytes.$OutputBody = new Uint8Array(1)
export const others: a.b.ofBytes.$InputBody = new Uint8Array(1)
export const digits: string = cn['8'].lex['7'].below.$nsid
export const built: a.b.filled.Main = a.b.filled.$build({ other: 1 })
export const full: a.b.filled.Main = a.b.filled.$build({ must: 'b', 'al-so': 2, other: 1 })
export const part: boolean = a.b.filled.part.$build({ toString: true }).toString
// @ts-expect-error other has no default
a.b.filled.$build({ must: 'b' })
// @ts-expect-error a number is no string
a.b.filled.$build({ must: 1, other: 1 })
// @ts-expect-error only what $build makes may lack it
export const lacks: a.b.filled.Main = { $type: 'a.b.filled', other: 1 }
`

test('odd and random lexicons type-check as well', async () => {
  const folder = join(scratch.path, 'odd')
  for (const doc of [...oddDocuments, ...randomDocuments(new Random(3), 40)])
    writeDoc(join(folder, 'lexicons'), doc)
  await runCodegen({
    lexicons: join(folder, 'lexicons'),
    generated: join(folder, 'generated'),
    migrations: null,
  })
  writeFileSync(join(folder, 'use.ts'), use)
  const files = [
    'odd/use.ts',
    'odd/generated/index.ts',
    'odd/generated/handlers.ts',
    'odd/generated/lexicons.ts',
  ]
  expect((await compile(files)).errors).toBe('')
  // Long strings of odd lexicons are not broken up; everything else is where the formatter wants it.
  for (const file of ['taken', 'bytes', 'filled', 'globals'])
    expect(await unformatted(`odd/generated/a/b/${file}.ts`)).toBe('')
})

/** What Biome would change of the files, told by it. */
async function unformatted(folder: string): Promise<string> {
  const formatter = { indentStyle: 'space', indentWidth: 2, lineWidth: 110 }
  const javascript = { formatter: { quoteStyle: 'single', semicolons: 'asNeeded' } }
  writeFileSync(join(scratch.path, 'biome.json'), JSON.stringify({ root: true, formatter, javascript }))
  const biome = join(root, 'node_modules/.bin/biome')
  const run = promisify(execFile)(biome, ['format', '--max-diagnostics=5', folder], { cwd: scratch.path })
  return run.then(
    () => '',
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  )
}

test('the whole set is formatted as Biome formats it', async () => {
  expect(await unformatted('generated')).toBe('')
})

test('so is a project with nothing in it', async () => {
  const none = join(scratch.path, 'none')
  writeDoc(join(none, 'lexicons'), { lexicon: 1, id: 'a.b.c', defs: {} })
  await runCodegen({ lexicons: join(none, 'lexicons'), generated: join(none, 'generated'), migrations: null })
  expect(await unformatted('none/generated')).toBe('')
})

test('type instantiations stay within a budget, so that editors stay quick', async () => {
  writeFileSync(join(scratch.path, 'handlers.ts'), handlers)
  // What lextap/lex and Kysely's types cost is there with one lexicon as with all: count what the lexicons add.
  const one = join(scratch.path, 'one')
  writeDoc(join(one, 'lexicons'), {
    lexicon: 1,
    id: 'a.b.c',
    defs: { main: { type: 'record', record: { type: 'object' } } },
  })
  await runCodegen({ lexicons: join(one, 'lexicons'), generated: join(one, 'generated'), migrations: null })
  writeFileSync(
    join(one, 'handlers.ts'),
    "import { on } from './generated/handlers.ts'\nexport const a: unknown = on('a.b.c', { put: ({ record }) => { record.$type } })\n",
  )
  const base = await compile(['one/handlers.ts', 'one/generated/index.ts'])
  const full = await compile(['handlers.ts', 'generated/index.ts', 'generated/handlers.ts'])
  expect([base.errors, full.errors]).toEqual(['', ''])
  expect(base.instantiations).toBeGreaterThan(0)
  // Measured 10,100 for 387 documents and the handlers above.
  expect(full.instantiations - base.instantiations).toBeLessThan(16_000)
})

test('every generated file loads, and every record has a schema', async () => {
  const { schemas } = await import(join(generated, 'handlers.ts'))
  const { app, tools } = await import(join(generated, 'index.ts'))
  expect(Object.keys(schemas).length).toBeGreaterThan(20)
  expect(app.bsky.feed.post.$nsid).toBe('app.bsky.feed.post')
  expect(tools.ozone.moderation.defs.$nsid).toBe('tools.ozone.moderation.defs')
})
