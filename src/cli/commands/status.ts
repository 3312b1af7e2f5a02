import { Command } from 'commander'
import { readBackfill } from '../../backfill/notes.ts'
import { formatBytes, formatCount } from '../../observe/numbers.ts'
import { openReplay } from '../../replay/journal.ts'
import { statusOf } from '../../replay/replayer.ts'
import { survey } from '../../replay/survey.ts'
import { bodiesSize, databaseSize } from '../../store/bodies.ts'
import { advices, surveyMigrations } from '../../store/migration-survey.ts'
import type { Store } from '../../store/store.ts'
import { backfillText } from '../backfill-line.ts'
import { type CommonOptions, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { replayText } from '../replay-line.ts'
import { type StoreContext, withStore } from '../with-store.ts'

type Flags = CommonOptions & { json?: true; records?: true }

export function command(): Command {
  const status = new Command('status')
    .description('how level the database is: repos, cursors, dead letters, what waits')
    .option(
      '--records',
      'count the records of each collection too and the size of their bodies (reads the whole index)',
    )
    .action((flags: Flags) => withStore(flags, 'read', (context) => show(context, flags)))
  return withDatabase(status)
}

async function show({ store, config }: StoreContext, flags: Flags): Promise<void> {
  const open = await openReplay(store)
  const status = {
    database: store.url,
    bytes: await databaseSize(store.db),
    repos: await store.repos.counts(),
    backfill: await readBackfill(store),
    cursors: (await store.cursors.list()).map((c) => ({
      ...c,
      updatedAt: new Date(c.updatedAt).toISOString(),
    })),
    deadLetters: await store.deadLetters.counts(),
    resyncBuffer: await store.buffer.counts(),
    rejections: await store.rejections.counts(),
    replay: open === null ? null : statusOf(open),
    migrations: await migrationsOf(store, config.migrations),
    bodies: { kept: config.records === 'keep', bytes: await bodiesSize(store.db) },
    ...(flags.records ? await counted(store) : {}),
  }
  if (flags.json) return printJson(status)
  const { states, standings, total } = status.repos
  printLine(`database       ${status.database}, ${formatBytes(status.bytes)}`)
  printLine(`repos          ${formatCount(total)}: ${sums(states)}`)
  if (Object.keys(standings).some((s) => s !== 'active')) printLine(`standing       ${sums(standings)}`)
  if (status.backfill !== null) printLine(`backfill       ${backfillText(status.backfill)}`)
  else {
    const left = (await store.repos.unsettled()) + (await store.repos.failing())
    if (left > 0) printLine(`backfill       ${formatCount(left)} to fetch, and no lextap runs`)
  }
  for (const { source, kind, value, updatedAt } of status.cursors) {
    const list = /^(.*):done$/.exec(kind)?.[1]
    if (list === undefined) printLine(`cursor         ${value} of ${source} ${kind}, ${updatedAt}`)
    else printLine(`listing        ${list} of ${source}, complete at ${updatedAt}`)
  }
  const { total: letters, kinds } = status.deadLetters
  printLine(
    `dead letters   ${letters === 0 ? 'none' : `${formatCount(letters)}: ${sums(kinds)} (lextap dead-letters list)`}`,
  )
  const { repos, frames, bytes } = status.resyncBuffer
  printLine(
    `resync buffer  ${frames === 0 ? 'empty' : `${formatCount(frames)} commits of ${repos} repos, ${formatBytes(bytes)}`}`,
  )
  const { bodies } = status
  if (bodies.kept || bodies.bytes > 0)
    printLine(`stored bodies  about ${formatBytes(bodies.bytes)}${bodies.kept ? '' : ', no more are kept'}`)
  const { migrations } = status
  if (migrations.due > 0) printLine(`migrations     ${migrations.due} due`)
  for (const advice of migrations.wrong) printLine(`migrations     ${advice}`)
  if (status.replay !== null) printLine(`replay         ${replayText(status.replay)}`)
  for (const [kind, counts] of Object.entries(status.rejections)) {
    if (Object.keys(counts).length > 0) printLine(`${WORDS[kind] ?? kind} ${sums(counts)}`)
  }
  if (status.records !== undefined) {
    printLine()
    const rows = Object.entries(status.sizes ?? {}).map(([name, { records, missing, bytes: size }]) => [
      name,
      records,
      formatBytes(size),
      missing,
    ])
    printTable(['collection', 'records', 'bodies', 'without'], rows)
  }
}

async function migrationsOf({ db }: Store, folder: string | null) {
  const all = folder === null ? [] : await surveyMigrations(db, folder)
  return { due: all.filter(({ executedAt }) => executedAt === null).length, wrong: advices(all) }
}

/** Records of each collection, and what of them can be replayed. */
async function counted(store: Store) {
  const sizes = await survey(store, { collections: null, repos: null })
  const records = Object.fromEntries(Object.entries(sizes).map(([name, kept]) => [name, kept.records]))
  return { records, sizes }
}

/** Rejections in fourteen letters. */
const WORDS: Readonly<Record<string, string>> = {
  invalid: 'invalid       ',
  discontinuous: 'out of step   ',
  legacy: 'legacy        ',
  streams: 'broken streams',
  fetches: 'failed fetches',
  records: 'broken records',
}

function sums(counts: Readonly<Record<string, number>>): string {
  const some = Object.entries(counts).filter(([, n]) => n > 0)
  return some.length === 0 ? 'none' : some.map(([name, n]) => `${formatCount(n)} ${name}`).join(', ')
}
