import { UserError } from '../errors.ts'
import { isAtUri, isCidString, isNsid } from '../protocol/syntax.ts'
import { read } from './output.ts'

/** `lexicons.json`, as `lex install` of `@atproto/lex` reads and writes it. */
export interface Manifest {
  readonly version: 1
  /** What was asked for; the rest is what those refer to. Sorted. */
  readonly lexicons: readonly string[]
  /** Where each one is from. Sorted. */
  readonly resolutions: Readonly<Record<string, { readonly uri: string; readonly cid: string }>>
}

export const EMPTY_MANIFEST: Manifest = { version: 1, lexicons: [], resolutions: {} }

/** The manifest, or an empty one when there is none. Throws UserError when it is none of ours. */
export function readManifest(path: string): Manifest {
  const text = read(path)
  if (text === null) return EMPTY_MANIFEST
  const wrong = (what: string, cause?: unknown) =>
    new UserError(
      `not a lexicon manifest: ${what}; file=${path}; correct it, or delete it and add the lexicons again`,
      {
        code: 'lexicon-manifest',
        cause,
      },
    )
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw wrong((cause as Error).message, cause)
  }
  if (!isMap(json) || json.version !== 1) throw wrong('the version must be 1')
  const { lexicons, resolutions } = json
  if (!Array.isArray(lexicons) || !lexicons.every((name) => typeof name === 'string' && isNsid(name)))
    throw wrong('`lexicons` must be a list of NSIDs')
  if (!isMap(resolutions)) throw wrong('`resolutions` must be an object')
  for (const [nsid, entry] of Object.entries(resolutions))
    if (
      !isNsid(nsid) ||
      !isMap(entry) ||
      typeof entry.uri !== 'string' ||
      !isAtUri(entry.uri) ||
      typeof entry.cid !== 'string' ||
      !isCidString(entry.cid)
    )
      throw wrong(`\`resolutions\` must have a uri and a cid for ${nsid}`)
  return json as unknown as Manifest
}

/** The text of a manifest: sorted, so that it is the same whatever the order of things. */
export function printManifest({ lexicons, resolutions }: Manifest): string {
  const entries = Object.entries(resolutions).sort(([a], [b]) => (a < b ? -1 : 1))
  const sorted: Manifest = {
    version: 1,
    lexicons: [...new Set(lexicons)].sort(),
    resolutions: Object.fromEntries(entries.map(([nsid, { uri, cid }]) => [nsid, { uri, cid }])),
  }
  return `${JSON.stringify(sorted, null, 2)}\n`
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
