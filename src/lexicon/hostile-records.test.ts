import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateProject, type Project } from '../../test/support/generated-project.ts'
import { CID, RAW_CID } from '../../test/support/lexicon-values.ts'
import type { RecordSchema } from '../dispatch/handler.ts'
import { STRING_FORMATS } from './document.ts'

const NSID = 'com.example.hostile'
const formats = Object.fromEntries(
  STRING_FORMATS.map((format) => [`format-${format}`, { type: 'string', format }]),
)
const doc = {
  lexicon: 1,
  id: NSID,
  defs: {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          short: { type: 'string', maxLength: 3000, maxGraphemes: 300 },
          long: { type: 'string', minGraphemes: 5, maxGraphemes: 1_000_000 },
          number: { type: 'integer' },
          bytes: { type: 'bytes', maxLength: 1_000_000 },
          link: { type: 'cid-link' },
          blob: { type: 'blob' },
          unknown: { type: 'unknown' },
          tree: { type: 'ref', ref: '#tree' },
          union: { type: 'union', refs: ['#tree'] },
          list: { type: 'array', items: { type: 'integer' }, maxLength: 1_000_000 },
          required: { type: 'ref', ref: '#required' },
          ...formats,
        },
      },
    },
    tree: {
      type: 'object',
      properties: {
        next: { type: 'ref', ref: '#tree' },
        children: { type: 'array', items: { type: 'union', refs: ['#tree', '#other'] } },
      },
    },
    // A cycle over two definitions.
    other: { type: 'object', properties: { tree: { type: 'ref', ref: '#tree' } } },
    required: { type: 'object', required: ['toString'], properties: { toString: { type: 'string' } } },
  },
}

let project: Project
let schema: RecordSchema
beforeAll(async () => {
  project = await generateProject([doc])
  schema = (await project.schemas())[NSID] as RecordSchema
})
afterAll(() => project[Symbol.dispose]())

const parse = (fields: object) => schema.$safeParse({ $type: NSID, ...fields })
const accepts = (fields: object) => parse(fields).success
const ruleOf = (fields: object) => {
  const result = parse(fields)
  return result.success ? null : result.issues[0]?.rule
}

function nest(levels: number, wrap: (inner: unknown) => unknown, core: unknown = {}): unknown {
  let value = core
  for (let i = 0; i < levels; i++) value = wrap(value)
  return value
}

describe('deep nesting', () => {
  test('a definition that contains itself goes 64 levels deep and no deeper', () => {
    expect(accepts({ tree: nest(60, (next) => ({ next })) })).toBe(true)
    expect(ruleOf({ tree: nest(70, (next) => ({ next })) })).toBe('depth')
    expect(ruleOf({ tree: nest(200_000, (next) => ({ next })) })).toBe('depth')
  })
  test('a cycle over several definitions counts as one', () => {
    const wrap = (tree: unknown) => ({ children: [{ $type: `${NSID}#other`, tree }] })
    expect(accepts({ tree: nest(20, wrap) })).toBe(true)
    expect(ruleOf({ tree: nest(100_000, wrap) })).toBe('depth')
  })
  test('what the lexicon leaves open is walked without the call stack', () => {
    expect(ruleOf({ unknown: nest(200_000, (a) => ({ a })) })).toBe('depth')
    expect(ruleOf({ unknown: { list: nest(200_000, (a) => [a]) } })).toBe('depth')
    expect(ruleOf({ union: { $type: 'a.b.c', deep: nest(200_000, (a) => ({ a })) } })).toBe('depth')
    expect(accepts({ unknown: { wide: Array.from({ length: 100_000 }, (_, i) => i) } })).toBe(true)
  })
})

test('what is wrong in open data is found wherever it is', () => {
  const issueOf = (fields: object) => {
    const result = parse(fields)
    return result.success ? null : result.issues[0]?.message
  }
  const data = { right: [{ a: null }], list: [0, { 'a b': [{ $link: 'bafy' }] }] }
  expect(issueOf({ unknown: data })).toBe(
    'unknown.list[1]["a b"][0]: expected a cid link, received an object; rule=data',
  )
  expect(issueOf({ union: { $type: 'c.d.e', n: { f: 1.5 } } })).toBe(
    'union.n.f: expected atproto data, received 1.5; rule=data',
  )
})

test('objects that are no JSON are no data', async () => {
  const { toLex } = await import('../lex.ts')
  for (const value of [
    new Date(),
    new Map(),
    new Uint8Array(2),
    toLex({ $link: CID }),
    /x/,
    new String('x'),
  ]) {
    expect(ruleOf({ unknown: { a: [value] } })).toBe('data')
    expect(ruleOf({ union: { $type: 'a.b.c', value } })).toBe('data')
  }
  expect(accepts({ unknown: Object.assign(Object.create(null), { a: Object.create(null) }) })).toBe(true)
})

