import { join } from 'node:path'
import { Command } from 'commander'
import type { ResolvedConfig } from '../../config/types.ts'
import { UserError } from '../../errors.ts'
import { printChange } from '../../lexicon/breaking.ts'
import {
  addLexicons,
  type InstallOptions,
  type InstallResult,
  updateLexicons,
} from '../../lexicon/install.ts'
import { checkLexicons, type Folder, listLexicons } from '../../lexicon/installed.ts'
import { createLexiconNetwork, type LexiconNetwork } from '../../lexicon/network.ts'
import { isError, printProblem } from '../../lexicon/problem.ts'
import { type CommonOptions, withCommon, withJson } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { openProject } from '../project.ts'

type Flags = CommonOptions & { json?: true; force?: true; offline?: true }

export function command(): Command {
  const add = new Command('add')
    .description('install lexicons and what they refer to from the network')
    .argument('<lexicon...>', 'NSIDs, or at:// URIs of published lexicons')
    .option('--force', 'overwrite documents that were changed by hand')
    .action((names: string[], flags: Flags) => install(flags, (options) => addLexicons(names, options)))
  const update = new Command('update')
    .description('install newer versions of what is installed')
    .argument('[nsid...]', 'only these and what they refer to')
    .option('--force', 'overwrite documents that were changed by hand')
    .action((names: string[], flags: Flags) => install(flags, (options) => updateLexicons(names, options)))
  const list = new Command('list')
    .description('the lexicons of the project and where they are from')
    .action(listAll)
  const check = new Command('check')
    .description('errors, advice, and breaking changes against the published versions')
    .option('--offline', 'without asking the network')
    .action(checkAll)
  const lexicon = new Command('lexicon').description('lexicons from the network: add, update, list, check')
  for (const child of [add, update, list, check]) lexicon.addCommand(withJson(withCommon(child)))
  return lexicon
}

function folderOf({ root, lexicons }: ResolvedConfig): Folder {
  return { lexicons, manifest: join(root, 'lexicons.json') }
}

function networkOf(config: ResolvedConfig): LexiconNetwork & AsyncDisposable {
  return createLexiconNetwork({ plc: config.plc, allowPrivateHosts: config.backfill.allowPrivateHosts })
}

async function install(
  flags: Flags,
  run: (options: InstallOptions) => Promise<InstallResult>,
): Promise<void> {
  const { config } = await openProject(flags)
  await using network = networkOf(config)
  const result = await run({ ...folderOf(config), network, force: flags.force ?? false })
  if (flags.json) return printJson(result)
  for (const note of result.notes) printLine(printProblem(note))
  for (const change of result.changes) printLine(printChange(change))
  for (const kind of ['added', 'updated', 'removed'] as const)
    for (const nsid of result[kind]) printLine(`${kind} ${nsid}`)
  const touched = result.added.length + result.updated.length + result.removed.length
  printLine(touched === 0 ? `nothing to do: ${result.unchanged.length} unchanged` : 'next: lextap codegen')
}

async function listAll(flags: Flags): Promise<void> {
  const { config } = await openProject(flags)
  const listed = listLexicons(folderOf(config))
  if (flags.json) return printJson(listed)
  printTable(
    ['lexicon', 'type', 'state', 'from'],
    listed.map((l) => [l.nsid, l.type, l.state, l.uri]),
  )
}

async function checkAll(flags: Flags): Promise<void> {
  const { config } = await openProject(flags)
  await using network = flags.offline ? null : networkOf(config)
  const { problems, changes } = await checkLexicons(folderOf(config), network)
  const breaking = changes.filter((change) => change.kind === 'breaking').length
  if (flags.json) printJson({ problems, changes })
  else {
    for (const problem of problems) printLine(printProblem(problem))
    for (const change of changes) printLine(`${printChange(change)} (by ${change.by})`)
    if (problems.length + changes.length === 0) printLine('nothing to say')
  }
  if (problems.some(isError)) throw new UserError('the lexicons have errors', { code: 'lexicon' })
  if (breaking > 0)
    throw new UserError(`${breaking === 1 ? 'one change is' : `${breaking} changes are`} breaking`, {
      code: 'breaking',
    })
}
