import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { UserError } from '../errors.ts'

const FILES = ['.env', '.env.local']

/**
 * Reads `.env`, then `.env.local` over it, into `env`. Names that are already there stay: the real environment wins.
 * Gives back the files that were read.
 */
export function loadDotenv(root: string, env: Record<string, string | undefined> = process.env): string[] {
  const found: Record<string, string> = {}
  const read: string[] = []
  for (const name of FILES) {
    const file = join(root, name)
    const text = readText(file)
    if (text === undefined) continue
    Object.assign(found, parseEnv(text))
    read.push(file)
  }
  for (const [name, value] of Object.entries(found)) env[name] ??= value
  return read
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UserError(`${file} cannot be read: ${(cause as Error).message}`, { code: 'config', cause })
  }
}
