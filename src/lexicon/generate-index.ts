import { HEADER } from './header.ts'
import type { Lexicons } from './lexicons.ts'
import { camel, fileOf, importPath, namespaceName } from './names.ts'

/** A namespace that is re-exported, and the file it comes from. */
export type Child = readonly [name: string, path: string]

/** Where the NSID's segments lead: folders, and the lexicons in them. */
export interface Namespace {
  /** Set where a lexicon has exactly this NSID. */
  nsid: string | null
  readonly children: Map<string, Namespace>
}

/**
 * `index.ts` of every folder: `export * as bsky from './bsky/index.ts'`. A lexicon whose NSID is also a
 * namespace re-exports its children itself (see {@link childrenOf}).
 */
export function generateIndexes(lexicons: Lexicons): Map<string, string> {
  const files = new Map<string, string>()
  const visit = (node: Namespace, folder: string) => {
    const lines = childLines(node, folder, `${folder}index.ts`)
    if (node.nsid === null)
      files.set(
        `${folder}index.ts`,
        `${HEADER}\n\n${lines.join('\n')}${lines.length === 0 ? 'export {}' : ''}\n`,
      )
    for (const [segment, child] of node.children)
      if (child.children.size > 0) visit(child, `${folder}${segment}/`)
  }
  visit(treeOf(lexicons), '')
  return files
}

/** What lives below the NSID of a lexicon, for its own file to re-export. */
export function childrenOf(tree: Namespace, nsid: string): Child[] {
  const node = nsid.split('.').reduce<Namespace | undefined>((at, part) => at?.children.get(part), tree)
  return node === undefined ? [] : exportsOf(node, `${nsid.split('.').join('/')}/`, fileOf(nsid))
}

/** All NSIDs as a tree of segments. */
export function treeOf(lexicons: Lexicons): Namespace {
  const root: Namespace = { nsid: null, children: new Map() }
  for (const { doc } of lexicons.sources) {
    let node = root
    for (const part of doc.id.split('.')) {
      const next: Namespace = node.children.get(part) ?? { nsid: null, children: new Map() }
      node.children.set(part, next)
      node = next
    }
    node.nsid = doc.id
  }
  return root
}

const childLines = (node: Namespace, folder: string, from: string): string[] =>
  exportsOf(node, folder, from).map(([name, path]) => `export * as ${namespaceName(name)} from '${path}'`)

function exportsOf(node: Namespace, folder: string, from: string): Child[] {
  return [...node.children]
    .map(([segment, child]): Child => {
      const file = child.nsid === null ? `${folder}${segment}/index.ts` : fileOf(child.nsid)
      return [camel(segment), importPath(from, file)]
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
