import { expect, test } from 'vitest'
import { goRecord, goString } from './go-json.ts'

const CID = 'bafyreifdcwe3k6vkowpi4crnc7ed6uh6xnosmnjty5yh5bhydgrcudx5di'

test('strings are escaped as encoding/json escapes them', () => {
  expect(goString('a<b> & c')).toBe(String.raw`"a\u003cb\u003e \u0026 c"`)
  expect(goString('\u2028\u2029')).toBe(String.raw`"\u2028\u2029"`)
  expect(goString('\b\f\n\r\t\u0001\u001f"\\/')).toBe(String.raw`"\b\f\n\r\t\u0001\u001f\"\\/"`)
  expect(goString('é 🦋 \u007f')).toBe('"é 🦋 \u007f"')
})

test('keys are sorted by their bytes at every depth', () => {
  const record = { text: 'x', $type: 'a.b.c', createdAt: 't', embed: { b: 1, a: [{ z: null, y: true }] } }
  expect(goRecord(record)).toBe(
    '{"$type":"a.b.c","createdAt":"t","embed":{"a":[{"y":true,"z":null}],"b":1},"text":"x"}',
  )
})

test('keys outside the basic plane stand behind those before it, as their UTF-8 does', () => {
  // In UTF-16 the surrogates of the butterfly come before U+FF5E.
  expect(goRecord({ '🦋': 1, '\uff5e': 2, '\ue000': 3, a: 4, ab: 5 })).toBe(
    '{"a":4,"ab":5,"\ue000":3,"\uff5e":2,"🦋":1}',
  )
  expect(goRecord({ '🦋b': 1, '🦋a': 2, '🦊': 3 })).toBe('{"🦊":3,"🦋a":2,"🦋b":1}')
})

test('keys are escaped too', () => {
  expect(goRecord({ '<&': 1 })).toBe(String.raw`{"\u003c\u0026":1}`)
})

test('a blob keeps the order of its struct', () => {
  const blob = { size: 3, mimeType: 'image/png', ref: { $link: CID }, $type: 'blob' }
  expect(goRecord({ a: blob })).toBe(
    `{"a":{"$type":"blob","ref":{"$link":"${CID}"},"mimeType":"image/png","size":3}}`,
  )
})

test('a blob of the old form is written as one', () => {
  expect(goRecord({ a: { mimeType: 'image/png', cid: CID } })).toBe(
    `{"a":{"cid":"${CID}","mimeType":"image/png"}}`,
  )
})

test('a blob of negative size is written in the old form, as Tap does', () => {
  const blob = { $type: 'blob', ref: { $link: CID }, mimeType: 'image/png', size: -1 }
  expect(goRecord({ a: blob })).toBe(`{"a":{"cid":"${CID}","mimeType":"image/png"}}`)
})

test.each([
  ['no fields', {}],
  ['no object', [1]],
  ['a blob at the top', { $type: 'blob', ref: { $link: CID }, mimeType: 'a/b', size: 1 }],
  ['a blob without size', { a: { $type: 'blob', ref: { $link: CID }, mimeType: 'a/b' } }],
  [
    'a blob with one field too many',
    { a: { $type: 'blob', ref: { $link: CID }, mimeType: 'a/b', size: 1, x: 1 } },
  ],
  ['a blob whose ref is text', { a: { $type: 'blob', ref: CID, mimeType: 'a/b', size: 1 } }],
  ['an old blob whose cid is none', { a: { cid: 'bafy', mimeType: 'a/b' } }],
  ['an empty $type', { a: { $type: '' } }],
  ['a $type that is a number', { $type: 5 }],
])('what atdata refuses is not written: %s', (_, record) => {
  expect(goRecord(record)).toBeNull()
})

test('bytes, links, negative numbers and an own __proto__ are written as they are', () => {
  const record = JSON.parse(`{"b":{"$bytes":"AQ"},"l":{"$link":"${CID}"},"n":-5,"__proto__":{"x":1}}`)
  expect(goRecord(record)).toBe(`{"__proto__":{"x":1},"b":{"$bytes":"AQ"},"l":{"$link":"${CID}"},"n":-5}`)
})
