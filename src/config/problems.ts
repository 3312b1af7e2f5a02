import type { z } from 'zod'
import { isSecret, maskUrl } from '../observe/mask.ts'
import { didYouMean, nearest } from './nearest.ts'
import { listOptions, type Option } from './schema.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** One sentence for each thing wrong with a config: option, value, what is allowed, the name that was meant. */
export function describeIssues(issues: readonly Issue[], input: unknown): string[] {
  const options = listOptions()
  return issues.flatMap((issue) => flatten(issue, [])).flatMap((issue) => describe(issue, input, options))
}

/** Unions report one list of issues for each branch: keep those of the branch that was meant. */
function flatten(issue: Issue, prefix: Path): { issue: Issue; path: Path }[] {
  const path = [...prefix, ...issue.path]
  if (issue.code !== 'invalid_union') return [{ issue, path }]
  const meant = issue.errors.filter((branch) => !branch.some(isOfAnotherKind))
  if (meant.length !== 1) return [{ issue, path }]
  return (meant[0] ?? []).flatMap((inner) => flatten(inner, path))
}

const isOfAnotherKind = (issue: Issue) =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')

function describe(at: { issue: Issue; path: Path }, input: unknown, options: readonly Option[]): string[] {
  if (at.issue.code === 'unrecognized_keys') return unknownKeys(at.issue.keys, at.path, options)
  const value = at.path.reduce<unknown>(
    (v, key) => (v as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  )
  const option = optionAt(at.path, options)
  const name = showPath(at.path) || 'the config'
  const words = ownWords(at.issue) ?? option?.allowed ?? 'an object'
  if (at.issue.code === 'invalid_key') {
    const key = String(at.path.at(-1))
    return [`${showPath(at.path.slice(0, -1))}: ${show(key)} is not allowed as a key; allowed: ${words}`]
  }
  const hint = typeof value === 'string' ? didYouMean(value, option?.values ?? []) : ''
  const shown = isSecret(String(at.path.at(-1))) ? '***' : show(value)
  return [`${name}: ${shown} is not allowed; allowed: ${words}${hint}`]
}

/** What is allowed, where that hangs on other options. */
function ownWords(issue: Issue): string | undefined {
  return issue.code === 'custom' ? (issue.params?.allowed as string | undefined) : undefined
}

function unknownKeys(keys: readonly string[], path: Path, options: readonly Option[]): string[] {
  const prefix = path.length === 0 ? '' : `${showPath(path)}.`
  const inside = options.filter((o) => o.path.startsWith(prefix)).map((o) => o.path.slice(prefix.length))
  const known = [...new Set(inside.map((o) => o.split('.')[0] ?? ''))]
  return keys.map((key) => {
    const near = nearest(key, known) ?? elsewhere(key, options)
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`
    return `${prefix}${key}: there is no such option${hint || `; known here: ${known.join(', ')}`}`
  })
}

/** A right name in a wrong place: `concurrency` at the top is `backfill.concurrency` or `stream.concurrency`. */
function elsewhere(key: string, options: readonly Option[]): string | undefined {
  return options.find((o) => o.path.endsWith(`.${key}`))?.path
}

function optionAt(path: Path, options: readonly Option[]): Option | undefined {
  for (let length = path.length; length > 0; length--) {
    const name = path.slice(0, length).join('.')
    const option = options.find((o) => o.path === name)
    if (option !== undefined) return option
  }
  return undefined
}

/** `a.b[0]["c.*"]` */
function showPath(path: Path): string {
  const step = (key: PropertyKey, i: number) => {
    if (typeof key === 'number') return `[${key}]`
    return /^[\w$]+$/.test(String(key)) ? `${i > 0 ? '.' : ''}${String(key)}` : `[${JSON.stringify(key)}]`
  }
  return path.map(step).join('')
}

/** The value as it would be written, cut where it is long, without the passwords of URLs. */
export function show(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch {
    text = undefined
  }
  const shown = text === undefined ? `a ${typeof value}` : maskUrl(text)
  return shown.length > 80 ? `${shown.slice(0, 77)}…` : shown
}
