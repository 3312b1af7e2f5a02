import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, extname, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UserError } from '../errors.ts'

/** What Node's own type stripping refuses and tsx takes: enums, parameter properties, extensionless imports, decorators. */
const TSX_MAY_HELP = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNKNOWN_FILE_EXTENSION',
])

/**
 * Imports a module of the user's project (TypeScript or JavaScript) and gives back its exports. Whatever goes wrong
 * is a UserError that says what `what` is and names file and line.
 */
export async function importUserModule(file: string, what: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(file).href
  try {
    return unwrap(await import(url))
  } catch (error) {
    if (!mayTsxHelp(error)) throw explain(error, file, what)
    return await importWithTsx(url, file, what, error)
  }
}

async function importWithTsx(
  url: string,
  file: string,
  what: string,
  first: unknown,
): Promise<Record<string, unknown>> {
  const { tsImport } = await import('tsx/esm/api')
  try {
    return unwrap(await tsImport(url, { parentURL: import.meta.url }))
  } catch (error) {
    const missing = codeOf(error) === 'ERR_MODULE_NOT_FOUND' && codeOf(first) === 'ERR_MODULE_NOT_FOUND'
    throw explain(missing ? first : error, file, what)
  }
}

/** In a package without `"type": "module"` the exports come as those of a CommonJS module: one level down. */
function unwrap(exports: Record<string, unknown>): Record<string, unknown> {
  const inner = exports.default as Record<string, unknown> | null | undefined
  return typeof inner === 'object' && inner?.__esModule === true ? inner : exports
}

function mayTsxHelp(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined) return TSX_MAY_HELP.has(code)
  // V8 met what stripping left in, a decorator for example.
  return error instanceof SyntaxError
}

const codeOf = (error: unknown) => (error as { code?: string } | null | undefined)?.code

function explain(error: unknown, file: string, what: string): UserError {
  const at = locate(error, file)
  const where = relative(process.cwd(), at ?? file)
  const message = error instanceof Error ? error.message : String(error)
  const verb = isSyntax(error)
    ? 'does not parse'
    : codeOf(error) === 'ERR_MODULE_NOT_FOUND'
      ? 'imports what is not there'
      : 'threw while it was loaded'
  return new UserError(`${what} ${verb}: ${where}: ${withoutPlaces(message)}`, {
    code: 'user-module',
    cause: error,
  })
}

const isSyntax = (error: unknown) =>
  error instanceof SyntaxError || (error instanceof Error && error.name === 'TransformError')

/** esbuild's message repeats the place on a line of its own. */
const withoutPlaces = (message: string) => /: ERROR: (.*)/.exec(message)?.[1] ?? message

/** `file:line[:column]` in the user's code, from whichever form the error carries it in. */
function locate(error: unknown, file: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  const stack = String(error.stack)
  const heading = /^(?:file:\/\/)?(\/\S+?|[A-Z]:\S+?):(\d+)\n/.exec(stack)
  if (heading !== null && !isForeign(heading[1] ?? '')) return `${heading[1]}:${heading[2]}`
  const built = /^(\S+?):(\d+):(\d+): ERROR: /m.exec(error.message)
  if (built !== null) return `${built[1]}:${built[2]}:${Number(built[3]) + 1}`
  const importer = / imported from (\S+)$/.exec(error.message)?.[1]
  if (importer !== undefined) return locateImport(toPath(importer), error.message)
  for (const [, place, line, column] of stack.matchAll(FRAME)) {
    const path = toPath(place ?? '')
    if (!isForeign(path)) return `${path}:${line}:${column}`
  }
  return isSyntax(error) ? locateSyntax(file) : undefined
}

const FRAME = /^\s+at (?:async )?(?:.*? \()?((?:file:\/\/)?(?:\/|[A-Z]:)[^()]*?):(\d+):(\d+)\)?$/gm

/** The line whose import names what is missing. */
function locateImport(importer: string, message: string): string {
  const name = /Cannot find \w+ '([^']+)'/.exec(message)?.[1] ?? ''
  const last = basename(name, extname(name))
  const lines = readFileSync(importer, 'utf8').split('\n')
  const line = lines.findIndex((l) => /\b(import|from)\b/.test(l) && l.includes(last))
  return line === -1 ? importer : `${importer}:${line + 1}`
}

const toPath = (place: string) =>
  place.startsWith('file:') ? fileURLToPath(place.replace(/[?#].*$/, '')) : place

const ownFolder = new URL('..', import.meta.url)
const isForeign = (path: string) =>
  path.includes('/node_modules/') || path.startsWith(fileURLToPath(ownFolder))

/** V8 keeps the line of a syntax error to itself; `node --check` prints it. */
function locateSyntax(file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  const line = /^(?:file:\/\/)?(.+):(\d+)$/m.exec(stderr)
  return line === null ? undefined : `${line[1]}:${line[2]}`
}
