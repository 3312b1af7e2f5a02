import { expect, test } from 'vitest'
import type { LexDoc } from './document.ts'
import { Lexicons } from './lexicons.ts'
import { meaningOf } from './meaning.ts'

const post = (record: object, more: object = {}): LexDoc =>
  ({
    lexicon: 1,
    id: 'com.example.post',
    defs: { main: { type: 'record', key: 'tid', record }, ...more },
  }) as LexDoc
const lexicons = (...docs: LexDoc[]) =>
  new Lexicons(docs.map((doc) => ({ file: `${doc.id}.json`, doc }) as never))
const meaning = (doc: LexDoc, ...others: LexDoc[]) => meaningOf(doc, lexicons(doc, ...others))

const base = {
  type: 'object',
  required: ['text', 'createdAt'],
  properties: {
    text: { type: 'string', maxLength: 300, description: 'What it says' },
    createdAt: { type: 'string', format: 'datetime' },
    embed: { type: 'union', refs: ['#a', 'com.example.defs#b'] },
  },
}
const a = { a: { type: 'object', properties: { description: { type: 'string' } } } }
const defs = (max: number): LexDoc =>
  ({
    lexicon: 1,
    id: 'com.example.defs',
    defs: { b: { type: 'object', properties: { n: { type: 'integer', maximum: max } } } },
  }) as LexDoc

test('descriptions, order and known values are no part of what a lexicon means', () => {
  const other = {
    description: 'A post',
    properties: {
      embed: { refs: ['com.example.defs#b', 'com.example.post#a'], type: 'union', closed: false },
      createdAt: { format: 'datetime', type: 'string' },
      text: { maxLength: 300, type: 'string', knownValues: ['hello'] },
    },
    required: ['createdAt', 'text'],
    type: 'object',
  }
  expect(meaning(post(other, a), defs(5))).toBe(meaning(post(base, a), defs(5)))
})

test.each([
  ['a limit', { ...base, properties: { ...base.properties, text: { type: 'string', maxLength: 301 } } }],
  ['a field', { ...base, properties: { ...base.properties, more: { type: 'string' } } }],
  ['what is required', { ...base, required: ['text'] }],
  [
    'a closed union',
    { ...base, properties: { ...base.properties, embed: { ...base.properties.embed, closed: true } } },
  ],
  [
    'a default',
    { ...base, properties: { ...base.properties, text: { ...base.properties.text, default: 'x' } } },
  ],
])('%s is', (_, record) => {
  expect(meaning(post(record, a), defs(5))).not.toBe(meaning(post(base, a), defs(5)))
})

test('what it refers to belongs to it, in its own and in other documents', () => {
  const before = meaning(post(base, a), defs(5))
  expect(meaning(post(base, a), defs(6))).not.toBe(before)
  // A property may be called as a field of the language is.
  const renamed = { a: { type: 'object', properties: { title: { type: 'string' } } } }
  expect(meaning(post(base, renamed), defs(5))).not.toBe(before)
})

test('what it does not refer to is not', () => {
  const unused = { ...a, unused: { type: 'object', properties: {} } }
  expect(meaning(post(base, unused), defs(5))).toBe(meaning(post(base, a), defs(5)))
})

test('a definition that refers to itself has a meaning', () => {
  const cyclic = { a: { type: 'object', properties: { next: { type: 'ref', ref: '#a' } } } }
  expect(meaning(post(base, cyclic), defs(5))).toMatch(/^[0-9a-f]{16}$/)
})
