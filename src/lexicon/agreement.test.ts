import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { jsonToLex, type LexiconDoc, Lexicons as ReferenceLexicons } from '@atproto/lexicon'
import { describe, expect, test } from 'vitest'
import { generateProject, rootDocs } from '../../test/support/generated-project.ts'
import { DIFFERENCES, type Disagreement } from '../../test/support/lexicon-differences.ts'
import { randomDocuments } from '../../test/support/lexicon-documents.ts'
import { mutate, ValueMaker } from '../../test/support/lexicon-values.ts'
import { Random } from '../../test/support/random.ts'
import type { RecordSchema } from '../dispatch/handler.ts'
import { loadLexicons } from './codegen.ts'

const SEED = Number(process.env.SEED ?? 1)
/** Records a test; `FUZZ=` for longer runs. */
const RECORDS = Number(process.env.FUZZ ?? 4000)

/** `error` null: the record is right, and `value` is it with its defaults. */
type Oracle = (nsid: string, record: unknown) => { readonly error: string | null; readonly value: unknown }

/** What `@atproto/lexicon` says of a record in JSON form. */
function oracleOf(docs: readonly { id: string }[]): Oracle {
  const lexicons = new ReferenceLexicons(structuredClone(docs) as unknown as LexiconDoc[])
  return (nsid, record) => {
    try {
      return { error: null, value: lexicons.assertValidRecord(nsid, jsonToLex(record as never)) }
    } catch (error) {
      return { error: (error as Error).message, value: null }
    }
  }
}

/** Null when both say the same; of a right record they must also say the same with its defaults. */
function compare(schema: RecordSchema, oracle: Oracle, record: unknown): Disagreement | null {
  const result = schema.$safeParse(record)
  const { error, value } = oracle(schema.$nsid, record)
  if (result.success && error === null) expect(scalars(result.value)).toEqual(scalars(value))
  if (result.success === (error === null)) return null
  const ours = result.success ? null : (result.issues[0] ?? null)
  return { record, ours, reference: error, culprit: ours === null ? undefined : at(record, ours.path) }
}

/** The fields that are no objects. Inside arrays the reference fills no defaults in, and we do. */
const scalars = (record: unknown): object =>
  Object.fromEntries(Object.entries(record as object).filter(([, value]) => typeof value !== 'object'))

const at = (value: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((holder, key) => (holder as Record<string | number, unknown> | null)?.[key], value)

/** Builds records and one-step mutants of them; returns how many were right and what nothing explains. */
function fuzz(
  schemas: Readonly<Record<string, RecordSchema>>,
  maker: ValueMaker,
  oracle: Oracle,
  random: Random,
) {
  const unexplained: Disagreement[] = []
  const seen = new Map<string, number>()
  let right = 0
  const names = Object.keys(schemas)
  for (let i = 0; i < RECORDS; i++) {
    const schema = schemas[random.pick(names)] as RecordSchema
    let record = maker.record(schema.$nsid)
    for (let step = random.int(0, 3); step > 1; step--) record = mutate(record, random)
    const difference = compare(schema, oracle, record)
    if (difference === null) {
      right += schema.$safeParse(record).success ? 1 : 0
      continue
    }
    const id = DIFFERENCES.find(({ explains }) => explains(difference))?.id
    if (id === undefined) unexplained.push(difference)
    else seen.set(id, (seen.get(id) ?? 0) + 1)
  }
  return { unexplained, right, seen }
}

describe(`agreement with @atproto/lexicon (SEED=${SEED})`, () => {
  test('on records of the root project and one-step mutants of them', async () => {
    const docs = rootDocs()
    using project = await generateProject(docs)
    const random = new Random(SEED)
    const maker = new ValueMaker(loadLexicons(project.lexicons).lexicons, random)
    const { unexplained, right } = fuzz(await project.schemas(), maker, oracleOf(docs), random)
    expect(unexplained.slice(0, 3)).toEqual([])
    // Enough of them are right that agreeing means something.
    expect(right).toBeGreaterThan(RECORDS / 4)
  })

  test('on lexicons that use the whole language at random', async () => {
    const random = new Random(SEED + 1)
    const docs = randomDocuments(random, 24)
    using project = await generateProject(docs)
    const maker = new ValueMaker(loadLexicons(project.lexicons).lexicons, random)
    const { unexplained, right } = fuzz(await project.schemas(), maker, oracleOf(docs), random)
    expect(unexplained.slice(0, 3)).toEqual([])
    expect(right).toBeGreaterThan(RECORDS / 4)
  })

  test('every deliberate difference has its paragraph in docs/validation.md', () => {
    const page = resolve(import.meta.dirname, '../../docs/validation.md')
    const text = existsSync(page) ? readFileSync(page, 'utf8') : ''
    expect(DIFFERENCES.map(({ id }) => id).filter((id) => !text.includes(`### ${id}\n`))).toEqual([])
  })
})
