import { docLines } from './doc-lines.ts'
import type { LexField, LexObject, LexParams, LexUnion } from './document.ts'
import { propertyKey, quote } from './names.ts'
import type { Scope } from './scope.ts'
import { docComment, type Writer } from './writer.ts'

/** `export interface Name { … }` for an object; `$type` as given, with its colon. */
export function writeInterface(
  writer: Writer,
  scope: Scope,
  name: string,
  def: LexObject | LexParams,
  type?: string,
): void {
  const properties = Object.entries(def.properties ?? {})
  if (type === undefined && properties.length === 0) {
    writer.line(`export type ${name} = { [key: string]: never }`)
    return
  }
  writer.block(`export interface ${name} {`, () => {
    if (type !== undefined) writer.line(type)
    writeProperties(writer, scope, def)
  })
}

/** `export type Name = …` for everything else. */
export function writeAlias(writer: Writer, scope: Scope, name: string, field: LexField): void {
  writeTyped(writer, scope, `export type ${name} =`, field, '')
}

function writeProperties(writer: Writer, scope: Scope, def: LexObject | LexParams): void {
  for (const [key, field] of Object.entries(def.properties ?? {})) {
    docComment(writer, docLines(field))
    const mark = def.required?.includes(key) === true ? '' : '?'
    const nullable = 'nullable' in def && def.nullable?.includes(key) === true
    writeTyped(writer, scope, `${propertyKey(key)}${mark}:`, field, nullable ? 'null' : '')
  }
}

/** `head type`, broken over lines when it is a union that does not fit, or an object. */
function writeTyped(writer: Writer, scope: Scope, head: string, field: LexField, also: string): void {
  const [inner, brackets] = itemOf(field)
  if (inner.type === 'object' && Object.keys(inner.properties ?? {}).length > 0) {
    const object = (open: string, close: string) =>
      writer.block(`${open}{`, () => writeProperties(writer, scope, inner), `}${close}`)
    if (also === '' || brackets === '') object(`${head} `, `${brackets}${also === '' ? '' : ` | ${also}`}`)
    else
      writer.line(head).indented(() => {
        writer.line('| {')
        writer.indented(() => writer.indented(() => writeProperties(writer, scope, inner)))
        writer.line(`  }${brackets}`).line(`| ${also}`)
      })
    return
  }
  const members = [...unionOf(field, scope), ...(also === '' ? [] : [also])]
  const line = `${head} ${members.join(' | ')}`
  if (line.length <= writer.room) writer.line(line)
  else if (members.length > 1) writeMembers(writer, head, members, '')
  else if (field.type === 'array') writeMembers(writer, `${head} (`, unionOf(field.items, scope), ')[]')
  else writer.line(line)
}

/** What an array holds in the end, and the brackets after it. */
function itemOf(field: LexField): [item: LexField, brackets: string] {
  if (field.type !== 'array') return [field, '']
  const [item, brackets] = itemOf(field.items)
  return [item, `${brackets}[]`]
}

function writeMembers(writer: Writer, head: string, members: readonly string[], close: string): void {
  const body = () => {
    for (const member of members) writer.line(`| ${member}`)
  }
  writer.block(head, body, close)
}

/** The type as one expression. */
export function typeOf(field: LexField, scope: Scope): string {
  return unionOf(field, scope).join(' | ')
}

/** The type as the members of a union. */
function unionOf(field: LexField, scope: Scope): string[] {
  switch (field.type) {
    case 'boolean':
      return [field.const === undefined ? 'boolean' : String(field.const)]
    case 'integer':
      return literals(field, String) ?? ['number']
    case 'string': {
      const exact = literals(field, quote)
      if (exact !== null) return exact
      const known = field.knownValues ?? []
      return known.length === 0 ? ['string'] : [...new Set(known.map(quote)), 'l.UnknownString']
    }
    case 'bytes':
      return ['l.Bytes']
    case 'cid-link':
      return ['l.CidLink']
    case 'blob':
      return ['l.BlobRef']
    case 'unknown':
      return ['l.LexMap']
    case 'ref': {
      const target = scope.resolve(field.ref)
      return [target === undefined ? 'unknown' : scope.typeOf(target)]
    }
    case 'union':
      return unionMembers(field, scope)
    case 'array': {
      const item = typeOf(field.items, scope)
      return [/[|&]/.test(item) && !/^[\w.]+$/.test(item) ? `(${item})[]` : `${item}[]`]
    }
    case 'object':
      return [inlineObject(field, scope)]
  }
}

function literals<T extends string | number>(
  field: { readonly const?: T; readonly enum?: readonly T[] },
  print: (value: T) => string,
): string[] | null {
  if (field.const !== undefined) return [print(field.const)]
  if (field.enum === undefined) return null
  return field.enum.length === 0 ? ['never'] : [...new Set(field.enum.map(print))]
}

function unionMembers(field: LexUnion, scope: Scope): string[] {
  const members = field.refs.flatMap((ref) => {
    const target = scope.resolve(ref)
    if (target === undefined) return []
    const type = scope.typeOf(target)
    return [target.def.type === 'record' ? type : `l.$Typed<${type}>`]
  })
  if (field.closed !== true) members.push('l.Unknown$TypedObject')
  return members.length === 0 ? ['never'] : [...new Set(members)]
}

function inlineObject(field: LexObject, scope: Scope): string {
  const properties = Object.entries(field.properties ?? {}).map(([key, value]) => {
    const mark = field.required?.includes(key) === true ? '' : '?'
    const also = field.nullable?.includes(key) === true ? ' | null' : ''
    return `${propertyKey(key)}${mark}: ${typeOf(value, scope)}${also}`
  })
  return properties.length === 0 ? 'l.LexMap' : `{ ${properties.join('; ')} }`
}
