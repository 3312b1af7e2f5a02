import type { ResolvedConfig, TapConfig } from '../config/types.ts'
import { Registry } from '../dispatch/registry.ts'
import { UserError } from '../errors.ts'
import { type LoadedHandlers, loadHandlers } from '../handlers.ts'
import { formatCount } from '../observe/numbers.ts'
import { createTap, type Tap } from '../tap.ts'
import { announce } from './announce.ts'
import { describeResult, generate } from './codegen.ts'
import type { CommonOptions, DevFlags } from './options.ts'
import { printLine, printTable } from './print.ts'
import { ProgressLine } from './progress.ts'
import { openProject, type Project } from './project.ts'
import { runUntilStopped } from './running.ts'
import {
  type CompareOptions,
  type Comparison,
  compare,
  countRows,
  freshDatabase,
  Sandbox,
} from './sandbox.ts'
import { statusLine } from './status-line.ts'

/** How long the index may take to become level once the traffic ended, ms; and when somebody waits for us to stop. */
const LEVEL_MS = { done: 60_000, asked: 10_000 } as const

/** Runs the project against a network in this process, and compares the two at the end. */
export async function runSandbox(flags: DevFlags): Promise<void> {
  // The config is read before the network starts: what is wrong with it shows at once.
  const { config: own } = await openProject({ ...flags, logLevel: 'silent' })
  process.stderr.write(`${describeResult(await generate(own), own)}\n`)
  await using sandbox = await Sandbox.start(flags)
  const database = flags.database ?? freshDatabase(own.root)
  const { config, observer, line } = await openWithLine(flags, {
    ...sandbox.overrides,
    ...pageOf(own),
    database,
  })
  const handlers = await loadHandlers(config)
  announce(config, handlers, observer)
  const handles = { resolve: sandbox.network.resolveHandle }
  const tap = createTap(config, { observer, ...handlers, handles })
  const follows = choices(config, handlers)
  // Those that nothing leads to are never found.
  const expected = sandbox.countRepos(follows.finds)
  const startedAt = performance.now()
  await runUntilStopped(tap, {
    observer,
    line,
    started: () => {
      observer.log.info({ page: tap.serverUrl }, 'look at it in a browser')
      void sandbox.network.waitForSubscribers(1).then(() => sandbox.begin())
    },
    describe: (status) => `${statusLine(status)} · ${formatCount(sandbox.happened)} live events`,
    isDone: ({ repos }) => {
      const { pending, resyncing, desynchronized } = repos.states
      const isNear = repos.total >= expected && pending + resyncing + desynchronized <= 3
      if (flags.untilLevel && isNear && sandbox.happened >= 3 * flags.rate) return true
      return flags.for !== undefined && performance.now() - startedAt >= flags.for * 1000
    },
    closing: async (asked) => {
      sandbox.calm()
      line.end()
      const withinMs = asked ? LEVEL_MS.asked : LEVEL_MS.done
      await summarize(tap, sandbox, { ...follows, withinMs })
    },
  })
}

/**
 * The page about it, on any free port, where the project has no server of its own. What handlers emit nobody takes here, so
 * that must not stop the source.
 */
const pageOf = ({ server }: ResolvedConfig): TapConfig =>
  server === null ? { server: { host: '127.0.0.1', port: 0 }, delivery: { capacity: 100_000_000 } } : {}

async function openWithLine(
  flags: CommonOptions,
  overrides: TapConfig = {},
): Promise<Project & { line: ProgressLine }> {
  const line: ProgressLine = new ProgressLine(process.stderr, (text) => project.observer.log.info(text), 2000)
  const project = await openProject(flags, { overrides, stream: line })
  return { ...project, line }
}

/** Which collections the project follows, and by which it finds accounts. */
function choices(config: ResolvedConfig, handlers: LoadedHandlers): CompareOptions {
  const registry = new Registry(handlers.definitions, { ...handlers, collections: config.collections })
  const signal = new Set(registry.expand(config.track.signal))
  return {
    wants: (collection) => registry.wants(collection),
    finds: (collection) => config.track.full || signal.has(collection),
  }
}

/** Waits until the index is level with the network, prints both, and fails when they differ. */
async function summarize(
  tap: Tap,
  sandbox: Sandbox,
  { withinMs, ...options }: CompareOptions & { readonly withinMs: number },
): Promise<void> {
  const signalled = AbortSignal.timeout(withinMs)
  // Who connected to a stream on which nothing happened since has no seq to reach.
  const seq = sandbox.happened > 0 ? { seq: sandbox.network.relayStream.seq } : {}
  const level = async () => {
    await tap.settled({ ...seq, signal: signalled }).catch((error: unknown) => {
      if (!signalled.aborted) throw error
    })
    return await compare(sandbox.network, tap.store, options)
  }
  await relisted(tap, signalled)
  let found = await level()
  if (found.wrong > 0 && !signalled.aborted) {
    // Nobody wants to wait here until failed repos are due again.
    const failed = await tap.store.repos.list({ state: 'error', limit: 1000 })
    for (const { did } of failed) await tap.resync(did)
    found = await level()
  }
  await printSummary(tap, sandbox, found)
  if (found.wrong > 0) {
    throw new UserError(`${found.wrong} records of the index differ from the network; see: lextap status`)
  }
}

/** Accounts that came with their records are found by the next listing: waits for one that began after now. */
async function relisted(tap: Tap, signal: AbortSignal): Promise<void> {
  const rounds = async () => {
    const { listings } = await tap.status()
    return Math.min(...listings.filter((l) => l.list !== 'revs').map((l) => l.rounds))
  }
  const enough = (await rounds()) + 2
  while (!signal.aborted && (await rounds()) < enough)
    await new Promise((resolve) => setTimeout(resolve, 100))
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
