import { jsonToLex, lexToJson } from '@atproto/lex-json'
import { CID } from 'multiformats/cid'
import { expect, test } from 'vitest'
import { ValueMaker } from '../../test/support/lexicon-values.ts'
import { Random } from '../../test/support/random.ts'
import { loadLexicons } from '../lexicon/codegen.ts'
import { fromLex, toLex } from './to-lex.ts'

const link = 'bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq'

test('links become CIDs and bytes become Uint8Array, and back', () => {
  const json = { a: { $link: link }, b: [{ $bytes: 'AQID' }], c: { d: null, e: 'text' } }
  const lex = toLex(json)
  expect(lex.a).toBeInstanceOf(CID)
  expect(lex.b).toEqual([new Uint8Array([1, 2, 3])])
  expect(fromLex(lex)).toEqual(json)
})

test('records convert as @atproto/lex-json converts them', () => {
  const { lexicons } = loadLexicons('lexicons')
  const maker = new ValueMaker(lexicons, new Random(5))
  for (const doc of lexicons.records())
    for (let i = 0; i < 50; i++) {
      const record = maker.record(doc.id)
      const theirs = jsonToLex(record as never)
      expect(toLex(record)).toEqual(theirs)
      expect(fromLex(theirs)).toEqual(lexToJson(theirs))
    }
})

test('a link or bytes with other fields keep them, as @atproto/lex has it', () => {
  for (const value of [
    { $link: link, x: 1 },
    { $bytes: 'AA', x: { $bytes: 'AA' } },
    { $link: 'nope', $bytes: '!' },
  ]) {
    expect(toLex(value)).toEqual(jsonToLex(value))
    expect(fromLex(toLex(value))).toEqual(value)
  }
})

test('a link or bytes that cannot be read are named', () => {
  expect(() => toLex({ a: [{ $link: 'nope' }] })).toThrow('a $link that is no CID; value="nope"')
  expect(() => toLex({ $bytes: '!' })).toThrow('a $bytes that is no base64; value="!"')
})

test('a key called __proto__ stays a key, and nesting without end is refused', () => {
  const hostile = JSON.parse('{"__proto__":{"x":1}}')
  expect(Object.hasOwn(toLex(hostile), '__proto__')).toBe(true)
  let deep: unknown = {}
  for (let i = 0; i < 100_000; i++) deep = { deep }
  expect(() => toLex(deep)).toThrow('nested deeper')
})
