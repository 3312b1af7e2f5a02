import type { LexDef, LexDoc } from './document.ts'
import type { SourceDoc } from './read.ts'

/** A definition and where it stands. */
export interface Target {
  readonly doc: LexDoc
  readonly name: string
  readonly def: LexDef
}

/** A reference taken apart. `raw` documents may write `#name`, `nsid`, `nsid#name`, each with `lex:` in front. */
export interface Reference {
  readonly nsid: string
  readonly name: string
}

/** The documents of a project, with references resolved among them. */
export class Lexicons {
  /** Sorted by NSID. */
  readonly sources: readonly SourceDoc[]
  readonly #byId: Map<string, SourceDoc>

  constructor(sources: readonly SourceDoc[]) {
    this.sources = sources
    this.#byId = new Map(sources.map((source) => [source.doc.id, source]))
  }

  get(nsid: string): LexDoc | undefined {
    return this.#byId.get(nsid)?.doc
  }

  fileOf(nsid: string): string {
    return this.#byId.get(nsid)?.file ?? nsid
  }

  /** The definition a reference in document `from` names, undefined when there is none. */
  resolve(ref: string, from: string): Target | undefined {
    const { nsid, name } = parseRef(ref, from)
    const doc = this.get(nsid)
    if (doc === undefined || !Object.hasOwn(doc.defs, name)) return undefined
    return { doc, name, def: doc.defs[name] as LexDef }
  }

  /** Record documents, sorted by NSID. */
  records(): LexDoc[] {
    return this.sources.map((source) => source.doc).filter((doc) => doc.defs.main?.type === 'record')
  }
}

export function parseRef(ref: string, from: string): Reference {
  const plain = ref.startsWith('lex:') ? ref.slice(4) : ref
  const hash = plain.indexOf('#')
  if (hash === -1) return { nsid: plain, name: 'main' }
  return { nsid: hash === 0 ? from : plain.slice(0, hash), name: plain.slice(hash + 1) }
}

/** What `$type` says of a definition: the NSID alone for `main`. */
export const typeName = (nsid: string, name: string): string => (name === 'main' ? nsid : `${nsid}#${name}`)
