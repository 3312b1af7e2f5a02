import { expect, test } from 'vitest'
import { didYouMean, editDistance, nearest } from './nearest.ts'

test('distance counts inserts, deletes, replacements and swaps of neighbours', () => {
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('records', 'recrods')).toBe(1)
  expect(editDistance('track', 'tracks')).toBe(1)
  expect(editDistance('relay', 'delay')).toBe(1)
  expect(editDistance('relay', 'plc')).toBeGreaterThan(3)
})

test('a typing error finds its name, a strange word finds none', () => {
  const known = ['relay', 'records', 'track', 'handlers']
  expect(nearest('realy', known)).toBe('relay')
  expect(nearest('HANDLERS', known)).toBe('handlers')
  expect(nearest('zebra', known)).toBeUndefined()
  expect(didYouMean('trak', known)).toBe('; did you mean "track"?')
  expect(didYouMean('zebra', known)).toBe('')
})
