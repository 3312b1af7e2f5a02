import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { UserError } from '../errors.ts'
import { HEADER } from './header.ts'

/** What writing the output would change. Paths are relative to the folder, with slashes. */
export interface Changes {
  readonly written: readonly string[]
  readonly removed: readonly string[]
  readonly unchanged: number
}

/** A file somebody else wrote stands where a generated one belongs. */
function refuseForeign(folder: string, path: string): never {
  throw new UserError(
    `a file that lextap did not write is in the way; file=${join(folder, path)}; move it, or set \`generated\` in tap.config.ts to a folder of its own`,
    { code: 'generated-foreign' },
  )
}

/** Compares the files of `folder` with what they should be. Throws UserError rather than touch a foreign file. */
export function compare(folder: string, files: ReadonlyMap<string, string>): Changes {
  const written: string[] = []
  for (const [path, text] of files) {
    const now = readUnlessForeign(folder, path)
    if (now === text) continue
    if (now !== null && !now.startsWith(HEADER)) refuseForeign(folder, path)
    written.push(path)
  }
  const removed = ownFiles(folder).filter((path) => !files.has(path))
  return { written: written.sort(), removed, unchanged: files.size - written.length }
}

/** A file where a folder belongs, or the other way round, is foreign too. */
function readUnlessForeign(folder: string, path: string): string | null {
  try {
    return read(join(folder, path))
  } catch (error) {
    if (/^(?:ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) refuseForeign(folder, path)
    throw error
  }
}

/** Makes the folder so. Each file is replaced in one step, so a reader never sees half of one. */
export function apply(folder: string, files: ReadonlyMap<string, string>, changes: Changes): void {
  for (const path of changes.written) {
    const target = join(folder, path)
    mkdirSync(dirname(target), { recursive: true })
    const temporary = `${target}.${process.pid}.tmp`
    writeFileSync(temporary, files.get(path) as string)
    renameSync(temporary, target)
  }
  for (const path of changes.removed) rmSync(join(folder, path))
  for (const path of changes.removed) removeEmpty(folder, dirname(path))
}

/** Files of the folder that lextap wrote: those that start with its header. */
function ownFiles(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && read(join(folder, path))?.startsWith(HEADER) === true)
    .map((path) => path.split(sep).join('/'))
    .sort()
}

function removeEmpty(folder: string, path: string): void {
  if (path === '.' || path === '') return
  const full = join(folder, path)
  if (!existsSync(full) || readdirSync(full).length > 0) return
  rmSync(full, { recursive: true })
  removeEmpty(folder, dirname(path))
}

export function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
