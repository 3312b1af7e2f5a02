import { relative } from 'node:path'
import type { ResolvedConfig } from '../config/types.ts'
import { type CodegenResult, runCodegen } from '../lexicon/codegen.ts'
import { printProblem } from '../lexicon/problem.ts'

/** Loads migrations in the generator's thread, as every other module of the user's is loaded. */
const IMPORTER = new URL(
  `../config/module${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
).href

/** Runs the generator for a project. */
export function generate(config: ResolvedConfig, check: boolean = false): Promise<CodegenResult> {
  const { lexicons, generated, migrations, database } = config
  return runCodegen({ lexicons, generated, migrations, database, check, importer: IMPORTER })
}

/** What the generator did, in one line. */
export function describeResult(result: CodegenResult, config: ResolvedConfig): string {
  const folder = relative(process.cwd(), config.generated) || '.'
  const from = `${plural(result.documents, 'lexicon')}, ${plural(result.records, 'record type')}`
  const took = `${Math.round(result.ms)} ms`
  const { written, removed } = result
  if (written.length + removed.length === 0) return `${folder} is up to date (${from}, ${took})`
  const parts = [
    ...(written.length > 0 ? [`wrote ${plural(written.length, 'file')}`] : []),
    ...(removed.length > 0 ? [`removed ${plural(removed.length, 'file')}`] : []),
  ]
  return `${folder}: ${parts.join(', ')}, ${result.unchanged} unchanged (${from}, ${took})`
}

/** Notes of the generator: what it passed over, and why. */
export function describeNotes(result: CodegenResult): string[] {
  return result.notes.map(printProblem)
}

const plural = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`