test('a $type in open data could be a name, wherever it is', () => {
  for (const $type of ['', 5, null, {}]) {
    expect([$type, ruleOf({ unknown: { $type } })]).toEqual([$type, 'data'])
    expect([$type, ruleOf({ unknown: { a: [{ $type }] } })]).toEqual([$type, 'data'])
    expect([$type, ruleOf({ union: { $type: 'a.b.c', a: { $type } } })]).toEqual([$type, 'data'])
  }
  expect(accepts({ unknown: { $type: 'anything', a: [{ $type: 'a.b.c#d' }] } })).toBe(true)
})

describe('prototype keys', () => {
  const proto = (inner: unknown) => JSON.parse(`{"__proto__":${JSON.stringify(inner)}}`)
  test('a property every object inherits must be the record’s own', () => {
    expect(ruleOf({ required: {} })).toBe('required')
    expect(accepts({ required: { toString: 'own' } })).toBe(true)
  })
  test('keys that JavaScript gives a meaning are data like others', () => {
    expect(accepts({ unknown: proto({ a: 1 }) })).toBe(true)
    expect(ruleOf({ unknown: proto(1.5) })).toBe('data')
    expect(accepts(proto({ text: 1 }))).toBe(true)
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(ruleOf({ union: { $type: name, text: '\ud800' } })).toBe('data')
  })
})

describe('strings', () => {
  const surrogates = ['\ud800', 'a\udc00b', '\udfff\ud800', `${'x'.repeat(1000)}\ud83d`]
  test('invalid UTF-16 passes nowhere', () => {
    for (const text of surrogates) {
      for (const key of ['text', 'short', 'long', ...Object.keys(formats)])
        expect([key, accepts({ [key]: text.padStart(8, 'a') })]).toEqual([key, false])
      expect(accepts({ unknown: { a: [text] } })).toBe(false)
      expect(accepts({ unknown: { a: { [text]: 1 } } })).toBe(false)
      expect(accepts({ blob: { $type: 'blob', ref: { $link: RAW_CID }, mimeType: text, size: 1 } })).toBe(
        false,
      )
    }
  })
  test('megabytes of text take no more than a look each', () => {
    const megabyte = 1_000_000
    const texts = [
      'a'.repeat(megabyte),
      '🙂'.repeat(megabyte / 2),
      `a${'\u0301'.repeat(megabyte)}`,
      '\u200d'.repeat(megabyte),
    ]
    texts.push(
      '👨‍👩‍👧‍👦'.repeat(megabyte / 11),
      `at://${'a.'.repeat(megabyte / 2)}`,
      'did:a:'.repeat(megabyte / 6),
      '\r\n'.repeat(megabyte / 2),
    )
    texts.push(
      `2020-01-01T00:00:00.${'0'.repeat(megabyte)}Z`,
      `en${'-aaaaa'.repeat(megabyte / 6)}`,
      `z${'1'.repeat(megabyte)}`,
    )
    for (const text of texts) {
      expect(accepts({ text })).toBe(true)
      expect(accepts({ short: text })).toBe(false)
      // An emoji of many code points, or one letter under many marks, is few graphemes.
      expect(typeof accepts({ long: text })).toBe('boolean')
      // `did` has a bound of its own, `language` none.
      for (const key of Object.keys(formats))
        if (key !== 'format-language') expect([key, accepts({ [key]: text })]).toEqual([key, false])
      expect(typeof accepts({ 'format-language': text })).toBe('boolean')
    }
  })
  test('an issue about a megabyte says a line', () => {
    const result = parse({ short: 'ä'.repeat(1_000_000), text: 'x' })
    expect(result.success === false && result.issues[0]?.message.length).toBeLessThan(200)
    const wrong = parse({ number: '\ud800'.repeat(1_000_000) })
    expect(wrong.success === false && wrong.issues[0]?.message.isWellFormed()).toBe(true)
  })
})

