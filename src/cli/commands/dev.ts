import { Command, Option } from 'commander'
import type { ResolvedConfig, TapConfig } from '../../config/types.ts'
import { Registry } from '../../dispatch/registry.ts'
import { UserError } from '../../errors.ts'
import { createTap, type Tap } from '../../tap.ts'
import { announce } from '../announce.ts'
import { type LoadedHandlers, loadHandlers } from '../handlers.ts'
import { type CommonOptions, positive, withCommon } from '../options.ts'
import { printLine, printTable } from '../print.ts'
import { ProgressLine } from '../progress.ts'
import { openProject, type Project } from '../project.ts'
import { runUntilStopped } from '../running.ts'
import { type Comparison, compare, countRows, freshDatabase, Sandbox } from '../sandbox.ts'
import { formatCount, statusLine } from '../status-line.ts'

interface Flags extends CommonOptions {
  readonly sandbox?: true
  readonly seed: string
  readonly repos: number
  readonly records: number
  readonly rate: number
  readonly for?: number
  readonly untilLevel?: true
  readonly database?: string
}

/** How long the index may take to become level once the traffic ended, ms. */
const LEVEL_MS = 60_000

export function command(): Command {
  const dev = new Command('dev')
    .description('write the generated code and run the project for development')
    .option('--sandbox', 'against a network in this process instead of the public one')
    .addOption(new Option('--repos <n>', 'sandbox: accounts').argParser(positive).default(40))
    .addOption(
      new Option('--records <n>', 'sandbox: records each is born with').argParser(positive).default(250),
    )
    .addOption(new Option('--rate <n>', 'sandbox: events a second').argParser(positive).default(20))
    .option('--seed <text>', 'sandbox: keys, names and records follow from it', 'lextap')
    .option('--database <url>', 'sandbox: database to use (default: .lextap/sandbox.db, emptied first)')
    .addOption(new Option('--for <seconds>', 'sandbox: end by itself after so long').argParser(positive))
    .option('--until-level', 'sandbox: end by itself when everything is fetched and some live events came')
    .action((flags: Flags) => (flags.sandbox ? runSandbox(flags) : runDev(flags)))
  return withCommon(dev)
}

async function runDev(flags: Flags): Promise<void> {
  const { config, observer, line } = await openWithLine(flags)
  const handlers = await loadHandlers(config)
  announce(config, handlers, observer)
  await runUntilStopped(createTap(config, { observer, ...handlers }), { observer, line })
}

async function runSandbox(flags: Flags): Promise<void> {
  // The config is read before the network starts: what is wrong with it shows at once.
  const { config: own } = await openProject({ ...flags, logLevel: 'silent' })
  await using sandbox = await Sandbox.start(flags)
  const database = flags.database ?? freshDatabase(own.root)
  const { config, observer, line } = await openWithLine(flags, { ...sandbox.overrides, database })
  const handlers = await loadHandlers(config)
  announce(config, handlers, observer)
  const tap = createTap(config, { observer, ...handlers })
  const startedAt = performance.now()
  await runUntilStopped(tap, {
    observer,
    line,
    started: () => sandbox.begin(),
    describe: (status) => `${statusLine(status)} · ${formatCount(sandbox.happened)} live events`,
    isDone: ({ repos }) => {
      const { pending, resyncing, desynchronized } = repos.states
      const isNear = repos.total >= flags.repos && pending + resyncing + desynchronized <= 3
      if (flags.untilLevel && isNear && sandbox.happened >= 3 * flags.rate) return true
      return flags.for !== undefined && performance.now() - startedAt >= flags.for * 1000
    },
    closing: async () => {
      sandbox.calm()
      line.end()
      await summarize(tap, sandbox, config, handlers)
    },
  })
}

async function openWithLine(
  flags: CommonOptions,
  overrides: TapConfig = {},
): Promise<Project & { line: ProgressLine }> {
  const line: ProgressLine = new ProgressLine(process.stderr, (text) => project.observer.log.info(text), 2000)
  const project = await openProject(flags, { overrides, stream: line })
  return { ...project, line }
}

/** Waits until the index is level with the network, prints both, and fails when they differ. */
async function summarize(
  tap: Tap,
  sandbox: Sandbox,
  config: ResolvedConfig,
  handlers: LoadedHandlers,
): Promise<void> {
  const registry = new Registry(handlers.definitions, { ...handlers, collections: config.collections })
  const signal = new Set(registry.expand(config.track.signal))
  const wants = (collection: string) => registry.wants(collection)
  const finds = (collection: string) => config.track.full || signal.has(collection)
  const until = performance.now() + LEVEL_MS
  let found = await compare(sandbox.network, tap.store, { wants, finds })
  while (found.wrong > 0 && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    found = await compare(sandbox.network, tap.store, { wants, finds })
  }
  await printSummary(tap, sandbox, found)
  if (found.wrong > 0) {
    throw new UserError(
      `${found.wrong} records of the index differ from the network after ${LEVEL_MS / 1000} s; see: lextap status`,
    )
  }
}

async function printSummary(tap: Tap, sandbox: Sandbox, { collections, wrong }: Comparison): Promise<void> {
  const letters = await tap.store.deadLetters.counts()
  printLine()
  const rows = collections.map((c) => [c.collection, c.network, c.index, c.wrong])
  printTable(['collection', 'on the network', 'indexed', 'wrong'], rows)
  printLine()
  printTable(['table', 'rows'], await countRows(tap.store))
  printLine()
  const { repos, relayStream } = sandbox.network
  printLine(
    `${repos.length} repos, ${formatCount(relayStream.seq)} events, ${letters.total} dead letters; database ${tap.store.url}`,
  )
  printLine(wrong === 0 ? 'level: the index holds every record of the network and no other' : 'not level')
}
