import { Command, Option } from 'commander'
import type { ResolvedConfig } from '../../config/types.ts'
import { Dispatcher } from '../../dispatch/dispatcher.ts'
import { Registry } from '../../dispatch/registry.ts'
import { UserError } from '../../errors.ts'
import { loadHandlers } from '../../handlers.ts'
import type { Observer } from '../../observe/observer.ts'
import { decodeJson } from '../../protocol/cbor.ts'
import { cidToString } from '../../protocol/cid.ts'
import type { DeadLetter, DeadLetterKind } from '../../store/dead-letters.ts'
import type { Store } from '../../store/store.ts'
import { type CommonOptions, positive, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { withStore } from '../with-store.ts'

interface Flags extends CommonOptions {
  readonly json?: true
  readonly kind?: DeadLetterKind
  readonly collection?: string
  readonly did?: string
}

/** Outcomes of a retry that leave the letter where it is. */
const STAY: ReadonlySet<string> = new Set(['failed', 'unhandled', 'skipped'])
const KINDS: readonly DeadLetterKind[] = ['undecodable', 'invalid', 'handler', 'timeout']

export function command(): Command {
  const list = withFilter(new Command('list'))
    .description('what could not be applied, newest first')
    .option('--limit <n>', 'how many', positive, 50)
    .option('--before <id>', 'go on below this id', positive)
    .action(listLetters)
  const show = new Command('show')
    .description('one of them: the error, the issues, the record')
    .argument('<id>', '', positive)
    .action(showLetter)
  const retry = withFilter(new Command('retry'))
    .description('apply them again, after the lexicon or the handler was mended')
    .argument('[id...]', '', collectIds)
    .option('--all', 'all that fit the filters')
    .action(retryLetters)
  const drop = withFilter(new Command('drop'))
    .description('forget them; the records stay in the index')
    .argument('[id...]', '', collectIds)
    .option('--all', 'all that fit the filters')
    .action(dropLetters)
  const letters = new Command('dead-letters').description(
    'what could not be applied: list, show, retry, drop',
  )
  for (const child of [list, show, retry, drop]) letters.addCommand(withDatabase(child))
  return letters
}

function withFilter(command: Command): Command {
  return command
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(KINDS))
    .option('--collection <nsid>', 'only of this collection')
    .option('--did <did>', 'only of this account')
}

function filterOf({ kind, collection, did }: Flags): {
  kind?: DeadLetterKind
  collection?: string
  did?: string
} {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(collection === undefined ? {} : { collection }),
    ...(did === undefined ? {} : { did }),
  }
}

async function listLetters(flags: Flags & { limit: number; before?: number }): Promise<void> {
  await withStore(flags, 'read', async ({ store }) => {
    const { limit, before } = flags
    const letters = await store.deadLetters.list({
      ...filterOf(flags),
      limit,
      ...(before === undefined ? {} : { before }),
    })
    if (flags.json) return printJson(letters.map(plain))
    if (letters.length === 0) return printLine('there are none')
    const firstLine = (text: string) => text.split('\n')[0] ?? ''
    const rows = letters.map((l) => [l.id, l.kind, l.action, l.uri, l.attempts, firstLine(l.error)])
    printTable(['id', 'kind', 'action', 'record', 'attempts', 'error'], rows)
    if (letters.length === limit) printLine(`more: lextap dead-letters list --before ${letters.at(-1)?.id}`)
  })
}

async function showLetter(id: number, flags: Flags): Promise<void> {
  await withStore(flags, 'read', async ({ store }) => {
    const letter = await store.deadLetters.get(id)
    if (letter === null) throw unknown([id])
    const { error, issues, record, ...facts } = plain(letter)
    if (flags.json) return printJson({ ...facts, error, issues, record })
    for (const [name, value] of Object.entries(facts)) printLine(`${name.padEnd(10)} ${value ?? '-'}`)
    printLine(`\nerror\n${error}`)
    if (issues !== null) printLine(`\nissues\n${JSON.stringify(issues, null, 2)}`)
    if (record !== null) printLine(`\nrecord\n${JSON.stringify(record, null, 2)}`)
  })
}

