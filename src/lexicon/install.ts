import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { UserError } from '../errors.ts'
import { encode } from '../protocol/cbor.ts'
import { cidForBlock, cidToString } from '../protocol/cid.ts'
import { isNsid } from '../protocol/syntax.ts'
import { type Change, compareDocuments } from './breaking.ts'
import { LexiconError } from './codegen.ts'
import type { LexDoc } from './document.ts'
import { referredDocuments } from './document-refs.ts'
import { Lexicons } from './lexicons.ts'
import { checkLinks } from './link.ts'
import { type Manifest, printManifest, readManifest } from './manifest.ts'
import { type LexiconNetwork, type Published, SCHEMA_COLLECTION } from './network.ts'
import { isError, type Problem, Problems } from './problem.ts'
import { readLexicons, type SourceDoc } from './read.ts'
import { checkShape } from './shape.ts'

export interface InstallOptions {
  /** Folder of lexicon documents; made when it is not there. */
  readonly lexicons: string
  /** The manifest, `lexicons.json`. */
  readonly manifest: string
  readonly network: LexiconNetwork
  /** Overwrite documents that were changed by hand. Default false. */
  readonly force?: boolean
  readonly signal?: AbortSignal
}

export interface InstallResult {
  /** NSIDs, sorted. */
  readonly added: readonly string[]
  readonly updated: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: readonly string[]
  /** What is different in the updated documents. */
  readonly changes: readonly Change[]
  readonly notes: readonly Problem[]
}

/** More than any application needs; a chain of references without end stops here. */
const MAX_DOCUMENTS = 2000
const AT_ONCE = 8

/**
 * Installs lexicons by NSID or `at://` URI, with all they refer to, and writes them down in the manifest. Everything is
 * fetched and checked before the first file is written. Throws UserError or TemporaryError.
 */
export async function addLexicons(names: readonly string[], options: InstallOptions): Promise<InstallResult> {
  const manifest = readManifest(options.manifest)
  const roots = new Map(manifest.lexicons.map((nsid) => [nsid, manifest.resolutions[nsid]?.uri ?? null]))
  for (const name of names) roots.set(...parseName(name))
  return new Installation(options, manifest, false).run(roots)
}

/** Fetches what is installed again; only the named ones and what they refer to, when there are names. */
export async function updateLexicons(
  names: readonly string[],
  options: InstallOptions,
): Promise<InstallResult> {
  const manifest = readManifest(options.manifest)
  for (const name of names)
    if (manifest.resolutions[name] === undefined)
      throw new UserError(
        `${name} is not installed from the network; installed: ${Object.keys(manifest.resolutions).join(', ') || 'none'}; add it: lextap lexicon add ${name}`,
      )
  const roots = new Map(manifest.lexicons.map((nsid) => [nsid, manifest.resolutions[nsid]?.uri ?? null]))
  return new Installation(options, manifest, names.length === 0 ? true : new Set(names)).run(roots)
}

function parseName(name: string): [nsid: string, uri: string | null] {
  if (isNsid(name)) return [name, null]
  const match = /^at:\/\/(did:[^/]+)\/([^/]+)\/([^/]+)$/.exec(name)
  if (match !== null && match[2] === SCHEMA_COLLECTION && isNsid(match[3] ?? ''))
    return [match[3] as string, name]
  throw new UserError(
    `not the name of a lexicon: ${name}; give an NSID (app.bsky.feed.post) or the URI of its record (at://did:…/${SCHEMA_COLLECTION}/app.bsky.feed.post)`,
  )
}

interface Item {
  readonly doc: LexDoc
  readonly uri: string
  readonly cid: string
  /** Set when it came from the network now. */
  readonly published: Published | null
}

class Installation {
  readonly #options: InstallOptions
  readonly #manifest: Manifest
  /** Which documents to fetch although they are here. */
  readonly #refresh: boolean | ReadonlySet<string>
  readonly #local: Map<string, SourceDoc>
  readonly #items = new Map<string, Item>()
  readonly #notes: Problem[] = []

