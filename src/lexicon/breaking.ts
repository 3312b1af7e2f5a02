import type { LexBody, LexDef, LexDoc, LexField, LexObject, LexParams, LexUnion } from './document.ts'
import { parseRef, typeName } from './lexicons.ts'
import { join } from './problem.ts'

/** One difference between two versions of a lexicon. */
export interface Change {
  readonly nsid: string
  /** Where in the document. */
  readonly path: string
  /**
   * `breaking`: records or callers that were right are wrong now, or readers may meet what could not be before.
   * `compatible`: what was right still is.
   */
  readonly kind: 'breaking' | 'compatible'
  readonly message: string
}

/** What changed between two versions of a document, in its order. */
export function compareDocuments(before: LexDoc, after: LexDoc): Change[] {
  const comparison = new Comparison(after.id)
  comparison.names(before.defs, after.defs, 'defs', 'definition', () => false)
  for (const [name, def] of Object.entries(before.defs)) {
    const now = Object.hasOwn(after.defs, name) ? after.defs[name] : undefined
    if (now !== undefined) comparison.defs(def, now, join('defs', name))
  }
  return comparison.changes
}

/** One change a line: `breaking: app.bsky.feed.post  defs.main…: maxLength is 300 now, was 3000`. */
export function printChange({ kind, nsid, path, message }: Change): string {
  return `${kind}: ${nsid}  ${path}: ${message}`
}

type Limits = { readonly [key: string]: unknown }

class Comparison {
  readonly changes: Change[] = []
  readonly #nsid: string

  constructor(nsid: string) {
    this.#nsid = nsid
  }

  #add(kind: Change['kind'], path: string, message: string): void {
    this.changes.push({ nsid: this.#nsid, path, kind, message })
  }

  /** What is gone is breaking, what is new only where it is required. */
  names(
    before: object,
    after: object,
    path: string,
    what: string,
    isRequired: (name: string) => boolean,
  ): void {
    for (const name of Object.keys(before))
      if (!Object.hasOwn(after, name)) this.#add('breaking', join(path, name), `the ${what} is gone`)
    for (const name of Object.keys(after))
      if (!Object.hasOwn(before, name)) {
        const required = isRequired(name)
        this.#add(
          required ? 'breaking' : 'compatible',
          join(path, name),
          `a new ${what}${required ? ', and it is required' : ''}`,
        )
      }
  }

  defs(before: LexDef, after: LexDef, path: string): void {
    if (before.type === 'record' && after.type === 'record') {
      this.#value(before.key, after.key, join(path, 'key'))
      this.field(before.record, after.record, join(path, 'record'))
    } else if (isMethod(before) && before.type === after.type) {
      this.#params(before.parameters, (after as typeof before).parameters, join(path, 'parameters'))
      for (const body of ['input', 'output'] as const)
        this.#body((before as Bodies)[body], (after as Bodies)[body], join(path, body))
      const [was, is] = [(before as Bodies).message?.schema, (after as Bodies).message?.schema]
      if (was !== undefined && is !== undefined) this.field(was, is, `${path}.message.schema`)
    } else if (before.type !== after.type) this.#typeChanged(before.type, after.type, path)
    else if (isField(before)) this.field(before, after as LexField, path)
  }