async function retryLetters(given: number[], flags: Flags & { all?: true }): Promise<void> {
  await withStore(flags, 'change', async ({ config, observer, store }) => {
    const ids = await chosen(store, given, flags)
    await using dispatcher = await makeDispatcher(config, observer, store)
    const outcomes: { id: number; outcome: string }[] = []
    // Oldest first, as they happened; many to a transaction.
    const todo = ids.toSorted((a, b) => a - b)
    for (let i = 0; i < todo.length; i += 500) {
      const some = todo
        .slice(i, i + 500)
        .map(async (id) => ({ id, outcome: await dispatcher.retryDeadLetter(id) }))
      outcomes.push(...(await Promise.all(some)))
    }
    if (flags.json) printJson(outcomes)
    else {
      const counts = Map.groupBy(outcomes, (o) => o.outcome)
      const said = [...counts].map(([outcome, all]) => `${all.length} ${outcome}`).join(', ')
      printLine(said === '' ? 'there are none' : said)
    }
    if (outcomes.some((o) => o.outcome === 'unhandled' || o.outcome === 'skipped'))
      process.stderr.write(
        'unhandled: no handler takes the event; skipped: the record is invalid and the policy skips it; those letters stay\n',
      )
    if (outcomes.some((o) => STAY.has(o.outcome))) process.exitCode = 1
  })
}

async function makeDispatcher(config: ResolvedConfig, observer: Observer, store: Store): Promise<Dispatcher> {
  const { definitions, schemas } = await loadHandlers(config)
  return new Dispatcher({
    store,
    observer,
    registry: new Registry(definitions, { schemas, collections: config.collections }),
    policy: config.policy,
    handling: config.handling,
    keepBodies: config.records === 'keep',
  })
}

async function dropLetters(given: number[], flags: Flags & { all?: true }): Promise<void> {
  await withStore(flags, 'change', async ({ store }) => {
    const ids = await chosen(store, given, flags)
    for (const id of ids) await store.deadLetters.drop(id)
    if (flags.json) return printJson({ dropped: ids })
    printLine(`${ids.length} dropped`)
  })
}

const collectIds = (text: string, before: number[] = []) => [...before, positive(text)]

/** The ids that were named, or all that fit the filters. */
async function chosen(
  store: Store,
  given: readonly number[],
  flags: Flags & { all?: true },
): Promise<number[]> {
  if (given.length === 0 && !flags.all)
    throw new UserError('name the ids of the dead letters, or say --all', { code: 'nothing-named' })
  if (given.length > 0) {
    const letters = await Promise.all(given.map((id) => store.deadLetters.get(id)))
    const missing = given.filter((_, i) => letters[i] === null)
    if (missing.length > 0) throw unknown(missing)
    return [...new Set(given)]
  }
  const ids: number[] = []
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await store.deadLetters.list({ ...filterOf(flags), before, limit: 500 })
    for (const { id } of page) ids.push(id)
    before = page.at(-1)?.id ?? 0
    if (page.length < 500) return ids
  }
}

function unknown(ids: readonly number[]): UserError {
  return new UserError(`no dead letter ${ids.join(', ')}; see: lextap dead-letters list`, {
    code: 'not-found',
  })
}

function plain(letter: DeadLetter) {
  const { body, cid, issues, createdAt, updatedAt, repoId: _, ...rest } = letter
  return {
    ...rest,
    cid: cid === null ? null : cidToString(cid),
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    issues: issues === null ? null : (JSON.parse(issues) as unknown),
    record: bodyOf(letter, body),
  }
}

/** The record, or the event of an identity or account letter; a block that does not decode is shown as base64. */
function bodyOf(letter: DeadLetter, body: Uint8Array | null): unknown {
  if (body === null) return null
  const text = () => Buffer.from(body)
  if (letter.action === 'identity' || letter.action === 'account') return JSON.parse(text().toString('utf8'))
  try {
    return decodeJson(body)
  } catch {
    return { $bytes: text().toString('base64') }
  }
}