  constructor(options: InstallOptions, manifest: Manifest, refresh: boolean | ReadonlySet<string>) {
    this.#options = options
    this.#manifest = manifest
    this.#refresh = refresh
    mkdirSync(options.lexicons, { recursive: true })
    const { sources } = readLexicons(options.lexicons)
    this.#local = new Map(sources.map((source) => [source.doc.id, source]))
  }

  async run(roots: ReadonlyMap<string, string | null>): Promise<InstallResult> {
    let wanted: [nsid: string, uri: string | null, required: boolean][] = [...roots].map(([nsid, uri]) => [
      nsid,
      uri,
      true,
    ])
    while (wanted.length > 0) {
      for (let i = 0; i < wanted.length; i += AT_ONCE)
        await Promise.all(
          wanted.slice(i, i + AT_ONCE).map((want) => this.#install(...want, roots.has(want[0]))),
        )
      wanted = this.#missing()
      if (this.#items.size > MAX_DOCUMENTS)
        throw new UserError(
          `more than ${MAX_DOCUMENTS} documents refer to each other; is one of them hostile?`,
        )
    }
    this.#check()
    return this.#write([...roots.keys()])
  }

  /** What the documents so far refer to and is not here. Own documents are left as they are. */
  #missing(): [string, string | null, boolean][] {
    const missing = new Map<string, boolean>()
    for (const { doc } of this.#items.values()) {
      const { required, mentioned } = referredDocuments(doc)
      for (const nsid of mentioned) missing.set(nsid, missing.get(nsid) ?? false)
      for (const nsid of required) {
        missing.set(nsid, true)
        if (!this.#referrers.has(nsid)) this.#referrers.set(nsid, doc.id)
      }
    }
    return [...missing]
      .filter(([nsid]) => !this.#items.has(nsid) && !this.#skipped.has(nsid) && !this.#isOwn(nsid))
      .map(([nsid, required]) => [nsid, this.#manifest.resolutions[nsid]?.uri ?? null, required])
  }

  readonly #skipped = new Set<string>()
  /** Who refers to a document that has to be fetched, the first one found. */
  readonly #referrers = new Map<string, string>()

  /** A document that is here and did not come from the network. */
  #isOwn(nsid: string): boolean {
    return this.#local.has(nsid) && this.#manifest.resolutions[nsid] === undefined
  }

  async #install(nsid: string, uri: string | null, required: boolean, isRoot: boolean): Promise<void> {
    const local = this.#local.get(nsid)
    const known = this.#manifest.resolutions[nsid]
    const refresh = this.#refresh === true || (this.#refresh !== false && this.#refresh.has(nsid))
    if (local !== undefined && known !== undefined && !refresh && (uri === null || uri === known.uri)) {
      this.#items.set(nsid, { doc: local.doc, ...known, published: null })
      return
    }
    try {
      const { network, signal } = this.#options
      const did = uri === null ? await network.authorityOf(nsid, signal) : (uri.split('/')[2] as string)
      const published = await network.fetch(did, nsid, signal)
      this.#items.set(nsid, {
        doc: this.#checked(nsid, published),
        uri: published.uri,
        cid: published.cid,
        published,
      })
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof LexiconError) throw error
      const referrer = this.#referrers.get(nsid)
      if (isRoot || (required && referrer === undefined)) throw error
      if (required)
        throw new UserError(`${error.message}; ${referrer} refers to it`, { code: error.code, cause: error })
      // Only mentioned, as a known value or a permission: nothing needs it.
      this.#skipped.add(nsid)
      const note = new Problems(nsid)
      note.note('', `mentioned, but not to be had: ${error.message}`, 'nothing, unless you need it')
      this.#notes.push(...note.list)
    }
  }

