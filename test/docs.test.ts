import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pages } from '../docs/generate.ts'

const generated = await pages()

test.each([...generated.keys()])('docs/%s is what the program says (npm run docs writes it)', (name) => {
  expect(readFileSync(join('docs', name), 'utf8')).toBe(generated.get(name))
})

test('every option has a meaning, and every metric a help', () => {
  const rows = [
    ...`${generated.get('config.md')}\n${generated.get('metrics.md')}`.matchAll(/^\| `.*$/gm),
  ].map((m) => m[0])
  const isEmpty = (line: string) => /^\| `[a-z][^`]*` \|\s+\|/.test(line)
  expect(rows.length).toBeGreaterThan(60)
  expect(rows.filter(isEmpty)).toEqual([])
})