describe('wrong kinds', () => {
  const kinds: unknown[] = [
    null,
    true,
    0,
    '',
    [],
    {},
    1n,
    Symbol('s'),
    () => 0,
    Number.NaN,
    undefined,
    new Date(),
    new Map(),
    new Uint8Array(3),
  ]
  test('no value of any kind makes a check throw', () => {
    for (const kind of kinds) {
      expect(schema.$safeParse(kind).success).toBe(false)
      for (const key of Object.keys(doc.defs.main.record.properties))
        expect(typeof accepts({ [key]: kind })).toBe('boolean')
      expect(typeof accepts({ unknown: { inner: kind } })).toBe('boolean')
      expect(typeof accepts({ blob: { $type: 'blob', ref: kind, mimeType: kind, size: kind } })).toBe(
        'boolean',
      )
    }
  })
  test('CIDs of a kind the data model does not have are refused as links', () => {
    const wrong = [
      'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', // dag-pb
      'QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR', // version 0
      CID.toUpperCase(),
      CID.replace('bafyrei', 'bafyreh'), // not sha-256 of 32 bytes
      `${CID.slice(0, -1)}b`, // bits left over
      CID.slice(0, -1),
      `${CID}a`,
      `${CID} `,
      CID.replace('l', '\u0131'),
      '',
    ]
    for (const $link of wrong) {
      expect([$link, accepts({ link: { $link } })]).toEqual([$link, false])
      expect([$link, accepts({ unknown: { a: { $link } } })]).toEqual([$link, false])
      expect([$link, accepts({ blob: { $type: 'blob', ref: { $link }, mimeType: 'a/b', size: 1 } })]).toEqual(
        [$link, false],
      )
    }
    expect(accepts({ link: { $link: CID, extra: 1 } })).toBe(false)
    expect(accepts({ link: CID })).toBe(false)
  })
  test('bytes are base64 of whole bytes', () => {
    for (const $bytes of ['A', 'AAAAA', 'AA=', 'A===', '=', 'AA_A', 'AA\nAA', 'é'])
      expect([$bytes, accepts({ bytes: { $bytes } })]).toEqual([$bytes, false])
    for (const $bytes of ['', 'AA', 'AA==', 'AAA', 'AAA=', 'AAAA'])
      expect([$bytes, accepts({ bytes: { $bytes } })]).toEqual([$bytes, true])
    expect(accepts({ bytes: { $bytes: 'A'.repeat(1_400_000) } })).toBe(false)
  })
  test('numbers are integers JavaScript can hold', () => {
    for (const number of [1.5, 2 ** 53, -(2 ** 53), Number.POSITIVE_INFINITY, Number.NaN, '1'])
      expect(accepts({ number })).toBe(false)
    for (const number of [0, -0, 2 ** 53 - 1, -(2 ** 53) + 1]) expect(accepts({ number })).toBe(true)
  })
})

test('limits are exact: the last value within passes, the next one does not', async () => {
  const { 'com.example.limits': limits } = await (await limitsProject).schemas()
  const fits = (fields: object) => limits?.$safeParse({ $type: 'com.example.limits', ...fields }).success
  const cases: [key: string, right: unknown, wrong: unknown][] = [
    ['bytes', 'é'.repeat(5), `${'é'.repeat(5)}a`],
    ['bytes', '你你你a', '你你你aa'],
    ['bytes', '🙂🙂aa', '🙂🙂🙂'],
    ['minBytes', '🙂', 'aaa'],
    ['graphemes', '👩‍👩‍👦'.repeat(5), '👩‍👩‍👦'.repeat(6)],
    ['graphemes', 'e\u0301'.repeat(5), 'e\u0301'.repeat(6)],
    ['minGraphemes', '👩‍👩‍👦'.repeat(3), '👩‍👩‍👦'.repeat(2)],
    ['integer', -5, -6],
    ['integer', 5, 6],
    ['raw', { $bytes: 'AAAA' }, { $bytes: 'AAAAAA' }],
    ['raw', { $bytes: 'AAA' }, { $bytes: 'AA' }],
    ['list', [1, 2], [1, 2, 3]],
    ['list', [1], []],
    ['blob', blobOf(100), blobOf(101)],
  ]
  for (const [key, right, wrong] of cases)
    expect([key, right, fits({ [key]: right }), fits({ [key]: wrong })]).toEqual([key, right, true, false])
})

const blobOf = (size: number) => ({ $type: 'blob', ref: { $link: RAW_CID }, mimeType: 'a/b', size })
const limitsProject = generateProject([
  {
    lexicon: 1,
    id: 'com.example.limits',
    defs: {
      main: {
        type: 'record',
        key: 'any',
        record: {
          type: 'object',
          properties: {
            bytes: { type: 'string', maxLength: 10 },
            minBytes: { type: 'string', minLength: 4 },
            graphemes: { type: 'string', maxGraphemes: 5 },
            minGraphemes: { type: 'string', minGraphemes: 3 },
            integer: { type: 'integer', minimum: -5, maximum: 5 },
            raw: { type: 'bytes', minLength: 2, maxLength: 3 },
            list: { type: 'array', items: { type: 'integer' }, minLength: 1, maxLength: 2 },
            blob: { type: 'blob', maxSize: 100 },
          },
        },
      },
    },
  } as { id: string },
])
afterAll(async () => (await limitsProject)[Symbol.dispose]())