  #typeChanged(before: string, after: string, path: string): void {
    this.#add('breaking', join(path, 'type'), `the type is ${after} now, was ${before}`)
  }

  #params(before: LexParams | undefined, after: LexParams | undefined, path: string): void {
    const none: LexParams = { type: 'params' }
    if (before !== after) this.#properties(before ?? none, after ?? none, path)
  }

  #body(before: LexBody | undefined, after: LexBody | undefined, path: string): void {
    if (before === undefined || after === undefined) {
      if (before !== after)
        this.#add('breaking', path, before === undefined ? 'a new body' : 'the body is gone')
      return
    }
    this.#value(before.encoding, after.encoding, join(path, 'encoding'))
    const [was, is] = [before.schema, after.schema]
    if (was !== undefined && is !== undefined) this.field(was, is, join(path, 'schema'))
    else if (was !== is)
      this.#add('breaking', join(path, 'schema'), was === undefined ? 'a new schema' : 'the schema is gone')
  }

  field(before: LexField, after: LexField, path: string): void {
    if (before.type !== after.type) {
      this.#typeChanged(before.type, after.type, path)
      return
    }
    const [was, is]: [Limits, Limits] = [{ ...before }, { ...after }]
    for (const key of ['const', 'default', 'format']) this.#fact(was, is, key, path)
    for (const key of ['minLength', 'minGraphemes', 'minimum']) this.#limit(was, is, key, 1, path)
    for (const key of ['maxLength', 'maxGraphemes', 'maximum', 'maxSize']) this.#limit(was, is, key, -1, path)
    for (const key of ['enum', 'accept']) this.#set(was, is, key, path)
    if (before.type === 'ref' && after.type === 'ref')
      this.#value(this.#target(before.ref), this.#target(after.ref), join(path, 'ref'))
    if (before.type === 'union' && after.type === 'union') this.#union(before, after, path)
    if (before.type === 'array' && after.type === 'array')
      this.field(before.items, after.items, join(path, 'items'))
    if (before.type === 'object' && after.type === 'object') this.#properties(before, after, path)
  }

  #properties(before: LexObject | LexParams, after: LexObject | LexParams, path: string): void {
    const [was, is] = [before.properties ?? {}, after.properties ?? {}]
    const at = join(path, 'properties')
    this.names(was, is, at, 'property', (name) => after.required?.includes(name) === true)
    for (const [name, field] of Object.entries(was)) {
      const now = Object.hasOwn(is, name) ? is[name] : undefined
      if (now === undefined) continue
      this.#member('required', before.required, after.required, name, join(at, name))
      if (before.type === 'object' && after.type === 'object')
        this.#member('nullable', before.nullable, after.nullable, name, join(at, name))
      this.field(field, now, join(at, name))
    }
  }

  /** Required or nullable, now or then: either way somebody relied on it. */
  #member(
    word: string,
    before: readonly string[] | undefined,
    after: readonly string[] | undefined,
    name: string,
    path: string,
  ): void {
    const [was, is] = [before?.includes(name) === true, after?.includes(name) === true]
    if (was !== is) this.#add('breaking', path, is ? `${word} now, was not` : `no longer ${word}`)
  }

  #union(before: LexUnion, after: LexUnion, path: string): void {
    const [was, is] = [before.closed === true, after.closed === true]
    if (was !== is)
      this.#add(
        is ? 'breaking' : 'compatible',
        join(path, 'closed'),
        is ? 'closed now, was open' : 'open now, was closed',
      )
    const refs = (union: LexUnion) => ({ refs: union.refs.map((ref) => this.#target(ref)) })
    this.#set(refs(before), refs(after), 'refs', path)
  }

  #value(before: unknown, after: unknown, path: string): void {
    if (before !== after) this.#add('breaking', path, `${show(after)} now, was ${show(before)}`)
  }

  /** A fact that is dropped widens what is right, except for a default, which somebody relied on. */
  #fact(before: Limits, after: Limits, key: string, path: string): void {
    if (before[key] === after[key]) return
    const kind = after[key] === undefined && key !== 'default' ? 'compatible' : 'breaking'
    this.#add(kind, join(path, key), `${show(after[key])} now, was ${show(before[key])}`)
  }

  /** `direction` 1: a larger value narrows, -1: a smaller one does. */
  #limit(before: Limits, after: Limits, key: string, direction: 1 | -1, path: string): void {
    const [was, is] = [before[key] as number | undefined, after[key] as number | undefined]
    if (was === is) return
    const narrows = is !== undefined && (was === undefined || (is - was) * direction > 0)
    this.#add(narrows ? 'breaking' : 'compatible', join(path, key), `${show(is)} now, was ${show(was)}`)
  }

  /** Members that are gone narrow, as does a list where anything was right. */
  #set(before: Limits, after: Limits, key: string, path: string): void {
    const [was, is] = [
      before[key] as readonly unknown[] | undefined,
      after[key] as readonly unknown[] | undefined,
    ]
    if (was === undefined && is === undefined) return
    if (was === undefined || is === undefined) {
      this.#add(
        is === undefined ? 'compatible' : 'breaking',
        join(path, key),
        `${show(is)} now, was ${show(was)}`,
      )
      return
    }
    const gone = was.filter((item) => !is.includes(item))
    const fresh = is.filter((item) => !was.includes(item))
    if (gone.length > 0) this.#add('breaking', join(path, key), `without ${gone.map(show).join(', ')} now`)
    if (fresh.length > 0) this.#add('compatible', join(path, key), `with ${fresh.map(show).join(', ')} now`)
  }

  /** References are the same whether they spell out the document or not. */
  #target(ref: string): string {
    const { nsid, name } = parseRef(ref, this.#nsid)
    return typeName(nsid, name)
  }
}

interface Bodies {
  readonly input?: LexBody
  readonly output?: LexBody
  readonly message?: { readonly schema: LexUnion }
}

const isMethod = (def: LexDef): def is Extract<LexDef, { parameters?: LexParams }> =>
  def.type === 'query' || def.type === 'procedure' || def.type === 'subscription'

const isField = (
  def: LexDef,
): def is Exclude<
  LexDef,
  { type: 'record' | 'query' | 'procedure' | 'subscription' | 'permission-set' | 'token' }
> => !['record', 'query', 'procedure', 'subscription', 'permission-set', 'token'].includes(def.type)

const show = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))
