import { isUtf8 } from 'node:buffer'
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { UserError } from '../errors.ts'
import { type LexiconText, readLexiconText } from '../protocol/lexicon-text.ts'
import type { LexDoc } from './document.ts'
import { type Problem, Problems } from './problem.ts'
import { checkShape } from './shape.ts'

/** A lexicon document and the file it was read from. */
export interface SourceDoc {
  readonly doc: LexDoc
  /** As printed: the folder as given, and the path in it, with slashes. */
  readonly file: string
  /** Absolute, or relative to the working directory. */
  readonly path: string
  /** Names its content (see `protocol/lexicon-text.ts`); empty when it was not read from the folder. */
  readonly fingerprint: string
}

export interface ReadResult {
  /** Sorted by NSID. */
  readonly sources: readonly SourceDoc[]
  readonly problems: readonly Problem[]
}

/** A document larger than this is no lexicon; the largest of the public ones has 60 kB. */
const MAX_FILE_BYTES = 5_000_000

/** Reads and checks every `*.json` below `folder`. Throws UserError when the folder cannot be read. */
export function readLexicons(folder: string, shown: string = folder): ReadResult {
  const files = listJson(folder)
  const sources: SourceDoc[] = []
  const problems: Problem[] = []
  for (const path of files) {
    const file = `${shown}/${relative(folder, path).split(sep).join('/')}`
    const report = new Problems(file)
    const read = readDocument(path, report)
    if (read !== null) {
      checkPath(read.doc.id, relative(folder, path), report)
      sources.push({ ...read, file, path })
    }
    problems.push(...report.list)
  }
  sources.sort((a, b) => (a.doc.id < b.doc.id ? -1 : 1))
  return { sources, problems }
}

function listJson(folder: string): string[] {
  try {
    return [...jsonFiles(folder, new Set())].sort()
  } catch (cause) {
    throw new UserError(
      `lexicon folder cannot be read; folder=${folder}; create it, or set \`lexicons\` in tap.config.ts`,
      { code: 'lexicons-missing', cause },
    )
  }
}

/** Follows links, but reads no folder twice: one may hold a link to itself. Links to nothing are locks of editors. */
function* jsonFiles(folder: string, seen: Set<string>): Generator<string> {
  const real = realpathSync(folder)
  if (seen.has(real)) return
  seen.add(real)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) {
      if (name !== 'node_modules') yield* jsonFiles(path, seen)
    }
    if (stat?.isFile() === true && name.endsWith('.json')) yield path
  }
}

function readDocument(path: string, report: Problems): Pick<SourceDoc, 'doc' | 'fingerprint'> | null {
  let text: string
  try {
    if (statSync(path).size > MAX_FILE_BYTES) {
      report.error('', `larger than ${MAX_FILE_BYTES} bytes`, 'move what is no lexicon out of the folder')
      return null
    }
    const bytes = readFileSync(path)
    if (!isUtf8(bytes)) {
      report.error('', 'not UTF-8', 'save the file as UTF-8, as JSON has to be')
      return null
    }
    text = bytes.toString('utf8')
  } catch (error) {
    report.error('', `cannot be read: ${String(error)}`, 'check the rights of the file')
    return null
  }
  let read: LexiconText
  try {
    read = readLexiconText(text)
  } catch (error) {
    report.error(
      '',
      `not JSON: ${(error as Error).message}`,
      'correct the file, or move it out of the folder',
    )
    return null
  }
  const doc = checkShape(read.json, report)
  return doc === null ? null : { doc, fingerprint: read.fingerprint }
}

/**
 * The path says the NSID too: `app/bsky/feed/post.json`, `app.bsky.feed.post.json`, or as short as `post.json`.
 * Whatever it says must be the end of the id, or one of the two is a mistake.
 */
function checkPath(nsid: string, path: string, report: Problems): void {
  const said = path
    .split(sep)
    .join('/')
    .replace(/\.json$/, '')
    .replaceAll('/', '.')
  if (nsid === said || nsid.endsWith(`.${said}`) || said.endsWith(`.${nsid}`)) return
  report.error(
    'id',
    `the file's path says ${said}, the document says ${nsid}`,
    `move the file to ${nsid.replaceAll('.', '/')}.json, or correct the id`,
  )
}
