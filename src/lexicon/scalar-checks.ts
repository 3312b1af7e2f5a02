import { counted } from './doc-lines.ts'
import type {
  LexBlob,
  LexBoolean,
  LexBytes,
  LexCidLink,
  LexInteger,
  LexString,
  StringFormat,
} from './document.ts'
import { type Call, type Condition, callOf } from './layout.ts'
import { quote } from './names.ts'

/**
 * Checks of values without parts, as code. `value` is the variable, `path` how to get there from the checked
 * value, as arguments in code.
 */
export type Path = readonly string[]

/** `if (condition) return fault`. */
export interface Refusal extends Condition {
  readonly fault: Call | string
}

export type Scalar = LexBoolean | LexInteger | LexString | LexBytes | LexCidLink | LexBlob

export function scalarChecks(field: Scalar, value: string, path: Path): Refusal[] {
  switch (field.type) {
    case 'boolean': {
      const isBoolean = wrongType(`typeof ${value} !== 'boolean'`, 'boolean', value, path)
      return field.const === undefined ? [isBoolean] : [isBoolean, oneOf('const', [field.const], value, path)]
    }
    case 'integer':
      return integerChecks(field, value, path)
    case 'string':
      return stringChecks(field, value, path)
    case 'bytes':
      return [
        wrongType(`!l.isBytes(${value})`, 'bytes', value, path),
        ...lengthChecks(field, `l.bytesLength(${value})`, 'byte', path),
      ]
    case 'cid-link':
      return [wrongType(`!l.isCidLink(${value})`, 'a cid link', value, path)]
    case 'blob':
      return blobChecks(field, value, path)
  }
}

/** `l.helper(…)` with the path for its last arguments. */
export const call = (helper: string, parts: readonly string[], path: Path): Call =>
  callOf(`l.${helper}`, ...parts, ...path)

/** `tests`: any of them says that the type is wrong. */
export const wrongType = (
  tests: string | readonly string[],
  expected: string,
  value: string,
  path: Path,
): Refusal => ({
  tests: typeof tests === 'string' ? [tests] : tests,
  by: '||',
  fault: call('notType', [quote(expected), value], path),
})

/** Comparisons with each value that is right: they say type and value at once. */
export function oneOf(
  rule: string,
  allowed: readonly (string | number | boolean)[],
  value: string,
  path: Path,
): Refusal {
  const code = allowed.map((item) => (typeof item === 'string' ? quote(item) : String(item)))
  const tests = code.length === 0 ? ['true'] : code.map((item) => `${value} !== ${item}`)
  const all = allowed.map((item) => JSON.stringify(item)).join(' or ')
  const expected = allowed.length > 8 ? `one of ${allowed.length} values` : all || 'no value at all'
  return { tests, by: '&&', fault: call('fault', [quote(rule), quote(expected), value], path) }
}

/** Bounds of a count of bytes or items. */
export function lengthChecks(
  field: { readonly minLength?: number; readonly maxLength?: number },
  measure: string,
  unit: string,
  path: Path,
): Refusal[] {
  const { minLength = 0, maxLength } = field
  const lines: Refusal[] = []
  if (minLength > 0)
    lines.push(
      limit(
        [`${measure} < ${minLength}`],
        'minLength',
        `at least ${counted(minLength, unit)}`,
        measure,
        path,
      ),
    )
  if (maxLength !== undefined)
    lines.push(
      limit([`${measure} > ${maxLength}`], 'maxLength', `at most ${counted(maxLength, unit)}`, measure, path),
    )
  return lines
}

/** `tests`: all of them together say that the value is out of bounds. */
const limit = (
  tests: readonly string[],
  rule: string,
  expected: string,
  measured: string,
  path: Path,
): Refusal => ({
  tests,
  by: '&&',
  fault: call('outOf', [quote(rule), quote(expected), measured], path),
})

function integerChecks(field: LexInteger, value: string, path: Path): Refusal[] {
  const { minimum, maximum } = field
  const lines: Refusal[] = []
  const bounded = minimum !== undefined || maximum !== undefined
  // `Number.isSafeInteger` does not narrow, so compare as numbers only where TypeScript has to be told.
  const tests = [...(bounded ? [`typeof ${value} !== 'number'`] : []), `!Number.isSafeInteger(${value})`]
  const literals = literalsOf(field)
  lines.push(
    literals === null
      ? wrongType(tests, 'integer', value, path)
      : oneOf(literals.rule, literals.allowed, value, path),
  )
  if (minimum !== undefined)
    lines.push(limit([`${value} < ${minimum}`], 'minimum', `at least ${minimum}`, value, path))
  if (maximum !== undefined)
    lines.push(limit([`${value} > ${maximum}`], 'maximum', `at most ${maximum}`, value, path))
  return lines
}

