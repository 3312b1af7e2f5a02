import { isNsid } from '../protocol/syntax.ts'
import type { LexDoc } from './document.ts'
import { parseRef } from './lexicons.ts'
import { walk } from './walk.ts'

/** NSIDs of the other documents a document needs, the way `lex install` counts them. Sorted. */
export function referredDocuments(doc: LexDoc): { required: string[]; mentioned: string[] } {
  const required = new Set<string>()
  const mentioned = new Set<string>()
  for (const def of Object.values(doc.defs)) {
    walk(def, '', (field) => {
      for (const ref of field.type === 'ref' ? [field.ref] : field.type === 'union' ? field.refs : [])
        required.add(parseRef(ref, doc.id).nsid)
      // `com.example.defs#token` as a known value is most likely a token; nothing breaks without it.
      if (field.type === 'string') for (const value of field.knownValues ?? []) addToken(value, mentioned)
    })
    if (def.type === 'permission-set') for (const name of permitted(def)) mentioned.add(name)
  }
  required.delete(doc.id)
  mentioned.delete(doc.id)
  return {
    required: [...required].sort(),
    mentioned: [...mentioned].filter((name) => !required.has(name)).sort(),
  }
}

function addToken(value: string, names: Set<string>): void {
  const [nsid, name, ...rest] = value.split('#')
  if (nsid !== undefined && name !== undefined && name !== '' && rest.length === 0 && isNsid(nsid))
    names.add(nsid)
}

function permitted(set: object): string[] {
  const { permissions } = set as { permissions?: unknown }
  if (!Array.isArray(permissions)) return []
  return permissions
    .flatMap((permission: { resource?: unknown; lxm?: unknown; collection?: unknown } | null) =>
      permission?.resource === 'rpc'
        ? permission.lxm
        : permission?.resource === 'repo'
          ? permission.collection
          : [],
    )
    .filter((name): name is string => typeof name === 'string' && isNsid(name))
}