  #checked(nsid: string, { document, uri }: Published): LexDoc {
    const problems = new Problems(uri)
    const doc = checkShape(structuredClone(document), problems)
    if (doc !== null && doc.id !== nsid)
      problems.error('id', `the record is called ${nsid}, the document ${doc.id}`, 'tell its author')
    if (doc === null || problems.list.some(isError)) throw new LexiconError(problems.list)
    return doc
  }

  /** The folder as it would be, as a whole: nothing may be left dangling by what is new. */
  #check(): void {
    const sources = new Map<string, SourceDoc>(this.#local)
    for (const [nsid, { doc, uri }] of this.#items)
      sources.set(nsid, { doc, file: uri, path: '', fingerprint: '' })
    const uris = new Set([...this.#items.values()].map(({ uri }) => uri))
    const sorted = [...sources.values()].sort((a, b) => (a.doc.id < b.doc.id ? -1 : 1))
    const problems = checkLinks(new Lexicons(sorted)).filter(({ file }) => uris.has(file))
    if (problems.some(isError)) throw new LexiconError(problems)
  }

  #write(roots: readonly string[]): InstallResult {
    const result = {
      added: [] as string[],
      updated: [] as string[],
      unchanged: [] as string[],
      changes: [] as Change[],
    }
    const writes: [path: string, text: string][] = []
    for (const [nsid, item] of [...this.#items].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const local = this.#local.get(nsid)
      if (local === undefined) result.added.push(nsid)
      else if (item.published === null || cidOf(local.path) === item.cid) {
        result.unchanged.push(nsid)
        continue
      } else {
        this.#refuseOverwriting(local, item)
        result.updated.push(nsid)
        result.changes.push(...compareDocuments(local.doc, item.doc))
      }
      const path = local?.path ?? join(this.#options.lexicons, `${nsid.replaceAll('.', '/')}.json`)
      if (local === undefined) this.#refuseInTheWay(path, item)
      writes.push([path, `${JSON.stringify(item.published?.document, null, 2)}\n`])
    }
    const removed = Object.keys(this.#manifest.resolutions).filter(
      (nsid) => !this.#items.has(nsid) && !this.#skipped.has(nsid),
    )
    for (const [path, text] of writes) replaceFile(path, text)
    for (const nsid of removed) this.#remove(nsid)
    const resolutions = Object.fromEntries(
      [...this.#items].map(([nsid, { uri, cid }]) => [nsid, { uri, cid }]),
    )
    replaceFile(this.#options.manifest, printManifest({ version: 1, lexicons: roots, resolutions }))
    return { ...result, removed: removed.sort(), notes: this.#notes }
  }

  /** A document changed by hand, or one of your own, is worth more than what the network has. */
  #refuseOverwriting(local: SourceDoc, item: Item): void {
    const known = this.#manifest.resolutions[local.doc.id]
    if (this.#options.force === true || (known !== undefined && cidOf(local.path) === known.cid)) return
    const shown = relative(process.cwd(), local.path)
    throw new UserError(
      `${shown} differs from what ${known === undefined ? 'is published' : 'was installed'}; move it away, or overwrite it with --force; uri=${item.uri}`,
      { code: 'lexicon-changed' },
    )
  }

  /** What stands in a new document's place and was not read as that document: broken, or another one. */
  #refuseInTheWay(path: string, item: Item): void {
    const stat = existsSync(path) ? statSync(path) : undefined
    const isFile = stat?.isFile() === true
    if (stat === undefined ? isFolderFree(dirname(path)) : isFile && this.#options.force === true) return
    const [shown, fix] = [relative(process.cwd(), path), isFile ? ', or overwrite it with --force' : '']
    const what = isFile ? 'is no lexicon of that name' : 'cannot be written'
    throw new UserError(
      `${shown} ${what}, and ${item.doc.id} belongs there; move away what is in the way${fix}; uri=${item.uri}`,
      { code: 'lexicon-changed' },
    )
  }

  /** What nothing refers to any more goes, unless it was changed by hand. */
  #remove(nsid: string): void {
    const local = this.#local.get(nsid)
    if (local !== undefined && cidOf(local.path) === this.#manifest.resolutions[nsid]?.cid) rmSync(local.path)
  }
}

/** The CID the document on disk would have as a record; null when it could be none. */
export function cidOf(path: string): string | null {
  try {
    return cidToString(cidForBlock(encode(JSON.parse(readFileSync(path, 'utf8')))))
  } catch {
    return null
  }
}

/** False when a file stands where one of the folders belongs. */
function isFolderFree(folder: string): boolean {
  return existsSync(folder) ? statSync(folder).isDirectory() : isFolderFree(dirname(folder))
}

function replaceFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}
