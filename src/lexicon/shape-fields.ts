import { STRING_FORMATS } from './document.ts'
import { join, type Problems } from './problem.ts'
import { isMap, type Json, kind, optional, order, range, required, show } from './shape-values.ts'

/** Checks what properties, items, parameters and bodies may be. */
export type Where = 'property' | 'items' | 'param' | 'param items' | 'body' | 'message'

const SCALARS = ['boolean', 'integer', 'string', 'unknown']
const FIELDS = [...SCALARS, 'bytes', 'cid-link', 'blob', 'ref', 'union', 'array', 'object']
export const ALLOWED: Record<Where, readonly string[]> = {
  property: FIELDS,
  items: FIELDS,
  param: [...SCALARS, 'array'],
  'param items': SCALARS,
  body: ['ref', 'union', 'object'],
  message: ['union'],
}
/** Objects and arrays inside each other, without a reference between them. */
const MAX_NESTING = 32

/** Property names JavaScript objects cannot carry safely. */
const FORBIDDEN_KEYS = ['__proto__']

export function checkProperties(
  owner: Json,
  path: string,
  where: Where,
  problems: Problems,
  depth = 0,
): void {
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
export function checkField(
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
