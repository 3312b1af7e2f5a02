import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import { loadDotenv } from './dotenv.ts'
import { readEnv } from './env.ts'
import { importUserModule } from './module.ts'
import { show } from './problems.ts'
import { resolveConfig } from './resolve.ts'
import type { ResolvedConfig, TapConfig } from './types.ts'

export const CONFIG_NAMES: readonly string[] = [
  'tap.config.ts',
  'tap.config.js',
  'tap.config.mjs',
  'tap.config.json',
]

export interface LoadOptions {
  /** Where to look. Default: the working directory. */
  readonly cwd?: string
  /** A config file by name; it must exist. */
  readonly file?: string
  /** Default `process.env`; `.env` files are added to it. */
  readonly env?: Record<string, string | undefined>
  /** Wins over file and environment (command-line flags). */
  readonly overrides?: TapConfig
  /** Whether logs go to a terminal. Default false. */
  readonly interactive?: boolean
}

export interface LoadedConfig {
  readonly config: ResolvedConfig
  /** To be said at start: unknown and contradictory `TAP_*` names, a second config file. */
  readonly warnings: readonly string[]
}

/** Finds, imports, checks and completes the config: file, then `.env`, then the environment, then `overrides`. */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const env = options.env ?? process.env
  const cwd = resolve(options.cwd ?? '.')
  const file = options.file === undefined ? findConfig(cwd) : resolve(cwd, options.file)
  const root = file === null ? cwd : dirname(file)
  loadDotenv(root, env)
  if (file === null && !Object.keys(env).some((name) => name.startsWith('TAP_'))) throw notFound(cwd)
  // Configured by Tap's names alone we are a Tap, and a Tap serves.
  const input = file === null ? { server: {} } : await readConfigFile(file)
  return {
    config: resolveConfig(input, {
      root,
      file,
      env: readEnv(env),
      overrides: options.overrides ?? {},
      interactive: options.interactive ?? false,
    }),
    warnings: [...readEnv(env).warnings, ...secondFile(file)],
  }
}

/** The config file of the project `from` is in: here or in a folder above, up to the first package.json. */
export function findConfig(from: string): string | null {
  for (let dir = from; ; dir = dirname(dir)) {
    const name = CONFIG_NAMES.find((n) => existsSync(join(dir, n)))
    if (name !== undefined) return join(dir, name)
    if (existsSync(join(dir, 'package.json')) || dirname(dir) === dir) return null
  }
}

/** The default export of a config file, not yet checked. */
export async function readConfigFile(file: string): Promise<unknown> {
  const shown = relative(process.cwd(), file)
  if (!existsSync(file)) throw new UserError(`there is no config file ${shown}`, { code: 'config' })
  if (file.endsWith('.json')) return readJson(file, shown)
  const exports = await importUserModule(file, 'the config file')
  if (!('default' in exports)) {
    const names = Object.keys(exports)
    const has = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`
    throw new UserError(
      `${shown} has no default export (${has}); write: export default defineConfig({ … })`,
      { code: 'config' },
    )
  }
  return checkObject(exports.default, shown)
}

function readJson(file: string, shown: string): unknown {
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const message = (cause as Error).message.replace(/(, | in JSON at position | in JSON$).*/s, '')
    throw new UserError(`${shown} does not parse: line ${badLine(text)}: ${message}`, {
      code: 'config',
      cause,
    })
  }
  return checkObject(value, shown)
}

/** The parser does not always say where: it is the first line with which the text is wrong and not just unfinished. */
function badLine(text: string): number {
  const lines = text.split('\n')
  const wrong = lines.findIndex((_, i) => isWrong(lines.slice(0, i + 1).join('\n')))
  return wrong === -1 ? lines.length : wrong + 1
}

function isWrong(json: string): boolean {
  try {
    JSON.parse(json)
    return false
  } catch (error) {
    const { message } = error as Error
    const position = / at position (\d+)/.exec(message)?.[1]
    return position === undefined
      ? !message.includes('end of JSON')
      : Number(position) < json.length && !message.startsWith('Unterminated')
  }
}

function checkObject(value: unknown, shown: string): unknown {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Promise))
    return value
  const got = value instanceof Promise ? 'a promise: put await before it' : show(value)
  throw new UserError(`the default export of ${shown} must be an object; it is ${got}`, { code: 'config' })
}

function notFound(cwd: string): UserError {
  return new UserError(
    `no config file found; looked for ${CONFIG_NAMES.join(', ')} in ${cwd} and above, up to the first package.json; ` +
      `start a project with: lextap init`,
    { code: 'config' },
  )
}

function secondFile(file: string | null): string[] {
  if (file === null) return []
  const others = CONFIG_NAMES.map((n) => join(dirname(file), n)).filter((f) => f !== file && existsSync(f))
  return others.map(
    (other) => `${relative(process.cwd(), other)} is ignored: ${relative(process.cwd(), file)} is used`,
  )
}
