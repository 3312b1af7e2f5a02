import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { UserError } from '../errors.ts'
import { unifiedDiff } from './diff.ts'
import { migrationsFingerprint } from './fingerprint.ts'
import { generateDatabase } from './generate-database.ts'
import { generateHandlers } from './generate-handlers.ts'
import { childrenOf, generateIndexes, treeOf } from './generate-index.ts'
import { generateLexiconList } from './generate-lexicons.ts'
import { generateModule } from './generate-module.ts'
import { introspect } from './introspect.ts'
import { Lexicons } from './lexicons.ts'
import { checkLinks } from './link.ts'
import { fileOf } from './names.ts'
import { apply, compare, read } from './output.ts'
import { isError, type Problem, printProblems } from './problem.ts'
import { readLexicons } from './read.ts'
import { Recursion } from './recursion.ts'

export interface CodegenOptions {
  /** Folder of lexicon documents. */
  readonly lexicons: string
  /** Folder to write to. */
  readonly generated: string
  /** Folder of the user's migrations; null when there are none. */
  readonly migrations: string | null
  /** URL of the database, for the types its columns have. Default SQLite. */
  readonly database?: string
  /** Address of a module whose `importUserModule` loads migrations. Default: Node's own `import`. */
  readonly importer?: string
  /** Only tell what would change. Default false. */
  readonly check?: boolean
}

export interface CodegenResult {
  /** Paths below `generated`, sorted. */
  readonly written: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: number
  /** Lexicon documents read. */
  readonly documents: number
  /** Record lexicons among them. */
  readonly records: number
  /** What was passed over. Errors throw {@link LexiconError} instead. */
  readonly notes: readonly Problem[]
  readonly ms: number
  /** With `check`: a unified diff of what would change, empty when nothing would. */
  readonly diff: string
}

/** The lexicons cannot be used as they are. Nothing was written. */
export class LexiconError extends UserError {
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(`the lexicons have errors\n${printProblems(problems)}`, { code: 'lexicon' })
    this.problems = problems
  }
}

/** Reads lexicons and migrations, writes types, validators and handler signatures. Throws UserError. */
export async function runCodegen(options: CodegenOptions): Promise<CodegenResult> {
  const start = performance.now()
  const { lexicons, notes } = loadLexicons(options.lexicons)
  const files = generateLexicons(lexicons)
  files.set('database.ts', await databaseFile(options))
  const changes = compare(options.generated, files)
  const diff = options.check === true ? diffOf(options.generated, files, changes) : ''
  if (options.check !== true) apply(options.generated, files, changes)
  return {
    ...changes,
    documents: lexicons.sources.length,
    records: lexicons.records().length,
    notes,
    diff,
    ms: performance.now() - start,
  }
}

/** The checked documents of a folder. Throws {@link LexiconError} when any of them is wrong. */
export function loadLexicons(folder: string): { lexicons: Lexicons; notes: readonly Problem[] } {
  const shown = relative(process.cwd(), resolve(folder)) || '.'
  const { sources, problems } = readLexicons(folder, shown.startsWith('..') ? folder : shown)
  const lexicons = new Lexicons(sources)
  // References among documents of which some could not be read would only repeat the same errors.
  const all = problems.some(isError) ? problems : [...problems, ...checkLinks(lexicons)]
  if (all.some(isError)) throw new LexiconError(all)
  return { lexicons, notes: all }
}

/** Every file but `database.ts`: path below the folder → text. */
export function generateLexicons(lexicons: Lexicons): Map<string, string> {
  const recursion = new Recursion(lexicons)
  const files = generateIndexes(lexicons)
  const tree = treeOf(lexicons)
  for (const { doc } of lexicons.sources)
    files.set(fileOf(doc.id), generateModule(doc, lexicons, recursion, childrenOf(tree, doc.id)))
  files.set('handlers.ts', generateHandlers(lexicons))
  files.set('lexicons.ts', generateLexiconList(lexicons))
  return files
}

/** `database.ts`; the one that is there when it was made from the same migrations, since asking a database is slow. */
async function databaseFile({ migrations, generated, database, importer }: CodegenOptions): Promise<string> {
  const folder = migrations !== null && existsSync(migrations) ? migrations : null
  const dialect = /^(?:postgres|postgresql|pglite):/.test(database ?? '') ? 'postgres' : 'sqlite'
  const fingerprint = migrationsFingerprint(folder, dialect)
  const now = read(join(generated, 'database.ts'))
  if (now?.includes(`\n// From migrations ${fingerprint}\n`) === true) return now
  if (folder === null) return generateDatabase([], fingerprint)
  return generateDatabase(await introspect({ folder, dialect, importer }), fingerprint)
}

function diffOf(
  folder: string,
  files: ReadonlyMap<string, string>,
  changes: { written: readonly string[]; removed: readonly string[] },
): string {
  const parts = [...changes.written, ...changes.removed].map((path) =>
    unifiedDiff(path, read(join(folder, path)) ?? '', files.get(path) ?? ''),
  )
  return parts.join('')
}
