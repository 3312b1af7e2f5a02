import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { importUserModule } from '../config/module.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { Dispatcher } from '../dispatch/dispatcher.ts'
import { Registry } from '../dispatch/registry.ts'
import { TemporaryError, UserError } from '../errors.ts'
import { type LoadedHandlers, loadHandlers } from '../handlers.ts'
import { formatCount } from '../observe/numbers.ts'
import type { Observer } from '../observe/observer.ts'
import { knownNow, readKnown, replayedOf, writeKnown } from '../replay/changes.ts'
import { tableEmptier } from '../replay/fresh.ts'
import type { ReplayJob, ReplayProgress, ReplayResult } from '../replay/job.ts'
import { isFree, LEASE_MS, type OpenReplay, openReplay } from '../replay/journal.ts'
import { finisher, giveUp, openFresh, schemaOf } from '../replay/postgres/rebuild.ts'
import { workOff } from '../replay/replayer.ts'
import { makeJob, requireBodies, submitJob, surveyOf } from '../replay/request.ts'
import { noteMigrations } from '../store/migration-survey.ts'
import { openStore } from '../store/open.ts'
import { isAlone } from '../store/processes.ts'
import { doubtBodiless, refetchAll } from '../store/refetch.ts'
import type { Store } from '../store/store.ts'
import type { ReplayFlags } from './options.ts'
import { printJson, printLine } from './print.ts'
import { ProgressLine } from './progress.ts'
import { openProject } from './project.ts'
import { replayLine } from './replay-line.ts'
import { type IsGone, unlocked, watchReplay } from './replay-watch.ts'
import { onStopSignals } from './stop-signals.ts'
import { explained, requireDatabase } from './with-store.ts'

/** Everything a replay from the command line needs to know. */
interface Asked {
  readonly flags: ReplayFlags
  readonly config: ResolvedConfig
  readonly observer: Observer
  readonly handlers: LoadedHandlers
  readonly registry: Registry
  readonly job: ReplayJob
  readonly line: ProgressLine
}

/** `lextap replay`: does the work, or has it done by the process that runs on the database. */
export async function replay(flags: ReplayFlags): Promise<void> {
  const asked = await ask(flags)
  if (flags.fetch) return fetchAgain(asked)
  for (;;) {
    await using store = await openAlone(asked)
    if (store !== null) return report(flags, await explained(store, () => work(asked, store)))
    await using guest = await openBeside(asked)
    const result = await explained(guest, () => handOver(asked, guest))
    if (result !== null) return report(flags, result)
    asked.observer.log.info('the process that had the database is gone; going on here')
  }
}

async function ask(flags: ReplayFlags): Promise<Asked> {
  const line: ProgressLine = new ProgressLine(process.stderr, (text) => observer.log.info(text))
  const overrides = flags.database === undefined ? {} : { database: flags.database }
  const { config, observer } = await openProject(flags, { overrides, stream: line })
  requireDatabase(config.database)
  const handlers = await loadHandlers(config)
  const registry = new Registry(handlers.definitions, {
    schemas: handlers.schemas,
    collections: config.collections,
  })
  const { collection = [], did = [], handler = [] } = flags
  const fresh = flags.fresh ? { keep: flags.keepTable ?? [] } : null
  const job = makeJob({ collections: collection, dids: did, handlers: handler, fresh }, registry)
  return { flags, config, observer, handlers, registry, job, line }
}

/** Null when another process runs on the database and can be told what to do. */
async function openAlone({ config, observer }: Asked): Promise<Store | null> {
  const { database, databaseConnections: connections, migrations } = config
  try {
    return await openStore(database, { observer, connections, migrations, importModule: importUserModule })
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'locked') throw error
    if (database.startsWith('sqlite:')) return null
    throw new UserError(`${error.message}; PGlite cannot be shared: stop it, replay, and start it again`, {
      code: 'locked',
      cause: error,
    })
  }
}

function openBeside({ config, observer }: Asked): Promise<Store> {
  return openStore(config.database, { observer, lock: false })
}

/**
 * The process that runs has the database, the handlers and the live traffic: it works, we watch. Null when it is
 * gone before the end, killed or not one that replays.
 */
async function handOver(
  { flags, job, line, observer, config }: Asked,
  store: Store,
): Promise<ReplayResult | null> {
  if (job.fresh !== null) {
    throw new UserError(
      'tables are emptied for a fresh replay, so nobody else may use the database: stop lextap, replay, and start it again',
      { code: 'locked' },
    )
  }
  if (!flags.allowMissing) requireBodies(await surveyOf(store, job))
  const open = await submitJob(store, job, { owner: null, restart: flags.restart ?? false })
  observer.log.info('lextap runs on this database and does the replay; ctrl-c leaves it to it')
  return watchReplay(store, open, line, unlocked(config.database))
}

/** Nobody runs on the database, or it can be shared. */
async function work(asked: Asked, store: Store): Promise<ReplayResult> {
  const { flags, job, line } = asked
  if (!flags.allowMissing) requireBodies(await surveyOf(store, job))
  const owner = randomUUID()
  if (flags.restart) await giveUpRebuild(store)
  for (;;) {
    const open = await submitJob(store, job, { owner, restart: flags.restart ?? false })
    if (open.progress.owner === owner) return workHere(asked, store, open)
    asked.observer.log.info(
      `another process is at this replay, so this one watches; it goes on with it when the other is gone, or not heard of for ${LEASE_MS / 1000} s`,
    )
    const isGone: IsGone = (progress) => isFree(store, store.db.reader, progress)
    const result = await watchReplay(store, open, line, isGone)
    if (result !== null) return result
  }
}

