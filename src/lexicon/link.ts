import { findClashes } from './clash.ts'
import type { LexDef, LexDoc, LexField, LexObject } from './document.ts'
import { type Lexicons, parseRef, typeName } from './lexicons.ts'
import { join, type Problem, Problems } from './problem.ts'

/** Checks what documents say about each other: references, names that clash, definitions nothing can satisfy. */
export function checkLinks(lexicons: Lexicons): Problem[] {
  const all: Problem[] = findClashes(lexicons)
  const inhabited = findInhabited(lexicons)
  for (const { doc, file } of lexicons.sources) {
    const problems = new Problems(file)
    for (const [name, def] of Object.entries(doc.defs)) {
      const path = join('defs', name)
      walk(def, path, (field, at) => checkRefs(lexicons, doc, field, at, problems))
      if (!inhabited.has(typeName(doc.id, name)))
        problems.error(
          path,
          `nothing can ever satisfy ${typeName(doc.id, name)}: it requires itself without an exit`,
          'make one reference of the cycle optional, nullable or an array',
        )
    }
    all.push(...problems.list)
  }
  return all
}

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

function checkRefs(lexicons: Lexicons, doc: LexDoc, field: LexField, path: string, problems: Problems): void {
  if (field.type === 'ref') {
    const target = resolve(lexicons, doc, field.ref, join(path, 'ref'), problems)
    if (target !== undefined && !isReferable(target))
      problems.error(
        join(path, 'ref'),
        `${field.ref} is a ${target.type}, which is no value`,
        'refer to an object or a record',
      )
  } else if (field.type === 'union')
    for (const [i, ref] of field.refs.entries()) {
      const at = join(join(path, 'refs'), i)
      const target = resolve(lexicons, doc, ref, at, problems)
      if (target !== undefined && target.type !== 'object' && target.type !== 'record')
        problems.error(
          at,
          `${ref} is a ${target.type}; members of unions carry a $type`,
          'refer to an object or a record',
        )
    }
}

function resolve(
  lexicons: Lexicons,
  doc: LexDoc,
  ref: string,
  path: string,
  problems: Problems,
): LexDef | undefined {
  const target = lexicons.resolve(ref, doc.id)
  if (target !== undefined) return target.def
  const { nsid } = parseRef(ref, doc.id)
  const owner = lexicons.get(nsid)
  if (owner === undefined)
    problems.error(
      path,
      `${ref} refers to ${nsid}, which is not installed`,
      `run \`lextap lexicon add ${nsid}\``,
    )
  else
    problems.error(
      path,
      `${ref} refers to a definition that ${nsid} does not have`,
      `it has ${Object.keys(owner.defs).join(', ') || 'none'}`,
    )
  return undefined
}

const isReferable = (def: LexDef): boolean =>
  !['query', 'procedure', 'subscription', 'permission-set'].includes(def.type)

/**
 * Definitions that some finite value satisfies, by fixpoint: a definition whose every value contains another
 * value of it is a mistake the generator would otherwise turn into a type nobody can build.
 */
function findInhabited(lexicons: Lexicons): Set<string> {
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
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const { doc } of lexicons.sources)
      for (const [name, def] of Object.entries(doc.defs))
        if (possible(def, doc.id)) found.add(typeName(doc.id, name))
  }
  return found
}
