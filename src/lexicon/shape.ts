import { isNsid } from '../protocol/syntax.ts'
import { type LexDef, type LexDoc, STRING_FORMATS } from './document.ts'
import { join, type Problems } from './problem.ts'

/**
 * Checks the shape of a document by itself; what it refers to is `link.ts`'s. Written by hand instead of with
 * `@atproto/lexicon`'s parser (which stays the oracle in the tests): that one refuses nested objects, which the
 * interop catalogue has, accepts definitions of type `unknown`, which the interop vectors refuse, and cannot say
 * what to do.
 */

type Json = Record<string, unknown>
type Where = 'property' | 'items' | 'param' | 'param items' | 'body' | 'message'

const SCALARS = ['boolean', 'integer', 'string', 'unknown']
const FIELDS = [...SCALARS, 'bytes', 'cid-link', 'blob', 'ref', 'union', 'array', 'object']
const ALLOWED: Record<Where, readonly string[]> = {
  property: FIELDS,
  items: FIELDS,
  param: [...SCALARS, 'array'],
  'param items': SCALARS,
  body: ['ref', 'union', 'object'],
  message: ['union'],
}
/** Types that can only be the `main` definition. */
const PRIMARY = ['record', 'query', 'procedure', 'subscription', 'permission-set']
const DEFS = ['object', 'array', 'token', 'boolean', 'integer', 'string', 'bytes', 'cid-link', 'blob']
/** Types of the language that cannot be a definition; anything else is a type of the future. */
const NEVER_DEFS = ['ref', 'union', 'unknown', 'params', 'permission']

/** Objects and arrays inside each other, without a reference between them. */
const MAX_NESTING = 32

/** Property names JavaScript objects cannot carry safely. */
const FORBIDDEN_KEYS = ['__proto__']

/** The document when its shape is right, null when errors were reported. */
export function checkShape(json: unknown, problems: Problems): LexDoc | null {
  const before = problems.list.length
  if (!isMap(json)) {
    problems.error(
      '',
      `a lexicon document is an object, this is ${kind(json)}`,
      'see https://atproto.com/specs/lexicon',
    )
    return null
  }
  if (json.lexicon !== 1)
    problems.error(
      'lexicon',
      `the language version must be 1, it is ${show(json.lexicon)}`,
      'write `"lexicon": 1`',
    )
  if (typeof json.id !== 'string' || !isNsid(json.id))
    problems.error(
      'id',
      `the id must be an NSID, it is ${show(json.id)}`,
      'write a reversed domain and a name, such as "com.example.thing"',
    )
  optional(json, 'description', 'string', '', problems)
  const defs = checkDefs(json.defs, problems)
  if (problems.list.slice(before).some((problem) => problem.severity === 'error')) return null
  return { ...(json as unknown as LexDoc), defs }
}

function checkDefs(json: unknown, problems: Problems): Record<string, LexDef> {
  const defs: Record<string, LexDef> = {}
  if (!isMap(json)) {
    problems.error(
      'defs',
      `definitions are an object, this is ${kind(json)}`,
      'write `"defs": { "main": { … } }`',
    )
    return defs
  }
  for (const [name, def] of Object.entries(json)) {
    const path = join('defs', name)
    if (!/^[a-zA-Z][a-zA-Z0-9_-]*$/.test(name)) {
      problems.error(path, `${show(name)} cannot name a definition`, 'use letters and digits, a letter first')
      continue
    }
    if (checkDef(name, def, path, problems)) defs[name] = def as LexDef
  }
  return defs
}

/** False when the definition is wrong or of a type lextap does not know. */
function checkDef(name: string, def: unknown, path: string, problems: Problems): boolean {
  if (!isMap(def) || typeof def.type !== 'string') {
    problems.error(
      path,
      'a definition is an object with a `type`',
      `use one of ${[...PRIMARY, ...DEFS].join(', ')}`,
    )
    return false
  }
  const { type } = def
  if (PRIMARY.includes(type)) {
    if (name !== 'main')
      problems.error(
        path,
        `a ${type} must be the main definition`,
        'name it `main`, in a document of its own',
      )
    checkPrimary(def, type, path, problems)
    return true
  }
  if (NEVER_DEFS.includes(type)) {
    problems.error(
      join(path, 'type'),
      `${type} cannot be a definition`,
      'use it as a property, inside an object',
    )
    return false
  }
  if (!DEFS.includes(type)) {
    problems.note(
      join(path, 'type'),
      `definitions of type ${show(type)} are passed over`,
      'nothing; lextap cannot use it',
    )
    return false
  }
  checkField(def, path, type === 'token' ? ['token'] : DEFS, problems)
  return true
}

