import { parseLexiconDoc } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { rootDocs } from '../../test/support/generated-project.ts'
import { randomDocuments } from '../../test/support/lexicon-documents.ts'
import { Random } from '../../test/support/random.ts'
import { Problems } from './problem.ts'
import { checkShape } from './shape.ts'

const SEED = Number(process.env.SEED ?? 1)
const DOCUMENTS = Number(process.env.FUZZ ?? 1500)

// Deliberate, see docs/validation.md: where we refuse and the reference accepts, and the other way round.
const WE_REFUSE = /cannot be a definition|below 2\^53|from 0 to 2\^53|is more than|cannot name a definition/
const THEY_REFUSE = /\.\$type\b|@(?:.*\.)?(?:properties|type|schema)$|^Invalid type|^Invalid discriminator/

const JUNK: readonly unknown[] = [
  null,
  1,
  -1,
  1.5,
  2 ** 60,
  true,
  'x',
  '#a',
  [],
  ['a'],
  {},
  { type: 'string' },
  { type: 'object', properties: {} },
  { type: 'ref', ref: '#x' },
  { type: 'unknown' },
  { type: 'token' },
  'string',
  'object',
  'record',
  'query',
  'array',
]
const KEYS = [
  'type',
  'required',
  'nullable',
  'closed',
  'enum',
  'const',
  'default',
  'format',
  'maxLength',
  'extra',
  'key',
  '$type',
]

function spoil(doc: object, random: Random): unknown {
  const copy = structuredClone(doc)
  const places: [Record<string, unknown>, string][] = []
  const collect = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of Object.keys(holder)) {
      places.push([holder as Record<string, unknown>, key])
      collect((holder as Record<string, unknown>)[key])
    }
  }
  collect(copy)
  const [holder, key] = random.pick(places)
  const at = random.chance(0.3) ? random.pick(KEYS) : key
  if (random.chance(0.3)) delete holder[key]
  else holder[at] = structuredClone(random.pick(JUNK))
  return JSON.parse(JSON.stringify(copy))
}

function reference(json: unknown): string | null {
  try {
    parseLexiconDoc(structuredClone(json))
    return null
  } catch (error) {
    const [first] = (error as { issues?: { message: string; path: unknown[] }[] }).issues ?? []
    return first === undefined ? String(error) : `${first.message} @${first.path.join('.')}`
  }
}

test(`documents with one mistake are judged as the reference judges them (SEED=${SEED})`, () => {
  const random = new Random(SEED)
  const docs = [...randomDocuments(random, 20), ...rootDocs()]
  const unexplained: unknown[] = []
  let refused = 0
  for (let i = 0; i < DOCUMENTS; i++) {
    const json = spoil(random.pick(docs), random)
    const theirs = reference(json)
    const problems = new Problems('doc.json')
    const accepted = checkShape(json, problems) !== null
    refused += accepted ? 0 : 1
    if (accepted === (theirs === null)) continue
    const first = problems.list.find((problem) => problem.severity === 'error')
    if (accepted ? THEY_REFUSE.test(theirs ?? '') : WE_REFUSE.test(first?.message ?? '')) continue
    unexplained.push({ accepted, theirs, first })
  }
  expect(unexplained.slice(0, 3)).toEqual([])
  expect(refused).toBeGreaterThan(DOCUMENTS / 5)
})

test('a property called $type is passed over: every object has one', () => {
  const problems = new Problems('doc.json')
  const record = {
    type: 'object',
    required: ['$type', 'a'],
    properties: { $type: { type: 'string' }, a: { type: 'string' } },
  }
  const doc = checkShape(
    { lexicon: 1, id: 'a.b.c', defs: { main: { type: 'record', key: 'tid', record } } },
    problems,
  )
  expect(problems.list).toMatchObject([{ severity: 'note', path: 'defs.main.record.properties.$type' }])
  expect(doc?.defs.main).toMatchObject({ record: { properties: { a: { type: 'string' } } } })
})
