import { isNsid } from '../protocol/syntax.ts'
import { findClashes } from './clash.ts'
import type { LexDef, LexDoc, LexField } from './document.ts'
import { findInhabited } from './inhabited.ts'
import { type Lexicons, parseRef, typeName } from './lexicons.ts'
import { join, type Problem, Problems } from './problem.ts'
import { walk } from './walk.ts'

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
  const { nsid, name } = parseRef(ref, doc.id)
  if (!isNsid(nsid) || name === '') {
    const fix = 'write `#name` for a definition of this document, an NSID, or an NSID with `#name`'
    problems.error(path, `${JSON.stringify(ref)} is no reference`, fix)
    return undefined
  }
  const owner = lexicons.get(nsid)
  if (owner === undefined)
    problems.error(
      path,
      `${ref} refers to ${nsid}, which is not installed`,
      `run \`lextap lexicon add ${nsid}\``,
    )
  else if (owner.passedOver?.includes(name) === true)
    problems.error(
      path,
      `${ref} is of a type lextap does not know, and was passed over`,
      'make the field `unknown`, or take it out',
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
