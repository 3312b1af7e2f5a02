import { expect, test } from 'vitest'
import { app, xyz } from '../../generated/index.ts'
import { generateProject } from '../../test/support/generated-project.ts'
import { printPath } from './fault.ts'
import { ValidationError } from './schema.ts'

const createdAt = '2024-01-01T00:00:00Z'
const status = { $type: 'xyz.statusphere.status', status: '🙂', createdAt }
const { post } = app.bsky.feed

test('$build fills in $type', () => {
  expect(xyz.statusphere.status.$build({ status: '🙂', createdAt })).toEqual(status)
  expect(
    post.replyRef.$build({ root: { uri: 'at://a.b', cid: 'c' }, parent: { uri: 'at://a.b', cid: 'c' } })
      .$type,
  ).toBe('app.bsky.feed.post#replyRef')
})

test('$matches, $parse, $safeParse, $validate and $safeValidate say the same of a right value', () => {
  const { $matches, $parse, $safeParse, $validate, $safeValidate } = xyz.statusphere.status
  expect($matches(status)).toBe(true)
  expect($parse(status)).toBe(status)
  expect($validate(status)).toBe(status)
  expect($safeParse(status)).toEqual({ success: true, value: status })
  expect($safeValidate(status)).toEqual({ success: true, value: status })
})

test('a wrong value throws one error that says all: type, path, rule, expected and received', () => {
  const wrong = { ...status, status: 'two words' }
  expect(xyz.statusphere.status.$matches(wrong)).toBe(false)
  const error = (() => {
    try {
      xyz.statusphere.status.$parse(wrong)
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(ValidationError)
  expect(error).toMatchObject({
    message:
      'status: expected at most 1 grapheme, received more; rule=maxGraphemes; type=xyz.statusphere.status',
    issues: [{ path: ['status'], rule: 'maxGraphemes', expected: 'at most 1 grapheme', received: 'more' }],
  })
  expect(() => xyz.statusphere.status.$validate(wrong)).toThrow(ValidationError)
})

test('the path of an issue leads through references, unions and arrays', () => {
  const images = (image: object) => ({
    $type: 'app.bsky.embed.images',
    images: [{ image: blob, alt: '' }, image],
  })
  const blob = {
    $type: 'blob',
    ref: { $link: 'bafkreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq' },
    mimeType: 'image/png',
    size: 1,
  }
  const issueOf = (embed: object) => {
    const result = post.$safeParse({ $type: 'app.bsky.feed.post', text: '', createdAt, embed })
    return result.success ? null : result.issues[0]?.message
  }
  expect(issueOf(images({ image: blob }))).toBe(
    'embed.images[1].alt: expected string, received nothing; rule=required',
  )
  expect(issueOf({ $type: 'app.bsky.embed.recordWithMedia', record: { record: 5 }, media: images({}) })).toBe(
    'embed.record.record: expected object, received 5; rule=type',
  )
  expect(printPath(['a b', 0, 'größe', '__proto__'])).toBe('["a b"][0]["größe"].__proto__')
  expect(printPath([])).toBe('record')
})

test('schemas are Standard Schemas', () => {
  const standard = post.main['~standard']
  expect([standard.version, standard.vendor]).toEqual([1, 'lextap'])
  const value = { $type: 'app.bsky.feed.post', text: 'a', createdAt }
  expect(standard.validate(value)).toEqual({ value })
  expect(standard.validate({ ...value, text: 1 })).toMatchObject({
    issues: [{ message: 'text: expected string, received 1; rule=type', path: ['text'] }],
  })
})

test('defaults are filled in by $parse and $build, wherever they are, and nothing is changed in place', async () => {
  const field = (field: object) => ({ type: 'object', properties: { n: field } })
  using project = await generateProject([
    {
      id: 'a.b.c',
      lexicon: 1,
      defs: {
        main: {
          type: 'record',
          key: 'any',
          record: {
            type: 'object',
            required: ['must', 'list'],
            nullable: ['nullable'],
            properties: {
              must: { type: 'integer', default: 1 },
              may: { type: 'string', default: 'text' },
              flag: { type: 'boolean', default: false },
              nullable: { type: 'integer', default: 5 },
              ref: { type: 'ref', ref: '#inner' },
              list: { type: 'array', items: { type: 'ref', ref: '#inner' } },
              union: { type: 'union', refs: ['#inner', '#plain'] },
              nested: field({ type: 'integer', default: 9 }),
              cyclic: { type: 'ref', ref: '#cyclic' },
              each: { type: 'ref', ref: '#each' },
            },
          },
        },
        inner: field({ type: 'integer', default: 7 }),
        plain: field({ type: 'integer' }),
        cyclic: {
          type: 'object',
          properties: { next: { type: 'ref', ref: '#cyclic' }, n: { type: 'integer', default: 3 } },
        },
        each: { type: 'array', items: { type: 'ref', ref: '#inner' } },
      },
    },
  ] as never)
  const { c } = (await project.load('index.ts')).a.b
  const record = {
    $type: 'a.b.c',
    nullable: null,
    ref: {},
    list: [{}, { n: 1 }],
    union: { $type: 'a.b.c#inner' },
    nested: {},
    cyclic: { next: { n: 4 } },
    each: [{}],
  }
  const before = structuredClone(record)
  expect(c.$parse(record)).toEqual({
    $type: 'a.b.c',
    must: 1,
    may: 'text',
    flag: false,
    nullable: null,
    ref: { n: 7 },
    list: [{ n: 7 }, { n: 1 }],
    union: { $type: 'a.b.c#inner', n: 7 },
    nested: { n: 9 },
    cyclic: { next: { n: 4 }, n: 3 },
    each: [{ n: 7 }],
  })
  expect(record).toEqual(before)
  // $validate changes nothing, so what is required must be there.
  expect(c.$safeValidate(record)).toMatchObject({
    success: false,
    issues: [{ path: ['must'], rule: 'required' }],
  })
  const full = c.$parse(record)
  expect(c.$parse(full)).toBe(full)
  expect(c.$validate({ ...record, must: 2 })).toEqual({ ...record, must: 2 })
  expect(c.$build({ list: [] })).toMatchObject({ $type: 'a.b.c', must: 1, may: 'text' })
  expect(c.inner.$build({})).toEqual({ $type: 'a.b.c#inner', n: 7 })
})

test('a default is filled in although every object inherits something of that name', async () => {
  using project = await generateProject([
    {
      id: 'a.b.inherited',
      lexicon: 1,
      defs: {
        main: {
          type: 'record',
          key: 'any',
          record: {
            type: 'object',
            required: ['constructor'],
            properties: {
              constructor: { type: 'string', default: 'a mason' },
              valueOf: { type: 'integer', default: 1 },
              toString: { type: 'ref', ref: '#inner' },
            },
          },
        },
        inner: { type: 'object', properties: { n: { type: 'integer', default: 7 } } },
      },
    },
  ] as never)
  const { inherited } = (await project.load('index.ts')).a.b
  const filled = { $type: 'a.b.inherited', constructor: 'a mason', valueOf: 1 }
  expect(Object.entries(inherited.$parse({ $type: 'a.b.inherited' }))).toEqual(Object.entries(filled))
  expect(inherited.$build({ toString: {} }).toString).toEqual({ n: 7 })
})
