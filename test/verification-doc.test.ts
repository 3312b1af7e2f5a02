import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const document = readFileSync(join(root, 'docs/verification.md'), 'utf8')
const listed = [...document.matchAll(/^\| ([A-H]\d+) \|/gm)].map((m) => m[1] ?? '')
const files = ['src', 'test']
  .flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map((f) => join(dir, f)),
  )
  .filter((file) => file.endsWith('.ts'))
const read = (file: string) => readFileSync(join(root, file), 'utf8')

test('docs/verification.md lists every rule that the source names, once', () => {
  const named = files
    .filter((file) => file.startsWith('src') && !file.endsWith('.test.ts'))
    .flatMap((file) => [...read(file).matchAll(/'([A-H]\d{1,2})'/g)].map((m) => m[1] ?? ''))
  expect([...new Set(named)].filter((rule) => !listed.includes(rule))).toEqual([])
  expect(new Set(listed).size).toBe(listed.length)
})

test('every rule has a test that begins with its id', () => {
  const titles = files
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...read(file).matchAll(/['"`]([A-H]\d{1,2}(?:, [A-H]\d{1,2})*): /g)])
  const tested = new Set(titles.flatMap((m) => (m[1] ?? '').split(', ')))
  expect(listed.filter((rule) => !tested.has(rule))).toEqual([])
})
