import { isAbsolute, relative, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { type Change, compareDocuments } from './breaking.ts'
import { loadLexicons } from './codegen.ts'
import { cidOf } from './install.ts'
import { lintLexicons } from './lint.ts'
import { readManifest } from './manifest.ts'
import type { LexiconNetwork } from './network.ts'
import { type Problem, Problems } from './problem.ts'
import { readLexicons, type SourceDoc } from './read.ts'
import { checkShape } from './shape.ts'

export interface Folder {
  /** Folder of lexicon documents. */
  readonly lexicons: string
  /** The manifest, `lexicons.json`. */
  readonly manifest: string
}

/** One line of `lexicon list`. */
export interface ListedLexicon {
  readonly nsid: string
  /** Type of the main definition; `defs` when there is none; null when the document is missing. */
  readonly type: string | null
  /**
   * `installed` as it came from the network · `changed` by hand since · `own` not from the network · `missing` in the manifest,
   * but not in the folder.
   */
  readonly state: 'installed' | 'changed' | 'own' | 'missing'
  /** Asked for by name, rather than referred to. */
  readonly root: boolean
  readonly uri: string | null
  readonly cid: string | null
  readonly file: string | null
}

/** What is in the folder and in the manifest, sorted by NSID. */
export function listLexicons({ lexicons, manifest }: Folder): ListedLexicon[] {
  const { resolutions, lexicons: roots } = readManifest(manifest)
  const sources = new Map(
    readLexicons(lexicons, shown(lexicons)).sources.map((source) => [source.doc.id, source]),
  )
  const names = new Set([...sources.keys(), ...Object.keys(resolutions)])
  return [...names].sort().map((nsid) => {
    const source = sources.get(nsid)
    const from = resolutions[nsid]
    return {
      nsid,
      type: source === undefined ? null : (source.doc.defs.main?.type ?? 'defs'),
      state: stateOf(source, from?.cid),
      root: roots.includes(nsid),
      uri: from?.uri ?? null,
      cid: from?.cid ?? null,
      file: source?.file ?? null,
    }
  })
}

function stateOf(source: SourceDoc | undefined, cid: string | undefined): ListedLexicon['state'] {
  if (source === undefined) return 'missing'
  if (cid === undefined) return 'own'
  return cidOf(source.path) === cid ? 'installed' : 'changed'
}

export interface CheckResult {
  /** Errors and notes of the folder as it is. Errors also break `codegen`. */
  readonly problems: readonly Problem[]
  /**
   * Against the published versions: of installed lexicons what an update would bring, of your own (and changed) ones what
   * publishing would bring to others.
   */
  readonly changes: readonly (Change & { readonly by: 'update' | 'publishing' })[]
}

/** Lints the folder; with a network also compares it with what is published. Throws UserError or TemporaryError. */
export async function checkLexicons(
  folder: Folder,
  network: LexiconNetwork | null,
  signal?: AbortSignal,
): Promise<CheckResult> {
  const { lexicons, notes } = loadLexicons(folder.lexicons)
  const listed = listLexicons(folder)
  const own = new Set(
    listed.filter(({ state }) => state === 'own' || state === 'changed').map(({ nsid }) => nsid),
  )
  const problems = [...notes, ...lintLexicons(lexicons, own)]
  const changes: CheckResult['changes'][number][] = []
  for (const entry of network === null ? [] : listed) {
    const doc = lexicons.get(entry.nsid)
    if (doc === undefined) continue
    const published = await publishedOf(entry, network as LexiconNetwork, signal)
    if (published === null || (entry.state === 'installed' && published.cid === entry.cid)) continue
    const report = new Problems(published.uri)
    const theirs = checkShape(structuredClone(published.document), report)
    if (theirs === null) problems.push(...report.list)
    else if (entry.state === 'installed') changes.push(...by('update', compareDocuments(doc, theirs)))
    else changes.push(...by('publishing', compareDocuments(theirs, doc)))
  }
  return { problems, changes }
}

const by = (who: 'update' | 'publishing', changes: readonly Change[]) =>
  changes.map((change) => ({ ...change, by: who }))

/** Null when an own lexicon was never published: that is what most of them are. */
async function publishedOf(entry: ListedLexicon, network: LexiconNetwork, signal: AbortSignal | undefined) {
  try {
    const did = entry.uri?.split('/')[2] ?? (await network.authorityOf(entry.nsid, signal))
    return await network.fetch(did, entry.nsid, signal)
  } catch (error) {
    if (entry.state === 'own' && error instanceof UserError) return null
    throw error
  }
}

function shown(folder: string): string {
  const path = relative(process.cwd(), resolve(folder)) || '.'
  return path.startsWith('..') || isAbsolute(path) ? folder : path
}
