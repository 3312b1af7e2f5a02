import { Command, CommanderError } from 'commander'
import { printError } from './report.ts'
import { version } from './version.ts'

/** One command: its file is loaded only when it is called. */
interface Entry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<{ command: () => Command }>
}

export const COMMANDS: readonly Entry[] = [
  {
    name: 'init',
    summary: 'start a project from a template',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'codegen',
    summary: 'write types, validators and handler signatures from the lexicons',
    load: () => import('./commands/codegen.ts'),
  },
  {
    name: 'lexicon',
    summary: 'lexicons from the network: add, update, list, check',
    load: () => import('./commands/lexicon.ts'),
  },
  {
    name: 'dev',
    summary: 'run the project for development; --sandbox brings a network of its own',
    load: () => import('./commands/dev.ts'),
  },
  {
    name: 'run',
    summary: 'follow the network and call your handlers',
    load: () => import('./commands/run.ts'),
  },
  {
    name: 'plan',
    summary: 'what the next lextap run would do about changed handlers, lexicons and collections',
    load: () => import('./commands/plan.ts'),
  },
  {
    name: 'replay',
    summary: 'rebuild your tables from stored records, without the network',
    load: () => import('./commands/replay.ts'),
  },
  {
    name: 'status',
    summary: 'how level the database is',
    load: () => import('./commands/status.ts'),
  },
  {
    name: 'repos',
    summary: 'the accounts that are followed: list, add, remove, resync, show',
    load: () => import('./commands/repos.ts'),
  },
  {
    name: 'dead-letters',
    summary: 'what could not be applied: list, show, retry, drop',
    load: () => import('./commands/dead-letters.ts'),
  },
  {
    name: 'outbox',
    summary: 'events that could not be delivered: list, retry, drop',
    load: () => import('./commands/outbox.ts'),
  },
  {
    name: 'migrate',
    summary: 'migrations of your own tables: up, down, status, make',
    load: () => import('./commands/migrate.ts'),
  },
  {
    name: 'inspect',
    summary: 'judge repos, firehoses and accounts: car, frames, did',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'doctor',
    summary: 'check everything lextap run needs',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'config',
    summary: 'show the config as it is understood',
    load: () => import('./commands/config.ts'),
  },
]

/** Runs the command line and gives back the exit code: 0 done, 1 fix something, 2 wrong usage, 75 try again later. */
export async function runCli(argv: readonly string[]): Promise<number> {
  try {
    const [first, ...rest] = argv
    const args = first === 'help' ? [...rest, '--help'] : argv
    await buildProgram().parseAsync(args, { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Help and version end this way too, with code 0; commander has printed whatever there is to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return printError(error, { debug: argv.includes('--debug') })
  }
}

export function buildProgram(): Command {
  const program = new Command('lextap')
    .description(
      'Typed AT Protocol AppView indexer: lexicons and handlers in, verified rows in your database out.',
    )
    .usage('<command> [options]')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help; after a command, of that command')
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (entry) => entry.name() })
    .enablePositionalOptions()
    .showHelpAfterError('(lextap --help lists the commands)')
    .exitOverride()
  for (const entry of COMMANDS) program.addCommand(placeholder(entry))
  return program
}

/** Stands in for a command until it is called: takes everything after its name and hands it on. */
function placeholder({ name, summary, load }: Entry): Command {
  return new Command(name)
    .description(summary)
    .argument('[args...]')
    .usage('[options]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      const { command } = await load()
      await prepare(command(), `lextap ${name}`).parseAsync(args, { from: 'user' })
    })
}

/** Makes a loaded command and those below it throw instead of ending the process, and point to their own help. */
function prepare(command: Command, name: string): Command {
  if (!name.includes(' ', 7)) command.name(name)
  command.exitOverride().showHelpAfterError(`(${name} --help shows what it takes)`)
  for (const child of command.commands) prepare(child, `${name} ${child.name()}`)
  return command
}
