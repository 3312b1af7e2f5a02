import { sleep } from '../../async/signal.ts'
import { Routes } from '../../dispatch/route.ts'
import { UserError } from '../../errors.ts'
import { openStore } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { type FreshOptions, noMigrations, quoted } from '../born.ts'
import { chosen } from '../fresh.ts'
import type { ReplayJob, ReplayProgress } from '../job.ts'
import { closeJob, type OpenReplay, openReplay } from '../journal.ts'
import { only, type ReplayDeps, resultOf } from '../run.ts'
import { startLog, stopLog } from './changes-log.ts'
import { ChangesStep, SwapStep } from './steps.ts'
import { builtThings, FRESH, OLD, requireNobodyElse } from './swap.ts'

export interface RebuildOptions extends FreshOptions {
  readonly url: string
  readonly connections: number
  readonly keepOld: boolean
  readonly observer: ReplayDeps['observer']
}

/**
 * Opens a second store on the database whose handlers write to a schema of its own, made by the user's migrations;
 * lextap's tables are the same for both. An unfinished rebuild is gone on with. Changes are noted from here on.
 */
export async function openFresh(store: Store, job: ReplayJob, options: RebuildOptions): Promise<Store> {
  if (options.migrations === null) throw noMigrations()
  const target = await schemaOf(store)
  const open = await openReplay(store)
  const goesOn = open !== null && open.job.fresh !== null && open.progress.phase !== 'prepare'
  if (!goesOn) await begin(store)
  const [path] = await store.db.all<{ search_path: string }>('show search_path')
  const { url, connections, migrations, importModule, observer } = options
  const fresh = await openStore(url, {
    ...{ observer, connections, migrations, importModule },
    schema: { name: FRESH, searchPath: `${quoted(FRESH)}, ${path?.search_path ?? 'public'}` },
  })
  try {
    const tables = await fresh.db.introspect()
    const doomed = new Set(chosen(tables, job.fresh?.keep ?? []).map(({ name }) => name))
    await requireKept(fresh, doomed)
    // What is kept is not built: handlers find the one there is.
    for (const { name } of tables) {
      if (!doomed.has(name)) await fresh.db.run(`drop table ${quoted(FRESH)}.${quoted(name)}`)
    }
    await fresh.db.introspect()
    await requireNobodyElse(fresh.db, target, await builtThings(fresh.db))
    return fresh
  } catch (error) {
    await fresh.close()
    throw error
  }
}

/** Tables that are built must not refer to ones that are kept: their foreign keys would be lost. */
async function requireKept(fresh: Store, doomed: ReadonlySet<string>): Promise<void> {
  const references = await fresh.db.all<{ from: string; to: string }>(
    `select f.relname as "from", t.relname as "to" from pg_constraint c
     join pg_class f on f.oid = c.conrelid join pg_class t on t.oid = c.confrelid
     where c.contype = 'f' and f.relnamespace = to_regnamespace($1) and t.relnamespace = f.relnamespace`,
    [FRESH],
  )
  const wrong = references.find(({ from, to }) => doomed.has(from) && !doomed.has(to))
  if (wrong === undefined) return
  throw new UserError(
    `table ${wrong.from} is rebuilt and refers to ${wrong.to}, which is kept; keep both: --keep-table ${wrong.from}`,
    { code: 'replay-scope' },
  )
}

async function begin(store: Store): Promise<void> {
  const old = await store.db.all('select 1 as one where to_regnamespace($1) is not null', [OLD])
  if (old.length > 0) {
    throw new UserError(
      `the schema ${OLD} with the tables of an earlier rebuild is still there; drop it first: drop schema ${OLD} cascade`,
      { code: 'replay-foreign' },
    )
  }
  await store.transaction(async (tx) => {
    await tx.run(`drop schema if exists ${quoted(FRESH)} cascade`)
    await tx.run(`create schema ${quoted(FRESH)}`)
    await startLog(tx)
  })
}

/** Gives a rebuild up: the old tables stay, and nothing is noted any more. */
export function giveUp(store: Store, { progress }: OpenReplay, error: Error): Promise<void> {
  return store.transaction(async (tx) => {
    await tx.run(`drop schema if exists ${quoted(FRESH)} cascade`)
    await stopLog(tx)
    if ((await openReplay(store, tx))?.progress.id !== progress.id) return
    await closeJob(store, tx, { ...resultOf(progress), error: error.message })
  })
}

export async function schemaOf(store: Store): Promise<string> {
  const [row] = await store.db.all<{ name: string }>('select current_schema() as name')
  return row?.name ?? 'public'
}

/** The end of a rebuild: takes in what changed meanwhile until little is left, and swaps with the rest. */
export function finisher(deps: ReplayDeps, job: ReplayJob, target: string, keepOld: boolean) {
  return async (begun: ReplayProgress, signal: AbortSignal): Promise<ReplayProgress> => {
    const { store, dispatcher, registry, policy } = deps
    const routes = new Routes(only(job, registry), policy)
    let progress = begun
    for (let left = true; left; ) {
      signal.throwIfAborted()
      const step = new ChangesStep(store, progress, routes, registry)
      await dispatcher.replay(step)
      progress = step.progress
      left = step.taken >= FEW
      if (left) await sleep(0, signal)
    }
    const step = new SwapStep(store, progress, routes, registry, { target, keepOld })
    await dispatcher.replay(step)
    return step.progress
  }
}

/** Changes that may be left for the swap: writers wait for so many. */
const FEW = 200
