import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { importUserModule } from './config/module.ts'
import type { ResolvedConfig } from './config/types.ts'
import { UserError } from './errors.ts'
import { type LexiconText, readLexiconText } from './protocol/lexicon-text.ts'

/**
 * Throws UserError when the generated code was written from other lexicons than those in the folder: records would be
 * held against what is no longer declared. Where no folder is deployed there is nothing to compare.
 */
export async function assertGeneratedIsCurrent(config: ResolvedConfig): Promise<void> {
  if (!existsSync(config.lexicons)) return
  const then = await writtenFrom(config.generated)
  const changes = [
    ...(then === null ? ['it does not say which it was written from'] : compare(then, config.lexicons)),
  ]
  if (changes.length === 0) return
  const more = changes.length > MOST_TOLD ? ` and ${changes.length - MOST_TOLD} more` : ''
  const folder = relative(process.cwd(), config.generated) || '.'
  throw new UserError(
    `${folder} does not match the lexicons: ${changes.slice(0, MOST_TOLD).join(', ')}${more}; write it anew with: lextap codegen`,
    { code: 'out-of-date' },
  )
}

const MOST_TOLD = 5

/** NSID → fingerprint; null when another version wrote the folder. */
async function writtenFrom(folder: string): Promise<Readonly<Record<string, string>> | null> {
  const file = ['lexicons.ts', 'lexicons.js'].map((name) => join(folder, name)).find(existsSync)
  if (file === undefined) return null
  const { lexicons } = await importUserModule(file, 'the generated code')
  return typeof lexicons === 'object' ? (lexicons as Readonly<Record<string, string>>) : null
}

function* compare(then: Readonly<Record<string, string>>, folder: string): Generator<string> {
  const gone = new Set(Object.keys(then))
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.json')) continue
    const now = read(join(folder, name))
    if (now === null) yield `${name} cannot be read`
    else if (!gone.delete(now.nsid)) yield `${now.nsid || name} is new`
    else if (then[now.nsid] !== now.fingerprint) yield `${now.nsid} has changed`
  }
  for (const nsid of gone) yield `${nsid} is gone`
}

function read(file: string): LexiconText | null {
  try {
    return readLexiconText(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