function stringChecks(field: LexString, value: string, path: Path): Refusal[] {
  const lines: Refusal[] = []
  const literals = literalsOf(field)
  if (field.format !== undefined) {
    const [check, options] = FORMATS[field.format]
    const tests = [`typeof ${value} !== 'string'`, `!${check}(${value}${options ? ', c' : ''})`]
    lines.push({ tests, by: '||', fault: call('notFormat', [quote(field.format), value], path) })
  } else if (literals === null)
    lines.push(wrongType([`typeof ${value} !== 'string'`, `!${value}.isWellFormed()`], 'string', value, path))
  if (literals !== null) lines.push(oneOf(literals.rule, literals.allowed, value, path))
  return [...lines, ...textChecks(field, value, path)]
}

/** Lengths in UTF-16 units settle most cases: a unit is at most three bytes, and a grapheme at least one unit. */
function textChecks(field: LexString, value: string, path: Path): Refusal[] {
  const { minLength = 0, maxLength, minGraphemes = 0, maxGraphemes } = field
  const bytes = `l.utf8Length(${value})`
  const lines: Refusal[] = []
  if (minLength > 0) {
    const tests = [`${value}.length < ${minLength}`, `${bytes} < ${minLength}`]
    lines.push(limit(tests, 'minLength', `at least ${counted(minLength, 'byte')}`, bytes, path))
  }
  if (maxLength !== undefined) {
    const tests = [`${value}.length > ${Math.floor(maxLength / 3)}`, `${bytes} > ${maxLength}`]
    lines.push(limit(tests, 'maxLength', `at most ${counted(maxLength, 'byte')}`, bytes, path))
  }
  if (minGraphemes > 0) {
    const count = `l.graphemes(${value}, ${minGraphemes})`
    lines.push(
      limit(
        [`${count} < ${minGraphemes}`],
        'minGraphemes',
        `at least ${counted(minGraphemes, 'grapheme')}`,
        count,
        path,
      ),
    )
  }
  if (maxGraphemes !== undefined) {
    const tests = [
      `${value}.length > ${maxGraphemes}`,
      `l.graphemes(${value}, ${maxGraphemes}) > ${maxGraphemes}`,
    ]
    lines.push(limit(tests, 'maxGraphemes', `at most ${counted(maxGraphemes, 'grapheme')}`, "'more'", path))
  }
  return lines
}

function blobChecks({ accept, maxSize }: LexBlob, value: string, path: Path): Refusal[] {
  const lines: Refusal[] = [
    { tests: [`!l.isBlob(${value}, c)`], by: '||', fault: call('notBlob', [value, 'c'], path) },
  ]
  if (accept !== undefined && !accept.includes('*/*')) {
    const tests =
      accept.length === 0 ? ['true'] : accept.map((pattern) => mimeTest(pattern, `${value}.mimeType`))
    const expected = quote(`a blob of ${accept.join(' or ') || 'no type at all'}`)
    const fault = call('fault', ["'accept'", expected, `${value}.mimeType`], [...path, "'mimeType'"])
    lines.push({ tests, by: '&&', fault })
  }
  if (maxSize !== undefined) {
    const fault = call(
      'outOf',
      ["'maxSize'", quote(`at most ${counted(maxSize, 'byte')}`), `${value}.size`],
      [...path, "'size'"],
    )
    lines.push({ tests: [`${value}.$type === 'blob'`, `${value}.size > ${maxSize}`], by: '&&', fault })
  }
  return lines
}

/** True when the MIME type is not of the pattern. */
const mimeTest = (pattern: string, value: string): string =>
  pattern.endsWith('/*')
    ? `!${value}.startsWith(${quote(pattern.slice(0, -1))})`
    : `${value} !== ${quote(pattern)}`

/** What `const` and `enum` leave, together. */
function literalsOf(
  field: LexInteger | LexString,
): { rule: string; allowed: readonly (string | number)[] } | null {
  const values: readonly (string | number)[] | undefined = field.enum
  if (field.const === undefined) return values === undefined ? null : { rule: 'enum', allowed: values }
  const constant = field.const
  return { rule: 'const', allowed: values === undefined || values.includes(constant) ? [constant] : [] }
}

const FORMATS: Record<StringFormat, [check: string, options: boolean]> = {
  'at-identifier': ['l.isAtIdentifier', false],
  'at-uri': ['l.isAtUri', false],
  cid: ['l.cid', true],
  datetime: ['l.datetime', true],
  did: ['l.isDid', false],
  handle: ['l.isHandle', false],
  language: ['l.language', true],
  nsid: ['l.isNsid', false],
  'record-key': ['l.isRecordKey', false],
  tid: ['l.isTid', false],
  uri: ['l.uri', true],
}