function checkPrimary(def: Json, type: string, path: string, problems: Problems): void {
  optional(def, 'description', 'string', path, problems)
  if (type === 'record') {
    optional(def, 'key', 'string', path, problems)
    checkField(def.record, join(path, 'record'), ['object'], problems)
    return
  }
  if (type === 'permission-set') {
    problems.note(
      path,
      'permission sets are passed over',
      'nothing; they matter to OAuth servers, not to indexers',
    )
    return
  }
  if (def.parameters !== undefined) checkParams(def.parameters, join(path, 'parameters'), problems)
  checkErrors(def.errors, join(path, 'errors'), problems)
  const bodies = type === 'query' ? ['output'] : type === 'procedure' ? ['input', 'output'] : []
  for (const body of bodies) if (def[body] !== undefined) checkBody(def[body], join(path, body), problems)
  if (type === 'subscription' && def.message !== undefined) {
    if (isMap(def.message))
      checkField(def.message.schema, join(join(path, 'message'), 'schema'), ALLOWED.message, problems)
    else
      problems.error(
        join(path, 'message'),
        'a message is an object with a `schema`',
        'write `{ "schema": { "type": "union", … } }`',
      )
  }
}

function checkErrors(errors: unknown, path: string, problems: Problems): void {
  if (errors === undefined) return
  if (!Array.isArray(errors)) {
    problems.error(path, `errors are a list, this is ${kind(errors)}`, 'write `[{ "name": "NotFound" }]`')
    return
  }
  for (const [i, error] of errors.entries()) {
    if (!isMap(error)) {
      problems.error(
        join(path, i),
        `an error is an object, this is ${kind(error)}`,
        'write `{ "name": "NotFound" }`',
      )
      continue
    }
    required(error, 'name', 'string', join(path, i), problems)
    optional(error, 'description', 'string', join(path, i), problems)
  }
}

function checkParams(params: unknown, path: string, problems: Problems): void {
  if (!isMap(params) || params.type !== 'params') {
    problems.error(
      path,
      'parameters are an object of type `params`',
      'write `{ "type": "params", "properties": { … } }`',
    )
    return
  }
  checkProperties(params, path, 'param', problems)
}

function checkBody(body: unknown, path: string, problems: Problems): void {
  if (!isMap(body) || typeof body.encoding !== 'string') {
    problems.error(
      path,
      'a body is an object with an `encoding`',
      'write `{ "encoding": "application/json", … }`',
    )
    return
  }
  if (body.schema !== undefined) checkField(body.schema, join(path, 'schema'), ALLOWED.body, problems)
}

function checkProperties(owner: Json, path: string, where: Where, problems: Problems, depth = 0): void {
  const { properties } = owner
  const at = join(path, 'properties')
  if (properties !== undefined && !isMap(properties))
    problems.error(
      at,
      `properties are an object, this is ${kind(properties)}`,
      'write `{ "name": { "type": … } }`',
    )
  const known = isMap(properties) ? properties : {}
  for (const [name, field] of Object.entries(known)) {
    if (name === '$type') {
      // Some authors list it; every object has it anyway.
      problems.note(
        join(at, name),
        'a property called $type is passed over',
        'take it out, objects have one by nature',
      )
      delete known.$type
    } else if (FORBIDDEN_KEYS.includes(name))
      problems.error(join(at, name), `a property cannot be called ${name}`, 'choose another name')
    else checkField(field, join(at, name), ALLOWED[where], problems, depth + 1)
  }
  for (const list of where === 'param' ? (['required'] as const) : (['required', 'nullable'] as const)) {
    if (!optional(owner, list, 'strings', path, problems)) continue
    for (const [i, name] of ((owner[list] ?? []) as string[]).entries()) {
      if (Object.hasOwn(known, name) || name === '$type') continue
      const report = list === 'required' ? problems.error.bind(problems) : problems.note.bind(problems)
      report(
        join(join(path, list), i),
        `there is no property ${show(name)}`,
        `define it, or take it out of \`${list}\``,
      )
    }
  }
}

