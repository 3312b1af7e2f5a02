import type { LexDef, LexField, LexObject } from './document.ts'
import { type Lexicons, type Target, typeName } from './lexicons.ts'
import { walk } from './walk.ts'

/**
 * Definitions that some finite value satisfies: one whose every value contains another value of it is a mistake, which
 * the generator would turn into a type nobody can build. Starts with all of them and looks again at those that refer
 * to one just found, so that the order of definitions costs nothing.
 */
export function findInhabited(lexicons: Lexicons): Set<string> {
  const found = new Set<string>()
  const possible = (field: LexDef | LexField, from: string): boolean => {
    switch (field.type) {
      case 'record':
        return object(field.record, from)
      case 'object':
        return object(field, from)
      case 'array':
        return (field.minLength ?? 0) === 0 || possible(field.items, from)
      case 'ref':
        return refPossible(field.ref, from)
      case 'union':
        return (
          field.closed !== true || field.refs.length === 0 || field.refs.some((ref) => refPossible(ref, from))
        )
      default:
        return true
    }
  }
  const refPossible = (ref: string, from: string) => {
    const target = lexicons.resolve(ref, from)
    // What is missing altogether is reported where it is referred to.
    return target === undefined || found.has(typeName(target.doc.id, target.name))
  }
  const object = (def: LexObject, from: string) =>
    (def.required ?? []).every((name) => {
      const field = def.properties?.[name]
      return field === undefined || def.nullable?.includes(name) === true || possible(field, from)
    })
  const { all, users } = references(lexicons)
  const queue = [...all]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const type = typeName(next.doc.id, next.name)
    if (found.has(type) || !possible(next.def, next.doc.id)) continue
    found.add(type)
    queue.push(...(users.get(type) ?? []))
  }
  return found
}

/** All definitions, and who refers to each. */
function references(lexicons: Lexicons): { all: Target[]; users: Map<string, Target[]> } {
  const all: Target[] = []
  const users = new Map<string, Target[]>()
  for (const { doc } of lexicons.sources)
    for (const [name, def] of Object.entries(doc.defs)) {
      const user = { doc, name, def }
      all.push(user)
      walk(def, '', (field) => {
        for (const ref of field.type === 'ref' ? [field.ref] : field.type === 'union' ? field.refs : []) {
          const target = lexicons.resolve(ref, doc.id)
          if (target === undefined) continue
          const type = typeName(target.doc.id, target.name)
          const list = users.get(type)
          if (list === undefined) users.set(type, [user])
          else list.push(user)
        }
      })
    }
  return { all, users }
}
