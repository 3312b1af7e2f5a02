import type { LexDoc } from './document.ts'
import type { Lexicons } from './lexicons.ts'
import { camel, fileOf, pascal } from './names.ts'
import { join, type Problem, Problems } from './problem.ts'

/** Names that would meet in the output: of definitions, of files (on any file system), of namespaces. */
export function findClashes(lexicons: Lexicons): Problem[] {
  const all: Problem[] = []
  const files = new Map<string, string>()
  const spaces = new Map<string, string>()
  const children = childrenOf(lexicons)
  for (const { doc, file } of lexicons.sources) {
    const problems = new Problems(file)
    checkTypeNames(doc, problems)
    checkChildren(doc, children, problems)
    const path = fileOf(doc.id).toLowerCase()
    const other = files.get(path)
    files.set(path, file)
    if (other === undefined) checkNamespaces(doc, spaces, problems)
    else
      problems.error(
        'id',
        `${doc.id} is also defined in ${other}, or differs from it in case alone`,
        'keep one of the two',
      )
    all.push(...problems.list)
  }
  return all
}

/** Two definitions of one document whose TypeScript names are the same. */
function checkTypeNames(doc: LexDoc, problems: Problems): void {
  const seen = new Map<string, string>()
  for (const name of Object.keys(doc.defs)) {
    const other = seen.get(pascal(name))
    seen.set(pascal(name), name)
    if (other === undefined) continue
    const message = `${name} and ${other} would both become the type ${pascal(name)}`
    problems.error(join('defs', name), message, 'rename one of them')
  }
}

/** Segments of two NSIDs that become one name, or one folder where file systems ignore case. */
function checkNamespaces(doc: LexDoc, spaces: Map<string, string>, problems: Problems): void {
  const segments = doc.id.split('.')
  for (let length = 1; length <= segments.length; length++) {
    const space = segments.slice(0, length).join('.')
    const key = segments.slice(0, length).map(camel).join('.').toLowerCase()
    const taken = spaces.get(key) ?? space
    spaces.set(key, taken)
    if (taken === space) continue
    problems.error(
      'id',
      `${space} and ${taken} would both become the namespace ${camel(taken)}`,
      'rename one of them',
    )
    return
  }
}

/** NSID → names that lexicons below it give its namespace, with one lexicon each. */
function childrenOf(lexicons: Lexicons): Map<string, Map<string, string>> {
  const children = new Map<string, Map<string, string>>()
  for (const { doc } of lexicons.sources) {
    const segments = doc.id.split('.')
    for (let length = 3; length < segments.length; length++) {
      const parent = segments.slice(0, length).join('.')
      const names = children.get(parent) ?? new Map<string, string>()
      names.set(camel(segments[length] as string), doc.id)
      children.set(parent, names)
    }
  }
  return children
}

/** A lexicon that is a namespace too holds its definitions and what lives below it. */
function checkChildren(doc: LexDoc, children: Map<string, Map<string, string>>, problems: Problems): void {
  const below = children.get(doc.id)
  if (below === undefined) return
  for (const name of Object.keys(doc.defs))
    for (const exported of new Set([camel(name), pascal(name)])) {
      const child = below.get(exported)
      if (child === undefined) continue
      const message = `the definition ${name} and the lexicon ${child} would get the same name`
      problems.error(join('defs', name), message, 'rename one of them')
    }
}
