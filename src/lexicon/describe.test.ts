import { expect, test } from 'vitest'
import { describeCheck, describeInstall, describeList } from './describe.ts'

const change = {
  nsid: 'a.b.c',
  path: 'defs.main',
  kind: 'breaking',
  message: 'the definition is gone',
} as const
const nothing = { added: [], updated: [], removed: [], unchanged: [], changes: [], notes: [] }

test('an install is told line by line, then in numbers', () => {
  expect(
    describeInstall({
      ...nothing,
      added: ['a.b.d'],
      updated: ['a.b.c'],
      unchanged: ['x.y.z'],
      changes: [change],
    }),
  ).toEqual([
    '+ a.b.d',
    '~ a.b.c',
    'breaking: a.b.c  defs.main: the definition is gone',
    '1 added, 1 updated, 1 unchanged, 1 breaking change',
  ])
  expect(describeInstall(nothing)).toEqual(['0 unchanged'])
})

test('a list has columns', () => {
  const entry = { type: 'record', state: 'own', root: false, uri: null, cid: null, file: 'x' } as const
  expect(
    describeList([
      { ...entry, nsid: 'a.b.long' },
      { ...entry, nsid: 'a.b.c', type: null, state: 'missing', uri: 'at://did:a:b/c/d' },
    ]),
  ).toEqual(['a.b.long  record  own', 'a.b.c     -       missing    (referred to) at://did:a:b/c/d'])
  expect(describeList([])).toEqual(['no lexicons; add one: lextap lexicon add app.bsky.feed.post'])
})

test('a check fails on errors and on breaking changes, not on advice', () => {
  const note = { severity: 'note', file: 'f', path: 'p', message: 'm', fix: 'x' } as const
  expect(describeCheck({ problems: [], changes: [] })).toEqual({
    lines: ['nothing to report'],
    failed: false,
  })
  expect(
    describeCheck({ problems: [note], changes: [{ ...change, kind: 'compatible', by: 'update' }] }).failed,
  ).toBe(false)
  expect(describeCheck({ problems: [], changes: [{ ...change, by: 'publishing' }] })).toEqual({
    lines: ['publishing would bring breaking: a.b.c  defs.main: the definition is gone'],
    failed: true,
  })
  expect(describeCheck({ problems: [{ ...note, severity: 'error' }], changes: [] }).failed).toBe(true)
})
