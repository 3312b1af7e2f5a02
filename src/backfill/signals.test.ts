import { expect, test } from 'vitest'
import { listener } from '../../test/support/observer.ts'
import { matches } from '../dispatch/patterns.ts'
import { listable, tellWildcards } from './signals.ts'

const KNOWN = ['app.a.like', 'app.a.post', 'app.b.status']
const expand = (patterns: readonly string[]) => KNOWN.filter((nsid) => patterns.some((p) => matches(p, nsid)))

test('a list is read for each collection that is named, known or not, and for the known ones of a wildcard', () => {
  expect(listable(['app.a.*', 'app.a.post', 'app.c.thing', 'app.d.*'], expand)).toEqual([
    ...['app.a.post', 'app.c.thing', 'app.a.like'],
  ])
})

test('a wildcard is told with what is listed for it, and how the others are found', () => {
  const observer = listener()
  tellWildcards(['app.a.*', 'app.b.*', 'app.c.thing', 'app.d.*'], expand, observer)
  expect(observer.lines).toMatchObject([
    { level: 40, signal: 'app.a.*', listed: ['app.a.like', 'app.a.post'] },
    {
      signal: 'app.b.*',
      msg: expect.stringContaining('listed is app.b.status; repos that hold only others'),
    },
    { signal: 'app.d.*', listed: [], msg: expect.stringContaining('none of it is listed') },
  ])
})
