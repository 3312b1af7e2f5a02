import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, parse, relative } from 'node:path'
import { importUserModule } from './config/module.ts'
import type { ResolvedConfig } from './config/types.ts'
import type { HandlerDefinition, RecordSchema } from './dispatch/handler.ts'
import { UserError } from './errors.ts'
import { assertGeneratedIsCurrent } from './generated.ts'

export interface LoadedHandlers {
  readonly definitions: readonly HandlerDefinition[]
  /** NSID → schema of every record lexicon. */
  readonly schemas: Readonly<Record<string, RecordSchema>>
  /** NSID → what its lexicon means, as a hash: descriptions and form do not count. */
  readonly fingerprints: Readonly<Record<string, string>>
}

const MODULE = /\.(ts|mts|js|mjs)$/
const NOT_A_HANDLER = /\.(test|spec|d|test-d)\.[a-z]+$/

/** Imports the project's generated code and every handlers module, and collects what `on(…)` and its sisters made. */
export async function loadHandlers(config: ResolvedConfig): Promise<LoadedHandlers> {
  // Without handlers there must be somebody else who takes the events.
  const delivers = config.server !== null || config.delivery.webhook !== null
  const { schemas, fingerprints } = await loadGenerated(config, delivers)
  const files = config.handlers.flatMap((path) => modulesOf(path, delivers))
  const definitions = new Map<HandlerDefinition, HandlerDefinition>()
  for (const file of files) {
    const exports = await importUserModule(file, 'a handlers module')
    for (const [name, value] of Object.entries(exports)) {
      for (const one of [value].flat()) {
        if (isDefinition(one) && !definitions.has(one)) {
          definitions.set(one, named(one, name, file, Array.isArray(value)))
        }
      }
    }
  }
  if (definitions.size === 0 && !delivers) throw nothingFound(config, files)
  return { definitions: [...definitions.values()], schemas, fingerprints }
}

/** What it is exported as; a default export has the name of its module, one of a list that of its collection. */
function named(
  definition: HandlerDefinition,
  name: string,
  file: string,
  listed: boolean,
): HandlerDefinition {
  if (definition.kind !== 'record' || definition.name !== undefined || listed) return definition
  return { ...definition, name: name === 'default' ? parse(file).name : name }
}

async function loadGenerated(
  config: ResolvedConfig,
  optional: boolean,
): Promise<Pick<LoadedHandlers, 'schemas' | 'fingerprints'>> {
  const file = ['handlers.ts', 'handlers.js'].map((name) => join(config.generated, name)).find(existsSync)
  if (file === undefined) {
    if (optional) return { schemas: {}, fingerprints: {} }
    const missing = relative(process.cwd(), join(config.generated, 'handlers.ts'))
    throw new UserError(`${missing} is not there yet; write it with: lextap codegen`, {
      code: 'not-generated',
    })
  }
  await assertGeneratedIsCurrent(config)
  const { schemas, fingerprints = {} } = await importUserModule(file, 'the generated code')
  if (typeof schemas !== 'object' || schemas === null) {
    const shown = relative(process.cwd(), file)
    throw new UserError(`${shown} was written by another version; write it anew with: lextap codegen`, {
      code: 'not-generated',
    })
  }
  return {
    schemas: schemas as LoadedHandlers['schemas'],
    fingerprints: fingerprints as LoadedHandlers['fingerprints'],
  }
}

/** The module itself, or every module in the folder, sorted by path so that order never depends on the disk. */
function modulesOf(path: string, optional: boolean): string[] {
  const file = [path, `${path}.ts`, `${path}.js`, `${path}.mjs`].find(existsSync)
  if (file === undefined) {
    if (optional) return []
    const shown = relative(process.cwd(), path)
    throw new UserError(
      `handlers: there is no folder or module ${shown}; create it, or set handlers in the config`,
      {
        code: 'handlers',
      },
    )
  }
  if (!statSync(file).isDirectory()) return [file]
  return readdirSync(file, { recursive: true, encoding: 'utf8' })
    .filter((name) => MODULE.test(name) && !NOT_A_HANDLER.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => join(file, name))
}

const KINDS = new Set(['record', 'identity', 'account'])

function isDefinition(value: unknown): value is HandlerDefinition {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false
  if (!KINDS.has(String(value.kind))) return false
  return 'handle' in value || ('handlers' in value && 'pattern' in value)
}

function nothingFound(config: ResolvedConfig, files: readonly string[]): UserError {
  const where = config.handlers.map((path) => relative(process.cwd(), path)).join(', ')
  const what =
    files.length === 0
      ? 'has no modules'
      : `exports no handlers (read ${files.length === 1 ? 'one module' : `${files.length} modules`})`
  return new UserError(
    `${where} ${what}; export what on(…) returns: export const post = on('app.bsky.feed.post', { … })`,
    {
      code: 'handlers',
    },
  )
}
