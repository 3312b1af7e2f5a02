import type { LexField, LexObject } from './document.ts'
import { read } from './generate-checks.ts'
import { typeName } from './lexicons.ts'
import { quote } from './names.ts'
import type { Scope } from './scope.ts'

/**
 * Statements that put the defaults of an object into `out`, a copy of `v` as soon as something changes. Only
 * definitions that have a default somewhere inside get such a function.
 */
export function fillStatements(scope: Scope, def: LexObject): string[] {
  const lines = ['let out = v']
  for (const [key, field] of Object.entries(def.properties ?? {})) {
    const access = read('v', key)
    if ('default' in field && field.default !== undefined) {
      const value = typeof field.default === 'string' ? quote(field.default) : String(field.default)
      lines.push(`if (${access} === undefined) out = l.replace(out, ${quote(key)}, ${value})`)
      continue
    }
    const filled = fillOf(scope, field, access)
    if (filled === null) continue
    const guards: string[] = []
    if (def.required?.includes(key) !== true) guards.push(`${access} !== undefined`)
    if (def.nullable?.includes(key) === true) guards.push(`${access} !== null`)
    const statement = `out = l.replace(out, ${quote(key)}, ${filled})`
    lines.push(guards.length === 0 ? statement : `if (${guards.join(' && ')}) ${statement}`)
  }
  return [...lines, 'return out']
}

/** An expression for `value` with its defaults, null when there are none inside. */
export function fillOf(scope: Scope, field: LexField, value: string): string | null {
  switch (field.type) {
    case 'ref': {
      const target = scope.resolve(field.ref)
      if (target === undefined || !scope.recursion.hasDefaults(typeName(target.doc.id, target.name)))
        return null
      return `${scope.fillOf(target)}(${value})`
    }
    case 'array': {
      const item = fillOf(scope, field.items, 'item')
      return item === null ? null : `l.replaceItems(${value}, (item) => ${item})`
    }
    case 'union': {
      const cases = field.refs.flatMap((ref) => {
        const target = scope.resolve(ref)
        if (target === undefined || !scope.recursion.hasDefaults(typeName(target.doc.id, target.name)))
          return []
        return [`u.$type === ${quote(typeName(target.doc.id, target.name))} ? ${scope.fillOf(target)}(u)`]
      })
      return cases.length === 0 ? null : `l.apply(${value}, (u) => (${cases.join(' : ')} : u))`
    }
    case 'object': {
      const statements = fillStatements(scope, field)
      return statements.length === 2 ? null : `l.apply(${value}, (v) => { ${statements.join('; ')} })`
    }
    default:
      return null
  }
}
