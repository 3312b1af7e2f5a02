import { createHash } from 'node:crypto'
import type { LexDef, LexDoc } from './document.ts'
import { type Lexicons, parseRef, type Target, typeName } from './lexicons.ts'

/**
 * A hash of what a record's lexicon means: the record and everything it refers to. Two documents have the same when
 * they accept the same records and fill in the same defaults as written; descriptions, known values, the order of
 * keys and of lists without an order, spaces and unknown fields do not count.
 */
export function meaningOf(record: LexDoc, lexicons: Lexicons): string {
  const defs = new Map<string, unknown>()
  const todo: Target[] = [{ doc: record, name: 'main', def: record.defs.main as LexDef }]
  for (let target = todo.pop(); target !== undefined; target = todo.pop()) {
    const { doc, name, def } = target
    const key = typeName(doc.id, name)
    if (defs.has(key)) continue
    const refs: string[] = []
    defs.set(key, plain(def, doc.id, refs))
    for (const ref of refs) {
      const found = lexicons.resolve(ref, doc.id)
      if (found !== undefined) todo.push(found)
    }
  }
  const text = JSON.stringify([...defs].sort(([a], [b]) => (a < b ? -1 : 1)))
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** Fields that a validator looks at, in the order they are hashed. */
const FIELDS = [
  'type',
  'key',
  'format',
  'const',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minGraphemes',
  'maxGraphemes',
  'accept',
  'maxSize',
  'closed',
  'required',
  'nullable',
] as const

type Loose = Readonly<Record<string, unknown>>

function plain(def: object, from: string, refs: string[]): unknown {
  const given = def as Loose
  const out: [string, unknown][] = []
  for (const field of FIELDS) {
    const value = given[field]
    if (value === undefined || (field === 'closed' && value === false)) continue
    if (!Array.isArray(value)) out.push([field, value])
    else if (value.length > 0 || field === 'enum') out.push([field, [...new Set(value)].sort()])
  }
  if (typeof given.ref === 'string') out.push(['ref', absolute(given.ref, from, refs)])
  if (Array.isArray(given.refs)) {
    out.push(['refs', given.refs.map((ref) => absolute(String(ref), from, refs)).sort()])
  }
  for (const inner of ['items', 'record'] as const) {
    if (given[inner] !== undefined) out.push([inner, plain(given[inner] as object, from, refs)])
  }
  if (given.properties !== undefined) {
    const properties = Object.entries(given.properties as Record<string, object>)
    out.push([
      'properties',
      properties
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, property]) => [name, plain(property, from, refs)]),
    ])
  }
  return out
}

function absolute(ref: string, from: string, refs: string[]): string {
  refs.push(ref)
  const { nsid, name } = parseRef(ref, from)
  return typeName(nsid, name)
}
