import { expect, expectTypeOf, test } from 'vitest'
import { full } from '../../test/support/full-config.ts'
import { defineConfig } from './define.ts'
import { configSchema, listOptions } from './schema.ts'
import type { TapConfig } from './types.ts'

/** Options that are objects and one value all the same. */
const WHOLE = ['policy.invalid', 'source']
const paths = (value: unknown, at: string): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !WHOLE.includes(at)
    ? Object.entries(value).flatMap(([key, child]) => paths(child, at === '' ? key : `${at}.${key}`))
    : [at]

test('the schema takes every option the types have, and has no other', () => {
  expect(configSchema.safeParse(full).error).toBeUndefined()
  const leaves = listOptions().map((o) => o.path)
  const groups = leaves.filter((p) => leaves.some((other) => other.startsWith(`${p}.`)))
  expect(groups).toEqual(['server', 'metrics'])
  expect(leaves.filter((p) => !groups.includes(p)).sort()).toEqual(paths(full, '').sort())
})

test('an empty config is a config, and false switches the ports off', () => {
  expect(configSchema.safeParse({}).success).toBe(true)
  expect(configSchema.safeParse({ server: false, metrics: false }).success).toBe(true)
})

test('defineConfig gives back what it got and types it', () => {
  const config = { records: 'keep' } as const
  expect(defineConfig(config)).toBe(config)
  expectTypeOf(defineConfig).parameter(0).toEqualTypeOf<TapConfig>()
  // @ts-expect-error a wrong word is a compile error
  defineConfig({ records: 'kep' })
  // @ts-expect-error an unknown option is a compile error
  defineConfig({ tracks: {} })
})
