import { Command } from 'commander'
import { type CommonOptions, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { formatBytes, formatCount } from '../status-line.ts'
import { type StoreContext, withStore } from '../with-store.ts'

type Flags = CommonOptions & { json?: true; records?: true }

export function command(): Command {
  const status = new Command('status')
    .description('how level the database is: repos, cursors, dead letters, what waits')
    .option('--records', 'count the records of each collection too (reads the whole index)')
    .action((flags: Flags) => withStore(flags, 'read', (context) => show(context, flags)))
  return withDatabase(status)
}

async function show({ store }: StoreContext, flags: Flags): Promise<void> {
  const status = {
    database: store.url,
    repos: await store.repos.counts(),
    cursors: (await store.cursors.list()).map((c) => ({
      ...c,
      updatedAt: new Date(c.updatedAt).toISOString(),
    })),
    deadLetters: await store.deadLetters.counts(),
    resyncBuffer: await store.buffer.counts(),
    rejections: await store.rejections.counts(),
    ...(flags.records ? { records: await store.records.countByCollection() } : {}),
  }
  if (flags.json) return printJson(status)
  const { states, standings, total } = status.repos
  printLine(`database       ${status.database}`)
  printLine(`repos          ${formatCount(total)}: ${sums(states)}`)
  if (Object.keys(standings).some((s) => s !== 'active')) printLine(`standing       ${sums(standings)}`)
  for (const { source, kind, value, updatedAt } of status.cursors) {
    printLine(`cursor         ${value} of ${source} ${kind}, ${updatedAt}`)
  }
  const { total: letters, kinds } = status.deadLetters
  printLine(
    `dead letters   ${letters === 0 ? 'none' : `${formatCount(letters)}: ${sums(kinds)} (lextap dead-letters list)`}`,
  )
  const { repos, frames, bytes } = status.resyncBuffer
  printLine(
    `resync buffer  ${frames === 0 ? 'empty' : `${formatCount(frames)} commits of ${repos} repos, ${formatBytes(bytes)}`}`,
  )
  for (const [kind, counts] of Object.entries(status.rejections)) {
    if (Object.keys(counts).length > 0) printLine(`${WORDS[kind] ?? kind} ${sums(counts)}`)
  }
  if (status.records !== undefined) {
    printLine()
    printTable(['collection', 'records'], Object.entries(status.records).sort())
  }
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
