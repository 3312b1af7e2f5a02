import type { LexField, LexObject } from './document.ts'
import { read } from './generate-checks.ts'
import { type Code, callOf, type ObjectLiteral, writeCode, writeIf } from './layout.ts'
import { typeName } from './lexicons.ts'
import { propertyKey, quote } from './names.ts'
import type { Scope } from './scope.ts'
import type { Writer } from './writer.ts'

/**
 * Statements that put the defaults of an object into `out`, a copy of `v` as soon as something changes. Only
 * definitions that have a default somewhere inside get such a function.
 */
export function writeFills(writer: Writer, scope: Scope, def: LexObject): void {
  writer.line('let out = v')
  for (const [key, field] of Object.entries(def.properties ?? {})) {
    const access = read('v', key)
    const replace = (value: Code) => callOf('l.replace', 'out', quote(key), value)
    const value = defaultOf(field)
    if (value !== null) {
      writeIf(writer, { tests: [`${access} === undefined`], by: '&&' }, 'out = ', replace(value))
      continue
    }
    const fill = fillOf(scope, field)
    if (fill === null) continue
    const tests: string[] = []
    if (def.required?.includes(key) !== true) tests.push(`${access} !== undefined`)
    if (def.nullable?.includes(key) === true) tests.push(`${access} !== null`)
    if (tests.length === 0) writeCode(writer, 'out = ', replace(filled(fill, access)))
    else writeIf(writer, { tests, by: '&&' }, 'out = ', replace(filled(fill, access)))
  }
  writer.line('return out')
}

/** The default of a field itself, as code. */
function defaultOf(field: LexField): string | null {
  if (!('default' in field) || field.default === undefined) return null
  return typeof field.default === 'string' ? quote(field.default) : String(field.default)
}

/** `fill` applied to a value: to each item at once, where it is the fill of an array. */
export function filled(fill: Code, value: string): Code {
  if (typeof fill === 'string') return callOf(fill, value)
  return 'callee' in fill && fill.callee === 'l.itemsFill'
    ? callOf('l.replaceItems', value, ...fill.args)
    : callOf('l.apply', value, fill)
}

/** A function that fills in the defaults inside of a field, null when there are none. */
export function fillOf(scope: Scope, field: LexField): Code | null {
  switch (field.type) {
    case 'ref':
      return fillOfRef(scope, field.ref)
    case 'array': {
      const item = fillOf(scope, field.items)
      return item === null ? null : callOf('l.itemsFill', item)
    }
    case 'union': {
      const members = new Map<string, Code>()
      for (const ref of field.refs) {
        const [target, fill] = [scope.resolve(ref), fillOfRef(scope, ref)]
        if (target !== undefined && fill !== null) members.set(typeName(target.doc.id, target.name), fill)
      }
      return members.size === 0 ? null : callOf('l.memberFill', literal(members))
    }
    case 'object': {
      const [defaults, inner] = [new Map<string, Code>(), new Map<string, Code>()]
      for (const [key, property] of Object.entries(field.properties ?? {})) {
        const [value, fill] = [defaultOf(property), fillOf(scope, property)]
        if (value !== null) defaults.set(key, value)
        else if (fill !== null) inner.set(key, fill)
      }
      return defaults.size + inner.size === 0
        ? null
        : callOf('l.fieldsFill', literal(defaults), literal(inner))
    }
    default:
      return null
  }
}

function fillOfRef(scope: Scope, ref: string): string | null {
  const target = scope.resolve(ref)
  const has = target !== undefined && scope.recursion.hasDefaults(typeName(target.doc.id, target.name))
  return has ? scope.fillOf(target) : null
}

const literal = (values: ReadonlyMap<string, Code>): ObjectLiteral => ({
  entries: [...values].map(([key, value]) => [propertyKey(key), value]),
})
