import { Command } from 'commander'
import { maskSecrets } from '../../config/mask.ts'
import { listOptions } from '../../config/schema.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { type CommonOptions, withCommon, withJson } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { openProject } from '../project.ts'

export function command(): Command {
  const print = new Command('print')
    .description('print the config with every default filled in; secrets are masked')
    .action(printConfig)
  return new Command('config')
    .description('show the config as it is understood')
    .addCommand(withJson(withCommon(print)))
}

async function printConfig(flags: CommonOptions & { json?: true }): Promise<void> {
  const { config, observer } = await openProject(flags, { overrides: { log: {} } })
  observer.log.flush()
  const shown = maskSecrets(config)
  if (flags.json) return printJson(shown)
  printLine(`config file: ${shown.file ?? 'none'}`)
  printLine()
  printTable(['option', 'value'], flatten(shown))
}

/** One row for each option, in the order of the reference. */
function flatten(config: ResolvedConfig): [string, string][] {
  const { full, ...track } = config.track
  const source = config.source.kind === 'relay' ? null : config.source
  const shown = { ...config, source, track: { ...track, network: full ? 'full' : null } }
  const leaves = listOptions().map((o) => o.path)
  return leaves
    .filter((path) => !leaves.some((other) => other.startsWith(`${path}.`)) || valueAt(shown, path) === null)
    .filter((path) => valueAt(shown, path) !== undefined)
    .map((path) => [path, show(valueAt(shown, path))])
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], value)
}

function show(value: unknown): string {
  if (value === null) return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
