import type { LexDef, LexDoc, LexField } from './document.ts'
import { type Lexicons, parseRef, type Target, typeName } from './lexicons.ts'
import { camel, checkName, defTypeName, fileOf, fillName, importNames, importPath } from './names.ts'
import type { Recursion } from './recursion.ts'
import { walk } from './walk.ts'

/**
 * What the code of one document can see: its own definitions by their names, those of other documents through
 * imports. Remembers which imports were used, and whether as types alone.
 */
export class Scope {
  readonly doc: LexDoc
  readonly lexicons: Lexicons
  readonly recursion: Recursion
  readonly #names: Map<string, string>
  readonly #used = new Map<string, 'type' | 'value'>()

  constructor(doc: LexDoc, lexicons: Lexicons, recursion: Recursion) {
    this.doc = doc
    this.lexicons = lexicons
    this.recursion = recursion
    const local = new Set([
      ...['l', 'Array', 'Number', 'Uint8Array'],
      ...Object.keys(doc.defs).flatMap((name) => [defTypeName(name), name]),
    ])
    this.#names = importNames([...referred(doc)].sort(), local)
  }

  /** A global as this document's code has to name it, since a definition may be called the same. */
  global(name: 'Array' | 'Number' | 'Uint8Array'): string {
    const isHidden = Object.entries(this.doc.defs).some(([own, { type }]) =>
      name === 'Uint8Array' ? defTypeName(own) === name : type === 'object' && camel(own) === name,
    )
    return isHidden ? `globalThis.${name}` : name
  }

  resolve(ref: string): Target | undefined {
    return this.lexicons.resolve(ref, this.doc.id)
  }

  /** The type a reference stands for. */
  typeOf({ doc, name }: Target): string {
    return this.#qualified(doc.id, defTypeName(name), 'type')
  }

  checkOf({ doc, name }: Target): string {
    return this.#qualified(doc.id, checkName(name), 'value')
  }

  fillOf({ doc, name }: Target): string {
    return this.#qualified(doc.id, fillName(name), 'value')
  }

  #qualified(nsid: string, name: string, use: 'type' | 'value'): string {
    if (nsid === this.doc.id) return name
    if (this.#used.get(nsid) !== 'value') this.#used.set(nsid, use)
    return `${this.#names.get(nsid)}.${name}`
  }

  /** The imports that were used so far, sorted by path. */
  imports(): string[] {
    const from = fileOf(this.doc.id)
    return [...this.#used]
      .map(([nsid, use]): [string, string] => {
        const path = importPath(from, fileOf(nsid))
        return [path, `import ${use === 'type' ? 'type ' : ''}* as ${this.#names.get(nsid)} from '${path}'`]
      })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, line]) => line)
  }

  /** Extra arguments of a call from definition `from` to `to`: cyclic ones count their depth. */
  depthArgument(from: string, to: Target): string {
    const target = typeName(to.doc.id, to.name)
    if (!this.recursion.isCyclic(target)) return ''
    return this.recursion.isSameCycle(from, target) ? ', depth + 1' : ', 0'
  }
}

function referred(doc: LexDoc): Set<string> {
  const nsids = new Set<string>()
  const visit = (field: LexDef | LexField) => {
    const refs = field.type === 'ref' ? [field.ref] : field.type === 'union' ? field.refs : []
    for (const ref of refs) {
      const { nsid } = parseRef(ref, doc.id)
      if (nsid !== doc.id) nsids.add(nsid)
    }
  }
  for (const def of Object.values(doc.defs)) walk(def, '', visit)
  return nsids
}
