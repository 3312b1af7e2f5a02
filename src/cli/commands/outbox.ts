import { Command } from 'commander'
import { UserError } from '../../errors.ts'
import type { FailedEvent } from '../../store/outbox.ts'
import type { Store } from '../../store/store.ts'
import { type CommonOptions, positive, withDatabase } from '../options.ts'
import { printJson, printLine, printTable } from '../print.ts'
import { withStore } from '../with-store.ts'

interface Flags extends CommonOptions {
  readonly json?: true
  readonly all?: true
}

export function command(): Command {
  const list = new Command('list')
    .description('events the webhook never took, oldest first, and how many wait')
    .option('--limit <n>', 'how many', positive, 50)
    .option('--after <id>', 'go on behind this id', positive)
    .action(listEvents)
  const retry = new Command('retry')
    .description('send them again; they go to the end of the line under new ids')
    .argument('[id...]', '', collectIds)
    .option('--all', 'all of them')
    .action(retryEvents)
  const drop = new Command('drop')
    .description('forget them')
    .argument('[id...]', '', collectIds)
    .option('--all', 'all of them')
    .action(dropEvents)
  const outbox = new Command('outbox').description('events that could not be delivered: list, retry, drop')
  for (const child of [list, retry, drop]) outbox.addCommand(withDatabase(child))
  return outbox
}

const collectIds = (text: string, before: number[] = []) => [...before, positive(text)]

async function listEvents(flags: Flags & { limit: number; after?: number }): Promise<void> {
  await withStore(flags, 'read', async ({ store }) => {
    const { limit, after = 0 } = flags
    const [failed, waiting] = await Promise.all([store.outbox.listFailed(after, limit), store.outbox.count()])
    if (flags.json) return printJson({ waiting, failed: failed.map(plain) })
    printLine(`${waiting} wait to be taken, ${await store.outbox.countFailed()} failed`)
    if (failed.length === 0) return
    printTable(
      ['id', 'kind', 'event', 'attempts', 'failed', 'error'],
      failed.map((e) => [e.id, e.kind, e.name, e.attempts, new Date(e.failedAt).toISOString(), e.error]),
    )
    if (failed.length === limit) printLine(`more: lextap outbox list --after ${failed.at(-1)?.id}`)
  })
}

async function retryEvents(ids: number[], flags: Flags): Promise<void> {
  await change(ids, flags, 'sent again', (store, chosen) => store.outbox.retryFailed(chosen))
}

async function dropEvents(ids: number[], flags: Flags): Promise<void> {
  await change(ids, flags, 'dropped', (store, chosen) => store.outbox.dropFailed(chosen))
}

async function change(
  ids: readonly number[],
  flags: Flags,
  what: string,
  act: (store: Store, ids: readonly number[] | undefined) => Promise<number>,
): Promise<void> {
  if (ids.length === 0 && !flags.all)
    throw new UserError('name the ids of the events, or say --all', { code: 'nothing-named' })
  await withStore(flags, 'change', async ({ store }) => {
    const count = await act(store, ids.length === 0 ? undefined : ids)
    if (flags.json) printJson({ count })
    else printLine(`${count} ${what}`)
    if (count < ids.length) {
      const missing = `${ids.length - count} of those ids are no failed events; see: lextap outbox list`
      throw new UserError(missing, { code: 'not-found' })
    }
  })
}

function plain({ body, failedAt, createdAt, ...rest }: FailedEvent) {
  return {
    ...rest,
    createdAt: new Date(createdAt).toISOString(),
    failedAt: new Date(failedAt).toISOString(),
    event: JSON.parse(`{${body}`) as unknown,
  }
}
