import { resolve } from 'node:path'
import { Project, ts } from 'ts-morph'
import { expect, test } from 'vitest'

/** What an editor offers: the language service on a handlers module with a `|` where the cursor stands. */
const root = resolve(import.meta.dirname, '../..')
const project = new Project({
  compilerOptions: {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    allowImportingTsExtensions: true,
    customConditions: ['lextap-source'],
    types: [],
  },
})
const { compilerObject: service } = project.getLanguageService()

function offered(code: string): string[] {
  const imports = "import { on } from './generated/handlers.ts'\nimport { app } from './generated/index.ts'\n"
  const text = imports + code
  const file = resolve(root, 'handlers-in-an-editor.ts')
  project.createSourceFile(file, text.replace('|', ''), { overwrite: true })
  return service.getCompletionsAtPosition(file, text.indexOf('|'), {})?.entries.map(({ name }) => name) ?? []
}

test('the editor completes collections and wildcards, fields of the record, of a $build, and tables', () => {
  const collections = offered("on('|', {})")
  expect(collections).toEqual(
    expect.arrayContaining(['app.bsky.feed.post', 'app.bsky.*', 'xyz.statusphere.status']),
  )
  expect(collections).not.toContain('app.bsky.richtext.facet')
  expect(offered("on('app.bsky.feed.post', { put({ record }) { record.| } })")).toEqual(
    expect.arrayContaining(['text', 'createdAt', 'reply', 'embed']),
  )
  expect(offered('on(app.bsky.feed.post, { | })').sort()).toEqual([
    'create',
    'delete',
    'put',
    'puts',
    'update',
    'version',
  ])
  expect(
    offered("on('app.bsky.feed.*', { put(event) { if (event.collection === '|') {} } })").sort(),
  ).toEqual([
    'app.bsky.feed.like',
    'app.bsky.feed.post',
    'app.bsky.feed.postgate',
    'app.bsky.feed.threadgate',
  ])
  expect(offered("on('app.bsky.feed.post', { delete(_, { rows }) { rows.| } })")).toContain('status')
  expect(offered('app.bsky.feed.post.$build({ | })')).toEqual(
    expect.arrayContaining(['text', 'createdAt', 'langs']),
  )
  for (const code of [
    "on('app.bsky.feed.post', { put({ record: { embed } }) { if (embed?.$type === '|') {} } })",
    "app.bsky.feed.post.$build({ text: '', createdAt: '', embed: { $type: '|' } })",
  ])
    expect([code, offered(code)]).toEqual([code, expect.arrayContaining(['app.bsky.embed.images'])])
})
