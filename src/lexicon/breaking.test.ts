import { expect, test } from 'vitest'
import { compareDocuments, printChange } from './breaking.ts'
import type { LexDoc } from './document.ts'
import { Lexicons } from './lexicons.ts'
import { lintLexicons } from './lint.ts'

const doc = (defs: object): LexDoc => ({ lexicon: 1, id: 'a.b.c', defs }) as unknown as LexDoc
const record = (properties: object, more: object = {}) =>
  doc({ main: { type: 'record', key: 'tid', record: { type: 'object', properties, ...more } } })
const AT = 'defs.main.record.properties'

/** The changes from one field to another, without the path they have in common. */
const field = (before: object, after: object): string[] =>
  compareDocuments(record({ f: before }), record({ f: after })).map(
    ({ kind, path, message }) => `${kind} ${path.replace(`${AT}.f`, 'f')}: ${message}`,
  )

test('the same document has no changes, however its references are spelt', () => {
  const one = record({ a: { type: 'ref', ref: '#x' }, u: { type: 'union', refs: ['a.b.c#x', 'd.e.f'] } })
  const two = record({
    a: { type: 'ref', ref: 'lex:a.b.c#x' },
    u: { type: 'union', refs: ['#x', 'd.e.f#main'] },
  })
  expect(compareDocuments(one, two)).toEqual([])
})

test('definitions and properties that go are breaking, new ones only when required', () => {
  const before = doc({ main: { type: 'token' }, gone: { type: 'token' } })
  const after = doc({ main: { type: 'token' }, fresh: { type: 'token' } })
  expect(compareDocuments(before, after).map(printChange)).toEqual([
    'breaking: a.b.c  defs.gone: the definition is gone',
    'compatible: a.b.c  defs.fresh: a new definition',
  ])
  const s = { type: 'string' }
  const changes = compareDocuments(record({ a: s }), record({ b: s, c: s }, { required: ['c'] }))
  expect(changes.map(({ kind, path, message }) => [kind, path, message])).toEqual([
    ['breaking', `${AT}.a`, 'the property is gone'],
    ['compatible', `${AT}.b`, 'a new property'],
    ['breaking', `${AT}.c`, 'a new property, and it is required'],
  ])
})

test('what is called as something every object inherits is gone once, when it is gone', () => {
  const s = { type: 'string' }
  const changes = compareDocuments(record({ constructor: s, a: s }), record({ a: s }))
  expect(changes.map(({ message }) => message)).toEqual(['the property is gone'])
  const defs = compareDocuments(doc({ toString: { type: 'token' } }), doc({}))
  expect(defs.map(({ message }) => message)).toEqual(['the definition is gone'])
})

test('required and nullable are promises to writers or to readers, so any change of them breaks somebody', () => {
  const a = { a: { type: 'string' } }
  const kinds = (before: object, after: object) =>
    compareDocuments(record(a, before), record(a, after)).map(({ kind, message }) => `${kind}: ${message}`)
  expect(kinds({}, { required: ['a'] })).toEqual(['breaking: required now, was not'])
  expect(kinds({ required: ['a'] }, {})).toEqual(['breaking: no longer required'])
  expect(kinds({}, { nullable: ['a'] })).toEqual(['breaking: nullable now, was not'])
  expect(kinds({ nullable: ['a'] }, {})).toEqual(['breaking: no longer nullable'])
})

test('limits that narrow are breaking, limits that widen are not', () => {
  const string = { type: 'string' }
  expect(field({ ...string, maxLength: 10 }, { ...string, maxLength: 9 })).toEqual([
    'breaking f.maxLength: 9 now, was 10',
  ])
  expect(field({ ...string, maxLength: 10 }, { ...string, maxLength: 11 })).toEqual([
    'compatible f.maxLength: 11 now, was 10',
  ])
  expect(field(string, { ...string, maxGraphemes: 5 })).toEqual([
    'breaking f.maxGraphemes: 5 now, was nothing',
  ])
  expect(field({ ...string, minLength: 5 }, string)).toEqual(['compatible f.minLength: nothing now, was 5'])
  expect(field({ ...string, minGraphemes: 1 }, { ...string, minGraphemes: 2 })).toEqual([
    'breaking f.minGraphemes: 2 now, was 1',
  ])
  expect(field({ type: 'integer', minimum: 0 }, { type: 'integer', minimum: -1, maximum: 9 })).toEqual([
    'compatible f.minimum: -1 now, was 0',
    'breaking f.maximum: 9 now, was nothing',
  ])
  expect(
    field(
      { type: 'blob', maxSize: 5, accept: ['a/b', 'c/d'] },
      { type: 'blob', maxSize: 4, accept: ['a/b', 'e/f'] },
    ),
  ).toEqual([
    'breaking f.maxSize: 4 now, was 5',
    'breaking f.accept: without "c/d" now',
    'compatible f.accept: with "e/f" now',
  ])
  expect(
    field(
      { type: 'array', items: string, maxLength: 2 },
      { type: 'array', items: { ...string, maxLength: 1 }, maxLength: 1 },
    ),
  ).toEqual(['breaking f.maxLength: 1 now, was 2', 'breaking f.items.maxLength: 1 now, was nothing'])
})