/** A field of one of the allowed types, with what hangs on it. */
function checkField(
  field: unknown,
  path: string,
  allowed: readonly string[],
  problems: Problems,
  depth = 0,
): void {
  if (depth > MAX_NESTING) {
    problems.error(
      path,
      `nested deeper than ${MAX_NESTING}`,
      'give the inner objects definitions of their own',
    )
    return
  }
  if (!isMap(field)) {
    problems.error(
      path,
      `a definition is expected, this is ${kind(field)}`,
      `write an object of type ${allowed.join(', ')}`,
    )
    return
  }
  if (typeof field.type !== 'string' || !allowed.includes(field.type)) {
    problems.error(
      join(path, 'type'),
      `the type ${show(field.type)} cannot stand here`,
      `use one of ${allowed.join(', ')}`,
    )
    return
  }
  optional(field, 'description', 'string', path, problems)
  const items = allowed === ALLOWED.param ? ALLOWED['param items'] : ALLOWED.items
  switch (field.type) {
    case 'boolean':
      for (const key of ['default', 'const']) optional(field, key, 'boolean', path, problems)
      return
    case 'integer':
      for (const key of ['default', 'const', 'minimum', 'maximum'])
        optional(field, key, 'integer', path, problems)
      optional(field, 'enum', 'integers', path, problems)
      order(field, 'minimum', 'maximum', path, problems)
      return
    case 'string':
      checkString(field, path, problems)
      return
    case 'bytes':
      range(field, 'minLength', 'maxLength', path, problems)
      return
    case 'blob':
      optional(field, 'accept', 'strings', path, problems)
      optional(field, 'maxSize', 'size', path, problems)
      return
    case 'ref':
      required(field, 'ref', 'string', path, problems)
      return
    case 'union':
      required(field, 'refs', 'strings', path, problems)
      optional(field, 'closed', 'boolean', path, problems)
      return
    case 'array':
      range(field, 'minLength', 'maxLength', path, problems)
      checkField(field.items, join(path, 'items'), items, problems, depth + 1)
      return
    case 'object':
      checkProperties(field, path, 'property', problems, depth)
  }
}

function checkString(field: Json, path: string, problems: Problems): void {
  for (const key of ['default', 'const', 'format']) optional(field, key, 'string', path, problems)
  for (const key of ['enum', 'knownValues']) optional(field, key, 'strings', path, problems)
  range(field, 'minLength', 'maxLength', path, problems)
  range(field, 'minGraphemes', 'maxGraphemes', path, problems)
  if (typeof field.format === 'string' && !(STRING_FORMATS as readonly string[]).includes(field.format))
    problems.error(
      join(path, 'format'),
      `there is no string format ${show(field.format)}`,
      `use one of ${STRING_FORMATS.join(', ')}`,
    )
}

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

function required(owner: Json, key: string, want: Kind, path: string, problems: Problems): boolean {
  const [text, test] = KINDS[want]
  if (test(owner[key])) return true
  problems.error(join(path, key), `must be ${text}, it is ${show(owner[key])}`, `set it to ${text}`)
  return false
}

function optional(owner: Json, key: string, want: Kind, path: string, problems: Problems): boolean {
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

function range(owner: Json, low: string, high: string, path: string, problems: Problems): void {
  optional(owner, low, 'size', path, problems)
  optional(owner, high, 'size', path, problems)
  order(owner, low, high, path, problems)
}

function order(owner: Json, low: string, high: string, path: string, problems: Problems): void {
  const [min, max] = [owner[low], owner[high]]
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    problems.error(
      join(path, low),
      `${low} ${min} is more than ${high} ${max}`,
      'no value could pass; swap or correct them',
    )
}

const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const kind = (value: unknown): string =>
  value === undefined
    ? 'missing'
    : value === null
      ? 'null'
      : Array.isArray(value)
        ? 'a list'
        : `a ${typeof value}`

/** The value in a few characters. */
function show(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = typeof value === 'object' ? kind(value) : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
