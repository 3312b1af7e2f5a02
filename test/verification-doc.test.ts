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

/** Name → labels, as the generated page of metrics has them; a test of its own keeps that page true. */
const metrics = new Map(
  [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]*) \|/gm)].map(
    ([, name = '', labels = '']) => [name, [...labels.matchAll(/`(\w+)`/g)].map((label) => label[1] ?? '')],
  ),
)

test('every rule names what it is kept by and a metric; metrics, labels and rules in them exist', () => {
  const rows = [...document.matchAll(/^\| ([A-H]\d+) \| ([^|]+) \| ([^|]*) \|$/gm)]
  expect(rows.map((row) => row[1])).toEqual(listed)
  for (const [, rule = '', kept = '', shown = ''] of rows) {
    expect(kept.trim().length, rule).toBeGreaterThan(10)
    const named = [...shown.matchAll(/`(lextap_\w+)(?:\{([^}`]*)\})?`/g)]
    expect(named.length, `${rule} has a metric`).toBeGreaterThan(0)
    for (const [, name = '', labels = ''] of named) {
      expect([...metrics.keys()], rule).toContain(name)
      for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
        expect(metrics.get(name), `${rule}: ${name}`).toContain(label)
        if (label === 'rule') expect(listed, `${rule}: ${name}`).toContain(value)
      }
    }
  }
})

test('what the source refuses by a rule is documented as counted by that rule', () => {
  const refused = files
    .filter((file) => file.startsWith('src') && !file.endsWith('.test.ts'))
    .flatMap((file) => [...read(file).matchAll(/InvalidError\(\s*'([A-H]\d+)'/g)].map((m) => m[1] ?? ''))
  const row = (rule: string) => document.split('\n').find((line) => line.startsWith(`| ${rule} |`)) ?? ''
  const silent = [...new Set(refused)].filter(
    (rule) => !new RegExp(`(rule|reason)="${rule}"`).test(row(rule)),
  )
  expect(silent).toEqual([])
})
