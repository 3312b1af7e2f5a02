import { relative } from 'node:path/posix'

/** The TypeScript names and files things get. Everything here is a pure function of the NSID. */

/** `fooBar` from `foo-bar`; what is no identifier even then does not pass the checks. */
export function camel(text: string): string {
  return text.replace(/[-_]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')
}

export function pascal(text: string): string {
  const name = camel(text)
  return name.charAt(0).toUpperCase() + name.slice(1)
}

/** Words that cannot name a constant, and `l`, the import. Exported under their own name all the same. */
const RESERVED = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected ' +
    'public return static super switch this throw true try typeof var void while with yield arguments eval ' +
    'undefined NaN Infinity async of l'
  ).split(' '),
)

/** A namespace as it stands in `export * as …`: segments may begin with a digit (`cn.8.lex.stuff`). */
export const namespaceName = (name: string): string => (/^\d/.test(name) ? quote(name) : name)

/** The constant of a definition in its own file. */
export const valueName = (name: string): string =>
  RESERVED.has(camel(name)) ? `${camel(name)}_` : camel(name)

/** The constant of a token in its own file, where it must not hide a global the checks call. */
export const tokenName = (type: string): string => (/^(?:Array|Number)$/.test(type) ? `${type}_` : type)

/** The name it is exported by. */
export const exportName = (name: string): string => camel(name)

/** The type of a definition. */
export const defTypeName = (name: string): string => pascal(name)

/** The check of a definition. Definitions cannot start with `$`, so it never clashes. */
export const checkName = (name: string): string => `$check${pascal(name)}`

/** Puts the defaults of a definition in. */
export const fillName = (name: string): string => `$fill${pascal(name)}`

/** The folder-relative file of a document: `app/bsky/feed/post.ts`. `index` would be a namespace's own file. */
export function fileOf(nsid: string): string {
  const parts = nsid.split('.')
  const last = parts.at(-1) as string
  return [...parts.slice(0, -1), last === 'index' ? 'index_' : last].join('/').concat('.ts')
}

/** How one generated file imports another: with its extension, so that it runs without a build. */
export function importPath(from: string, to: string): string {
  const path = relative(from.includes('/') ? from.slice(0, from.lastIndexOf('/')) : '.', to)
  return path.startsWith('.') ? path : `./${path}`
}

/** The last two segments name an import well: `FeedPost`. The whole NSID when that is taken. */
export function importNames(nsids: readonly string[], taken: ReadonlySet<string>): Map<string, string> {
  const names = new Map<string, string>()
  const used = new Set(taken)
  const short = (nsid: string) => nsid.split('.').slice(-2).map(pascal).join('')
  const counts = new Map<string, number>()
  for (const nsid of nsids) counts.set(short(nsid), (counts.get(short(nsid)) ?? 0) + 1)
  for (const nsid of nsids) {
    const full = nsid.split('.').map(pascal).join('')
    // A segment may begin with a digit, the first one cannot.
    const isFree = counts.get(short(nsid)) === 1 && !used.has(short(nsid)) && !/^\d/.test(short(nsid))
    let name = isFree ? short(nsid) : full
    while (used.has(name)) name += '_'
    used.add(name)
    names.set(nsid, name)
  }
  return names
}

/** A property name as it stands in a type or an object. */
export const propertyKey = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name))

/** A string literal in single quotes. */
export function quote(text: string): string {
  const json = JSON.stringify(text.toWellFormed()).slice(1, -1)
  // The two line separators are fine in string literals since ES2019, but editors warn of them.
  return `'${json
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replace(/[\u2028\u2029]/g, (c) => (c === '\u2028' ? '\\u2028' : '\\u2029'))}'`
}
