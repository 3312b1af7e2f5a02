import type { RecordIssue } from '../dispatch/handler.ts'

/** What a generated check returns when a value is wrong; `undefined` means it is right. */
export interface Fault {
  /** From the value that was checked to the culprit. Callers put their own key in front (see {@link at}). */
  readonly path: (string | number)[]
  readonly rule: string
  readonly expected: string
  readonly received: string
}

type Key = string | number

/** The rule that failed, what it wants, the value that broke it and where that sits in the checked value. */
export function fault(rule: string, expected: string, value: unknown, ...path: Key[]): Fault {
  return { path, rule, expected, received: preview(value) }
}

/** A value of the wrong type, or none where one is required. */
export function notType(expected: string, value: unknown, ...path: Key[]): Fault {
  const rule =
    value === undefined ? 'required' : expected === 'string' && typeof value === 'string' ? 'unicode' : 'type'
  return {
    path,
    rule,
    expected: rule === 'unicode' ? 'well-formed unicode' : expected,
    received: preview(value),
  }
}

/** A string that is not of its format, or no string at all. */
export function notFormat(format: string, value: unknown, ...path: Key[]): Fault {
  return typeof value === 'string'
    ? { path, rule: 'format', expected: format, received: preview(value) }
    : notType('string', value, ...path)
}

/** Too long, too short, too many: says the measure besides the value. */
export function outOf(rule: string, expected: string, measured: number | string, ...path: Key[]): Fault {
  return { path, rule, expected, received: String(measured) }
}

/** Puts the key a nested check was called for in front of its path. */
export function at(inner: Fault, ...path: Key[]): Fault {
  inner.path.unshift(...path)
  return inner
}

const MAX_PREVIEW = 80

/** A short, printable picture of any value: hostile ones are cut, never walked. */
export function preview(value: unknown): string {
  if (typeof value === 'string') {
    const cut = value.length > MAX_PREVIEW ? `${value.slice(0, MAX_PREVIEW)}…` : value
    return JSON.stringify(cut.toWellFormed())
  }
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object') {
    const type = (value as { $type?: unknown }).$type
    return typeof type === 'string' ? `an object of type ${preview(type)}` : 'an object'
  }
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value)
}

/** `embed.images[0].alt`; the record itself is `record`. */
export function printPath(path: readonly Key[]): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === '' ? key : `.${key}`
    else text += `[${preview(key)}]`
  }
  return text === '' ? 'record' : text
}

/** The public form of a fault. */
export function issueOf({ path, rule, expected, received }: Fault): RecordIssue {
  const message = `${printPath(path)}: expected ${expected}, received ${received}; rule=${rule}`
  return { path, rule, expected, received, message }
}
