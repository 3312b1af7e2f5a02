import { join, type Problems } from './problem.ts'

/** Checks of the plain values a document has, and how to name them in a message. */
export type Json = Record<string, unknown>

type Kind = 'string' | 'strings' | 'boolean' | 'integer' | 'integers' | 'size'
const KINDS: Record<Kind, [text: string, test: (value: unknown) => boolean]> = {
  string: ['a string', (value) => typeof value === 'string'],
  strings: [
    'a list of strings',
    (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  ],
  boolean: ['true or false', (value) => typeof value === 'boolean'],
  integer: ['an integer below 2^53', Number.isSafeInteger],
  integers: [
    'a list of integers below 2^53',
    (value) => Array.isArray(value) && value.every(Number.isSafeInteger),
  ],
  size: ['an integer from 0 to 2^53', (value) => Number.isSafeInteger(value) && (value as number) >= 0],
}

export function required(owner: Json, key: string, want: Kind, path: string, problems: Problems): boolean {
  const [text, test] = KINDS[want]
  if (test(owner[key])) return true
  problems.error(join(path, key), `must be ${text}, it is ${show(owner[key])}`, `set it to ${text}`)
  return false
}

export function optional(owner: Json, key: string, want: Kind, path: string, problems: Problems): boolean {
  if (owner[key] === undefined) return true
  const [text, test] = KINDS[want]
  if (test(owner[key])) return true
  problems.error(
    join(path, key),
    `must be ${text}, it is ${show(owner[key])}`,
    `set it to ${text}, or leave it out`,
  )
  return false
}

export function range(owner: Json, low: string, high: string, path: string, problems: Problems): void {
  optional(owner, low, 'size', path, problems)
  optional(owner, high, 'size', path, problems)
  order(owner, low, high, path, problems)
}

export function order(owner: Json, low: string, high: string, path: string, problems: Problems): void {
  const [min, max] = [owner[low], owner[high]]
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    problems.error(
      join(path, low),
      `${low} ${min} is more than ${high} ${max}`,
      'no value could pass; swap or correct them',
    )
}

export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const kind = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : `a ${typeof value}`

/** The value in a few characters. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = typeof value === 'object' ? kind(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
