import { expect, test } from 'vitest'
import { on, schemaFor } from '../../test/support/dispatching.ts'
import { matches, mostSpecific } from './patterns.ts'
import { Registry } from './registry.ts'

const NSIDS = ['app.one.post', 'app.one.like', 'app.two.post', 'org.other.thing']
const schemas = Object.fromEntries(NSIDS.map((nsid) => [nsid, schemaFor(nsid)]))
const handlers = { put: () => {} }

test('without `collections` those with handlers are wanted', () => {
  const registry = new Registry([on('app.one.*', handlers, []), on('org.other.thing', handlers)], {
    schemas,
    collections: null,
  })
  expect(registry.collections).toEqual(['app.one.like', 'app.one.post', 'org.other.thing'])
  expect(NSIDS.map((nsid) => registry.wants(nsid))).toEqual([true, true, false, true])
  expect(registry.wants('app.one.unknown')).toBe(false)
})

test('`collections` decides, wildcards expanded against the lexicons', () => {
  const registry = new Registry([on('app.one.post', handlers)], { schemas, collections: ['app.*'] })
  expect(registry.collections).toEqual(['app.one.like', 'app.one.post', 'app.two.post'])
  expect(registry.handlersOf('app.one.like')).toEqual([])
  expect(registry.expand(['*'])).toEqual(NSIDS)
})

test('an unknown collection is an error that lists the known ones', () => {
  const message =
    /app\.tow\.post; known collections: app\.one\.like, app\.one\.post, app\.two\.post, org\.other\.thing/
  const opening = (pattern: string) => () =>
    new Registry([{ ...on(pattern, handlers), schemas: [] } as never], { schemas, collections: null })
  expect(opening('app.tow.post')).toThrow(message)
  expect(() => new Registry([], { schemas, collections: ['app.tow.post'] })).toThrow(message)
  expect(() => new Registry([], { schemas: {}, collections: ['app.tow.*'] })).toThrow(
    'known collections: (none)',
  )
})

test('a handler that could never run is an error', () => {
  expect(() => new Registry([on('app.two.post', handlers)], { schemas, collections: ['app.one.*'] })).toThrow(
    /the handler for app\.two\.post would never run.*indexed collections: app\.one\.like, app\.one\.post/,
  )
  expect(
    () => new Registry([on('app.*', handlers, [])], { schemas, collections: ['app.one.*'] }),
  ).not.toThrow()
})

test.each([
  ['app.one.post', 'app.one.post', true],
  ['app.one.post', 'app.one.posts', false],
  ['app.one.*', 'app.one.post', true],
  ['app.one.*', 'app.one', false],
  ['app.one.*', 'app.onetwo.post', false],
  ['app.*', 'app.one.post', true],
  ['*', 'anything.at.all', true],
])('%s matches %s: %s', (pattern, collection, expected) => {
  expect(matches(pattern, collection)).toBe(expected)
})

test('the most specific pattern decides', () => {
  const values = { '*': 1, 'app.*': 2, 'app.one.*': 3, 'app.one.post': 4 }
  const of = (collection: string) => mostSpecific(values, collection)
  expect(['org.x.y', 'app.x.y', 'app.one.x', 'app.one.post'].map(of)).toEqual([1, 2, 3, 4])
  expect(mostSpecific({ 'app.*': 1 }, 'org.x.y')).toBeUndefined()
})

test.each([-1, 1.5, Number.NaN, '2', null])(
  'a handler of version %j is refused, and told what a version is',
  (version) => {
    const handler = on('app.one.post', { ...handlers, version: version as number })
    expect(() => new Registry([handler], { schemas, collections: null })).toThrow(
      /the version of the handler `app\.one\.post` is .*; it is a whole number from 0 on/,
    )
  },
)
