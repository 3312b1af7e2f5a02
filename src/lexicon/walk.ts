import type { LexDef, LexField } from './document.ts'
import { join } from './problem.ts'

/** Calls `visit` for every field of a definition, the definition itself included. */
export function walk(
  def: LexDef | LexField,
  path: string,
  visit: (field: LexField, path: string) => void,
): void {
  switch (def.type) {
    case 'record':
      walk(def.record, join(path, 'record'), visit)
      return
    case 'query':
    case 'procedure':
    case 'subscription': {
      if (def.parameters !== undefined) walkProperties(def.parameters, join(path, 'parameters'), visit)
      if (def.type === 'subscription') {
        if (def.message !== undefined) walk(def.message.schema, `${path}.message.schema`, visit)
        return
      }
      if (def.type === 'procedure' && def.input?.schema !== undefined)
        walk(def.input.schema, `${path}.input.schema`, visit)
      if (def.output?.schema !== undefined) walk(def.output.schema, `${path}.output.schema`, visit)
      return
    }
    case 'permission-set':
    case 'token':
      return
    case 'array':
      visit(def, path)
      walk(def.items, join(path, 'items'), visit)
      return
    case 'object':
      visit(def, path)
      walkProperties(def, path, visit)
      return
    default:
      visit(def, path)
  }
}

function walkProperties(
  owner: { readonly properties?: Readonly<Record<string, LexField>> },
  path: string,
  visit: (field: LexField, path: string) => void,
): void {
  for (const [name, field] of Object.entries(owner.properties ?? {}))
    walk(field, join(join(path, 'properties'), name), visit)
}
