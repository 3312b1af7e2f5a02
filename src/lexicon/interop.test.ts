import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateProject, rootDocs } from '../../test/support/generated-project.ts'
import { Problems } from './problem.ts'
import { checkShape } from './shape.ts'

const folder = resolve(import.meta.dirname, '../../../shared/fixtures/interop/lexicon')
const here = existsSync(folder)
if (!here) console.warn('skipped: interop lexicon vectors are not at ../shared/fixtures/interop/lexicon')
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

interface Vector {
  readonly name: string
  readonly lexicon: { id: string }
}
interface DataVector {
  readonly name: string
  readonly data: { $type: string }
}

describe.skipIf(!here)('interop lexicon vectors', () => {
  test('every valid document is accepted', () => {
    for (const { name, lexicon } of json('lexicon-valid.json') as Vector[]) {
      const problems = new Problems(name)
      expect(checkShape(lexicon, problems), name).not.toBeNull()
      expect(problems.list.filter((problem) => problem.severity === 'error')).toEqual([])
    }
  })

  test('every invalid document is refused, with a place and something to do', () => {
    for (const { name, lexicon } of json('lexicon-invalid.json') as Vector[]) {
      const problems = new Problems(name)
      expect(checkShape(lexicon, problems), name).toBeNull()
      const [first] = problems.list
      expect(first?.path, name).not.toBe('')
      expect(first?.fix, name).toMatch(/\w/)
    }
  })

  test('the catalogue of all document types generates', async () => {
    // One of them refers to the lexicons of Bluesky, which the root project has.
    const docs = [
      ...readdirSync(join(folder, 'catalog')).map((name) => json(`catalog/${name}`)),
      ...rootDocs(),
    ]
    using project = await generateProject(docs)
    expect(project.result.documents).toBe(docs.length)
    expect(Object.keys(await project.schemas())).toContain('example.lexicon.record')
  })

  test('every valid record passes', async () => {
    using project = await generateProject([json('catalog/record.json')])
    const { 'example.lexicon.record': schema } = await project.schemas()
    for (const { name, data } of json('record-data-valid.json') as DataVector[])
      expect(schema?.$safeParse(data), name).toMatchObject({ success: true })
  })

  test('every invalid record is refused', async () => {
    using project = await generateProject([json('catalog/record.json')])
    const { 'example.lexicon.record': schema } = await project.schemas()
    for (const { name, data } of json('record-data-invalid.json') as DataVector[]) {
      const result = schema?.$safeParse(data)
      expect(result?.success, name).toBe(false)
      if (result?.success === false)
        expect(result.issues[0]?.message).toMatch(/: expected .+, received .+; rule=/)
    }
  })
})