test('types, formats, constants, enums and defaults', () => {
  const string = { type: 'string' }
  expect(field(string, { type: 'integer' })).toEqual(['breaking f.type: the type is integer now, was string'])
  expect(field({ type: 'ref', ref: '#x' }, { type: 'ref', ref: '#y' })).toEqual([
    'breaking f.ref: "a.b.c#y" now, was "a.b.c#x"',
  ])
  expect(field(string, { ...string, format: 'did' })).toEqual(['breaking f.format: "did" now, was nothing'])
  expect(field({ ...string, format: 'did' }, string)).toEqual(['compatible f.format: nothing now, was "did"'])
  expect(field({ ...string, const: 'a' }, { ...string, const: 'b' })).toEqual([
    'breaking f.const: "b" now, was "a"',
  ])
  expect(field({ ...string, default: 'a' }, string)).toEqual(['breaking f.default: nothing now, was "a"'])
  expect(field({ ...string, enum: ['a', 'b'] }, { ...string, enum: ['b', 'c'] })).toEqual([
    'breaking f.enum: without "a" now',
    'compatible f.enum: with "c" now',
  ])
  expect(field(string, { ...string, enum: ['a'] })).toEqual(['breaking f.enum: ["a"] now, was nothing'])
  expect(field({ ...string, knownValues: ['a'] }, { ...string, knownValues: ['b'] })).toEqual([])
  expect(field({ ...string, description: 'a' }, { ...string, description: 'b' })).toEqual([])
})

test('unions', () => {
  const union = (refs: string[], closed?: boolean) => ({
    type: 'union',
    refs,
    ...(closed === undefined ? {} : { closed }),
  })
  expect(field(union(['#a', '#b']), union(['#b', '#c']))).toEqual([
    'breaking f.refs: without "a.b.c#a" now',
    'compatible f.refs: with "a.b.c#c" now',
  ])
  expect(field(union(['#a']), union(['#a'], true))).toEqual(['breaking f.closed: closed now, was open'])
  expect(field(union(['#a'], true), union(['#a']))).toEqual(['compatible f.closed: open now, was closed'])
})

test('record keys, methods and their bodies', () => {
  const changes = compareDocuments(
    doc({ main: { type: 'record', key: 'tid', record: { type: 'object' } } }),
    doc({ main: { type: 'record', key: 'any', record: { type: 'object' } } }),
  )
  expect(changes.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'defs.main.key: "any" now, was "tid"',
  ])
  const body = (properties: object) => ({
    encoding: 'application/json',
    schema: { type: 'object', properties },
  })
  const s = { type: 'string' }
  const method = compareDocuments(
    doc({
      main: {
        type: 'procedure',
        parameters: { type: 'params', properties: { a: s } },
        input: body({ x: s }),
        output: { encoding: '*/*' },
      },
    }),
    doc({
      main: {
        type: 'procedure',
        parameters: { type: 'params', required: ['b'], properties: { b: s } },
        input: body({}),
        output: body({}),
      },
    }),
  )
  expect(method.map(({ kind, path, message }) => `${kind} ${path}: ${message}`)).toEqual([
    'breaking defs.main.parameters.properties.a: the property is gone',
    'breaking defs.main.parameters.properties.b: a new property, and it is required',
    'breaking defs.main.input.schema.properties.x: the property is gone',
    'breaking defs.main.output.encoding: "application/json" now, was "*/*"',
    'breaking defs.main.output.schema: a new schema',
  ])
  const types = compareDocuments(doc({ main: { type: 'query' } }), doc({ main: { type: 'procedure' } }))
  expect(types.map(({ message }) => message)).toEqual(['the type is procedure now, was query'])
})

test('lint gives advice, and only for the lexicons it is asked about', () => {
  const lexicon = doc({
    main: {
      type: 'record',
      record: {
        type: 'object',
        properties: {
          long: { type: 'string' },
          text: { type: 'string', maxGraphemes: 10 },
          short: { type: 'string', maxGraphemes: 10, maxLength: 5 },
          snake_case: { type: 'boolean' },
          closed: { type: 'union', closed: true, refs: [] },
          one: { type: 'string', enum: ['a'], default: 'b', maxLength: 9 },
          three: { type: 'integer', maximum: 2, default: 3 },
          fine: { type: 'string', format: 'did' },
        },
      },
    },
  })
  const lexicons = new Lexicons([{ doc: lexicon, file: 'c.json', path: 'c.json', fingerprint: '' }])
  expect(lintLexicons(lexicons, new Set())).toEqual([])
  const notes = lintLexicons(lexicons, new Set(['a.b.c']))
  expect(notes.every(({ severity, fix }) => severity === 'note' && fix !== '')).toBe(true)
  expect(notes.map(({ path, message }) => `${path.replace(`${AT}.`, '')}: ${message}`)).toEqual([
    'defs.main: the kind of record key is not said',
    'snake_case: snake_case is not in camelCase',
    'long: a string of any length',
    'text: graphemes are bounded, bytes are not: one grapheme may be any number of bytes',
    'short: maxGraphemes 10 cannot be reached with maxLength 5',
    'closed: a closed union can never get another member',
    'one: an enum can never get another value',
    'one.default: the default is a value the other limits forbid',
    'three.default: the default is a value the other limits forbid',
  ])
})
