import { expect, test } from 'vitest'
import { formatBytes, formatDuration } from './numbers.ts'

test.each([
  [0, '0 s'],
  [59_100, '1 min'],
  [3_599_000, '1 h 0 min'],
  [11_100_000, '3 h 5 min'],
  [900_000_000, '10 d 10 h'],
])('%i ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test.each([
  [999, '999 B'],
  [1000, '1.0 KB'],
  [3_456_789_012_345, '3.5 TB'],
])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
