import { compareCollections, readFollowed } from '../backfill/collections.ts'
import { Registry } from '../dispatch/registry.ts'
import { loadHandlers } from '../handlers.ts'
import { formatCount } from '../observe/numbers.ts'
import { compareKnown, isAutomatic, knownNow, readKnown, reasonOf } from '../replay/changes.ts'
import { openReplay } from '../replay/journal.ts'
import { isOurs } from '../replay/replayer.ts'
import { sum, survey } from '../replay/survey.ts'
import { advices, surveyMigrations } from '../store/migration-survey.ts'
import type { Store } from '../store/store.ts'
import type { CommonOptions } from './options.ts'
import { printJson, printLine } from './print.ts'
import { replayLine } from './replay-line.ts'
import { withStore } from './with-store.ts'

/** One thing the next start does, or leaves to its owner. */
interface Planned {
  readonly what: 'fetch' | 'stop' | 'replay' | 'resume' | 'migration'
  readonly collections: readonly string[]
  /** False: it waits for a command. */
  readonly automatic: boolean
  /** Repos to fetch, or records to replay. */
  readonly count: number
  /** Records among them that cannot be replayed: their bodies were not kept. */
  readonly missing: number
  readonly why: string
}

/** `lextap plan`: looks and does nothing. */
export async function plan(flags: CommonOptions & { json?: true }): Promise<void> {
  await withStore(flags, 'read', async ({ config, store }) => {
    const { definitions, schemas, fingerprints } = await loadHandlers(config)
    // Where records are delivered to others, all of them may be followed.
    const open = config.delivery.records ?? (definitions.length === 0 && config.server !== null)
    const registry = new Registry(definitions, { schemas, collections: config.collections, open })
    const planned = [
      ...(await migrations(store, config.migrations)),
      ...(await resumed(store)),
      ...(config.source.kind === 'relay' ? await fetched(store, registry) : []),
      ...(await changed(store, registry, fingerprints)),
    ]
    if (flags.json) return printJson(planned)
    if (planned.length === 0) printLine('nothing changed')
    for (const { why, missing } of planned) {
      printLine(why)
      if (missing > 0)
        printLine(`  ${formatCount(missing)} of them have no stored body: lextap replay --fetch`)
    }
  })
}

/** Those due run by themselves at the next start, and say so then; told here is what is wrong. */
async function migrations(store: Store, folder: string | null): Promise<Planned[]> {
  if (folder === null) return []
  return advices(await surveyMigrations(store.db, folder)).map((why) => ({
    ...{ what: 'migration', collections: [], automatic: false, count: 0, missing: 0 },
    why,
  }))
}

async function resumed(store: Store): Promise<Planned[]> {
  const open = await openReplay(store)
  if (open === null) return []
  const { total, done } = open.progress
  const count = Math.max(0, (total ?? 0) - done)
  const collections = Object.keys(open.job.collections)
  const automatic = isOurs(open, store)
  const why = automatic
    ? `an unfinished replay goes on: ${replayLine(open)}`
    : `an unfinished rebuild from empty, and every replay with it, waits for: lextap replay --fresh; or give it up: lextap replay --restart (${replayLine(open)})`
  return [{ what: 'resume', collections, automatic, count, missing: 0, why }]
}

async function fetched(store: Store, registry: Registry): Promise<Planned[]> {
  const before = await readFollowed(store)
  if (before === null) return []
  const { added, handled, removed } = compareCollections(before, registry.followed)
  const { states } = await store.repos.counts()
  const count = states.active + states.resyncing
  const repos = `${formatCount(count)} repos will be fetched again`
  const fetch = (collections: readonly string[], is: string): Planned[] =>
    collections.map((collection) => ({
      ...{ what: 'fetch', collections: [collection], automatic: true, count, missing: 0 },
      why: `${collection}: ${is}: ${repos}`,
    }))
  return [
    ...fetch(added, 'not indexed before'),
    ...fetch(handled, 'has a handler now, the first'),
    ...removed.map(
      (collection): Planned => ({
        ...{ what: 'stop', collections: [collection], automatic: true, count: 0, missing: 0 },
        why: `${collection}: not indexed any more; its rows stay as they are`,
      }),
    ),
  ]
}

async function changed(
  store: Store,
  registry: Registry,
  fingerprints: Readonly<Record<string, string>>,
): Promise<Planned[]> {
  const before = await readKnown(store)
  if (before === null) return []
  const changes = compareKnown(before, knownNow(registry, fingerprints), registry)
  return Promise.all(
    changes.map(async (change): Promise<Planned> => {
      const { collections } = change
      const ids = collections.flatMap((name) => store.collections.idOf(name) ?? [])
      const { records: count, missing } = sum(await survey(store, { collections: ids, repos: null }))
      const why = reasonOf(change, count)
      return { what: 'replay', collections, automatic: isAutomatic(change), count, missing, why }
    }),
  )
}
