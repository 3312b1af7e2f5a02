import { expect, test } from 'vitest'
import { fingerprintOf } from './migration-text.ts'

const TEXT = `
import type { Kysely } from 'kysely'
import { sql } from "kysely";

/** The moods. */
export async function up(db: Kysely<any>): Promise<void> {
  await db.schema.createTable('mood').addColumn('id', 'text', (c) => c.primaryKey()).execute();
  await sql\`create index mood_id
    on mood (id)\`.execute(db)
}
`
const same = (a: string, b: string) => fingerprintOf('m.ts', a) === fingerprintOf('m.ts', b)

test.each([
  ['quotes', TEXT.replaceAll("'", '"')],
  ['semicolons', TEXT.replaceAll(';', '')],
  ['line breaks', TEXT.replaceAll(').', ')\n      .')],
  ['trailing commas', TEXT.replace('c.primaryKey())', 'c.primaryKey(),\n)')],
  ['brackets around one parameter', TEXT.replace('(c) =>', 'c =>')],
  ['comments', TEXT.replace('/** The moods. */', "// All of them: don't `miss` one.")],
  [
    'the order and the manner of imports',
    TEXT.replace(/import.*\n/g, '').replace('\n', "\nimport { type Kysely, sql } from 'kysely'\n"),
  ],
  ['the type of the database', TEXT.replace('Kysely<any>', 'Kysely<unknown>')],
  ['white space within a template', TEXT.replace(/mood_id\s+on/, 'mood_id on')],
])('a formatter that changes %s changes nothing', (_, text) => {
  expect(text).not.toBe(TEXT)
  expect(same(TEXT, text)).toBe(true)
})

test.each([
  ['a name', TEXT.replace("'mood'", "'moods'")],
  ['white space in a name', TEXT.replace("'mood'", "'mo od'")],
  ['a column', TEXT.replace("'text'", "'integer'")],
  ['a call', TEXT.replace('c.primaryKey()', 'c.primaryKey().notNull()')],
  ['a template', TEXT.replace('mood_id', 'mood_by_id')],
  [
    'a comment that hides a call',
    TEXT.replace('.addColumn(', "/*.addColumn('id', 'text', (c) => c.primaryKey())*/; ("),
  ],
])('%s is a change', (_, text) => {
  expect(same(TEXT, text)).toBe(false)
})

test('texts of different kinds of files are told apart by the kind', () => {
  expect(fingerprintOf('m.js', TEXT).split(' ')[0]).toBe('js')
})