/** On Postgres the old tables are whole, and what was built apart can go. */
async function giveUpRebuild(store: Store): Promise<void> {
  const open = await openReplay(store)
  if (open === null || open.job.fresh === null || store.dialect !== 'postgres') return
  await giveUp(store, open, new UserError('given up', { code: 'replay-lost' }))
}

async function workHere(asked: Asked, store: Store, open: OpenReplay): Promise<ReplayResult> {
  const { observer, line } = asked
  const abort = new AbortController()
  const stopped = () =>
    abort.abort(new TemporaryError('stopped; the same command goes on', { code: 'stopping' }))
  using _ = onStopSignals(stopped)
  const apart = open.job.fresh !== null && store.dialect === 'postgres'
  const alone = await isAlone(store, store.db.reader)
  const onProgress = (progress: ReplayProgress) => line.update(replayLine({ job: open.job, progress }))
  try {
    const result = apart
      ? await rebuild(asked, store, open, abort.signal, onProgress)
      : await inPlace(asked, store, open, abort.signal, onProgress)
    await remember(asked, store, alone)
    return result
  } catch (error) {
    if (error instanceof UserError) observer.log.debug({ err: error }, 'the replay ended')
    throw error
  } finally {
    line.end()
  }
}

async function inPlace(
  asked: Asked,
  store: Store,
  open: OpenReplay,
  signal: AbortSignal,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  await using dispatcher = dispatcherOf(asked, store)
  return await workOff(
    open,
    { ...depsOf(asked), store, dispatcher, empty: emptier(store, asked.config) },
    signal,
    onProgress,
  )
}

/** Builds the tables in a schema apart; those who use the old ones notice nothing until the swap. */
async function rebuild(
  asked: Asked,
  store: Store,
  open: OpenReplay,
  signal: AbortSignal,
  onProgress: (progress: ReplayProgress) => void,
): Promise<ReplayResult> {
  const { config, observer, flags } = asked
  const { database: url, databaseConnections: connections, migrations } = config
  const keepOld = flags.keepOld ?? false
  const target = await schemaOf(store)
  try {
    const options = { url, connections, migrations, observer, keepOld, importModule: importUserModule }
    await using fresh = await openFresh(store, open.job, options)
    await using dispatcher = dispatcherOf(asked, fresh)
    const deps = { ...depsOf(asked), store: fresh, dispatcher }
    const finish = finisher(deps, open.job, target, keepOld)
    const result = await workOff(open, { ...deps, finish }, signal, onProgress)
    // The tables are now what the files say.
    if (migrations !== null) await noteMigrations(store.db, migrations, { again: true })
    return result
  } catch (error) {
    // The user must do something first: nothing half-made stays behind.
    if (!signal.aborted && error instanceof UserError) await giveUp(store, open, error)
    throw error
  }
}

const depsOf = ({ registry, observer, config }: Asked) => ({ registry, observer, policy: config.policy })

/** What has no body comes from the network again, as if it had changed: `run` fetches it. Killed anywhere, the same command goes on. */
async function fetchAgain(asked: Asked): Promise<void> {
  const { flags, job, config } = asked
  if (config.records !== 'keep') {
    throw new UserError(
      "bodies would not be kept this time either: set records: 'keep' in the config first",
      {
        code: 'no-bodies',
      },
    )
  }
  await using store = await openAlone(asked)
  if (store === null) throw new UserError('stop lextap first; lextap run fetches them when it starts again')
  const found = Object.entries(await surveyOf(store, { ...job, dids: null }))
  const lacking = found.filter(([, { missing }]) => missing > 0).map(([collection]) => collection)
  for (const collection of lacking) await doubtBodiless(store, collection)
  const repos =
    lacking.length === 0
      ? 0
      : await store.transaction((tx) => refetchAll(tx, `to be fetched for ${lacking.join(', ')}`))
  if (flags.json) {
    printJson({ collections: lacking, repos })
    return
  }
  printLine(
    lacking.length === 0
      ? 'every record has a body'
      : `${formatCount(repos)} repos will be fetched by lextap run for ${lacking.join(', ')}`,
  )
}

const emptier = (store: Store, { migrations }: ResolvedConfig) =>
  tableEmptier(store, { migrations, importModule: importUserModule })

function dispatcherOf({ registry, observer, config }: Asked, store: Store): Dispatcher {
  const { policy, handling } = config
  return new Dispatcher({
    store,
    observer,
    registry,
    policy,
    handling,
    keepBodies: config.records === 'keep',
  })
}

/**
 * What was replayed needs no replay at the next start; unless other processes were connected: their handlers may be
 * older than ours, and wrote rows while we replayed.
 */
async function remember(
  { job, registry, handlers, observer }: Asked,
  store: Store,
  alone: boolean,
): Promise<void> {
  const before = await readKnown(store)
  const replayed = replayedOf(job, before, knownNow(registry, handlers.fingerprints), registry)
  if (replayed === null || isDeepStrictEqual(replayed, before)) return
  if (alone && (await isAlone(store, store.db.reader))) return writeKnown(store, replayed)
  observer.log.info(
    'other lextap processes are connected, with older handlers perhaps: the next start of these replays again',
  )
}

function report({ json }: ReplayFlags, result: ReplayResult): void {
  const { done, missing, letters, spentMs, error } = result
  if (error !== null) throw new UserError(error, { code: 'replay' })
  if (json) {
    printJson(result)
    return
  }
  const seconds = spentMs / 1000
  const rate = seconds > 0 ? `, ${formatCount(Math.round(done / seconds))} a second` : ''
  printLine(`${formatCount(done)} records replayed in ${seconds.toFixed(1)} s${rate}`)
  if (missing > 0) printLine(`${formatCount(missing)} records have no stored body and were left out`)
  if (letters > 0) printLine(`${formatCount(letters)} dead letters were written: lextap dead-letters list`)
}
