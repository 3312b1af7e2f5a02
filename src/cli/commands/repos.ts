import { Command, Option } from 'commander'
import { UserError } from '../../errors.ts'
import { cidToString } from '../../protocol/cid.ts'
import { isDid } from '../../protocol/syntax.ts'
import type { RepoRow, RepoState } from '../../store/repo-row.ts'
import type { Store } from '../../store/store.ts'
import { checkDids } from '../dids.ts'
import { type CommonOptions, positive, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { withStore } from '../with-store.ts'

type Flags = CommonOptions & { json?: true }

const STATES: readonly RepoState[] = ['pending', 'resyncing', 'active', 'desynchronized', 'error']
const LATER = 'a running lextap sees to it within seconds, otherwise the next one does'

export function command(): Command {
  const add = new Command('add')
    .description('follow accounts; their repos are fetched and then followed live')
    .argument('<did...>')
    .action(addRepos)
  const remove = new Command('remove')
    .description(
      'stop following accounts; their rows go through delete events, and discovery leaves them alone until they are added',
    )
    .argument('<did...>')
    .option(
      '--keep-rows',
      'leave the rows in your tables; an account that is added again arrives as creates, and what it deleted meanwhile as deletes',
    )
    .action(removeRepos)
  const resync = new Command('resync')
    .description('fetch repos anew and bring the rows level')
    .argument('<did...>')
    .action(resyncRepos)
  const list = new Command('list')
    .description('the accounts that are followed')
    .addOption(new Option('--state <state>', 'only repos in this state').choices(STATES))
    .option('--excluded', 'the accounts that were removed and that discovery leaves alone')
    .option('--limit <n>', 'how many', positive, 100)
    .option('--after <id>', 'go on after this id, or after this DID of the excluded ones', place)
    .action(listRepos)
  const show = new Command('show')
    .description('all there is to know about one account')
    .argument('<did>')
    .action(showRepo)
  const repos = new Command('repos').description(
    'the accounts that are followed: list, add, remove, resync, show',
  )
  for (const child of [list, add, remove, resync, show]) repos.addCommand(withDatabase(child))
  return repos
}

async function addRepos(given: string[], flags: Flags): Promise<void> {
  const dids = checkDids(given)
  await withStore(flags, 'write', async ({ store }) => {
    const added = await store.repos.add(dids)
    const known = dids.length - added
    if (flags.json) return printJson({ added, known })
    printLine(`${added} added${known > 0 ? `, ${known} followed already` : ''}; ${LATER}`)
  })
}

async function removeRepos(given: string[], flags: Flags & { keepRows?: true }): Promise<void> {
  const dids = checkDids(given)
  await withStore(flags, 'change', async ({ config, store }) => {
    const rows = await found(store, dids)
    const removal = flags.keepRows ? 'keep' : 'delete'
    await store.excluded.add(rows.map(({ did }) => did))
    for (const row of rows) await store.repos.patch(row.id, { removal })
    if (flags.json) return printJson({ removed: rows.map((row) => row.did) })
    printLine(`${rows.length} to be removed, and not discovered again until they are added; ${LATER}`)
    const named = dids.filter((did) => config.track.dids.includes(did))
    if (named.length > 0)
      printLine(`note: the next start follows ${named.join(', ')} again; take that out of track.dids as well`)
  })
}

async function resyncRepos(given: string[], flags: Flags): Promise<void> {
  const dids = checkDids(given)
  await withStore(flags, 'change', async ({ store }) => {
    const rows = await found(store, dids)
    for (const row of rows) await store.repos.patch(row.id, { state: 'desynchronized', retryAt: null })
    if (flags.json) return printJson({ resync: rows.map((row) => row.did) })
    printLine(`${rows.length} to be fetched anew; ${LATER}`)
  })
}

async function found(store: Store, dids: readonly string[]): Promise<RepoRow[]> {
  const rows = await Promise.all(dids.map((did) => store.repos.get(did)))
  const missing = dids.filter((_, i) => rows[i] === null)
  if (missing.length > 0) {
    throw new UserError(`not followed: ${missing.join(', ')}; see: lextap repos list`, {
      code: 'not-tracked',
    })
  }
  return rows.filter((row) => row !== null)
}

type ListFlags = Flags & { state?: RepoState; excluded?: true; limit: number; after?: string | number }

async function listRepos(flags: ListFlags): Promise<void> {
  const { state, limit } = flags
  if (flags.excluded) return listExcluded(flags)
  const { after } = flags
  if (typeof after === 'string')
    throw new UserError(`--after ${after}: repos are listed by id; with --excluded by DID`, { code: 'place' })
  await withStore(flags, 'read', async ({ store }) => {
    const rows = await store.repos.list({
      limit,
      ...(state === undefined ? {} : { state }),
      ...(after === undefined ? {} : { after }),
    })
    if (flags.json) return printJson(rows.map(plain))
    if (rows.length === 0) return printLine('there are none')
    const cells = rows.map((row) => [
      row.id,
      row.did,
      row.state,
      row.standing,
      row.handle,
      row.rev,
      row.error,
    ])
    printTable(['id', 'did', 'state', 'standing', 'handle', 'rev', 'error'], cells)
    if (rows.length === limit) printLine(`more: lextap repos list --after ${rows.at(-1)?.id}`)
  })
}

/** The id of a repo, or the DID of an excluded one. */
const place = (text: string): string | number => (isDid(text) ? text : positive(text))

async function listExcluded({ after, ...flags }: ListFlags): Promise<void> {
  await withStore(flags, 'read', async ({ store }) => {
    const dids = await store.excluded.list({ after: String(after ?? ''), limit: flags.limit })
    if (flags.json) return printJson(dids)
    if (dids.length === 0) return printLine('there are none')
    for (const did of dids) printLine(did)
    if (dids.length === flags.limit) printLine(`more: lextap repos list --excluded --after ${dids.at(-1)}`)
  })
}

async function showRepo(did: string, flags: Flags): Promise<void> {
  const [checked = did] = checkDids([did])
  await withStore(flags, 'read', async ({ store }) => {
    const [row] = await found(store, [checked])
    if (row === undefined) return
    const letters = await store.deadLetters.list({ did: checked, limit: 1000 })
    const shown = { ...plain(row), records: await store.records.count(row.id), deadLetters: letters.length }
    if (flags.json) return printJson(shown)
    for (const [name, value] of Object.entries(shown)) printLine(`${name.padEnd(12)} ${value ?? '-'}`)
  })
}

const isoOf = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** The row as JSON: the MST root as a CID, times as ISO. */
function plain(row: RepoRow): Record<string, string | number | null> {
  return {
    ...row,
    data: row.data === null ? null : cidToString(row.data),
    retryAt: isoOf(row.retryAt),
    identifiedAt: isoOf(row.identifiedAt),
  }
}
