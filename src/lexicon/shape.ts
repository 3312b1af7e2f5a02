import { isNsid } from '../protocol/syntax.ts'
import type { LexDef, LexDoc } from './document.ts'
import { join, type Problems } from './problem.ts'
import { ALLOWED, checkField, checkProperties } from './shape-fields.ts'
import { isMap, type Json, kind, optional, required, show } from './shape-values.ts'

/**
 * Checks the shape of a document by itself; what it refers to is `link.ts`'s. Written by hand instead of with
 * `@atproto/lexicon`'s parser (which stays the oracle in the tests): that one refuses nested objects, which the
 * interop catalogue has, accepts definitions of type `unknown`, which the interop vectors refuse, and cannot say
 * what to do.
 */

/** Types that can only be the `main` definition. */
const PRIMARY = ['record', 'query', 'procedure', 'subscription', 'permission-set']
const DEFS = ['object', 'array', 'token', 'boolean', 'integer', 'string', 'bytes', 'cid-link', 'blob']
/** Types of the language that cannot be a definition; anything else is a type of the future. */
const NEVER_DEFS = ['ref', 'union', 'unknown', 'params', 'permission']

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
  const passedOver: string[] = []
  const defs = checkDefs(json.defs, problems, passedOver)
  if (problems.list.slice(before).some((problem) => problem.severity === 'error')) return null
  return { ...(json as unknown as LexDoc), defs, passedOver }
}

function checkDefs(json: unknown, problems: Problems, passedOver: string[]): Record<string, LexDef> {
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
    else passedOver.push(name)
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
  optional(params, 'description', 'string', path, problems)
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
  optional(body, 'description', 'string', path, problems)
  if (body.schema !== undefined) checkField(body.schema, join(path, 'schema'), ALLOWED.body, problems)
}
