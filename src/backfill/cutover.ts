import type { Outcome, Unit } from '../dispatch/unit.ts'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { messageDiscontinuous, messageInvalid } from '../observe/sync-events.ts'
import { decodeFrame } from '../protocol/frame.ts'
import type { CommitMessage, SyncMessage } from '../protocol/message.ts'
import type { VerifiedCommit } from '../repo/verify.ts'
import type { RecordRow } from '../store/records.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { ClaimLostError, type FetchedRepo } from './resync.ts'

export interface CutoverDeps {
  readonly store: Store
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly wants: (collection: string) => boolean
  /** Verifies a buffered commit against the head it must follow. */
  readonly verify: (row: RepoRow, message: CommitMessage) => Promise<VerifiedCommit>
  readonly observer: Observer
}

/** Records deleted, buffered commits read, at once. */
const PAGE = 500

/**
 * The end of a resync, run inside the repo's lane: applies the last chunk, deletes what vanished, takes the fetched head, drains the
 * live commits that waited and sets the repo `active` (rules F4, F5). No commit of this repo can arrive in
 * between: its lane is ours. Killed anywhere in here the repo is still `resyncing` and starts over.
 *
 * Returns how many records were deleted. Throws ClaimLostError when the run is not ours any more,
 * DiscontinuousError when a buffered commit does not stack on the fetched head.
 */
export async function cutOver(
  row: RepoRow,
  fetched: FetchedRepo,
  fresh: boolean,
  deps: CutoverDeps,
): Promise<number> {
  const guard = { run: row.run, state: 'resyncing' as const }
  const base = { repoId: row.id, did: row.did, rev: fetched.rev, run: row.run, mode: 'trust' as const }
  const source = row.rev === null ? ('backfill' as const) : ('resync' as const)
  const submit = async (unit: Unit) => {
    if ((await deps.submit(unit)) === 'stale')
      throw new ClaimLostError(`claim lost; did=${row.did}; run=${row.run}`)
  }
  const head = { rev: fetched.rev, data: fetched.data }
  const rest = { ...base, source, guard, ops: fetched.rest, mode: 'diff' as const, fresh }

  // Nothing to delete and nothing waits: all of it at once. Most repos are small, and a transaction has its price.
  if (fresh && (await deps.store.buffer.list(row.id, 0, 1)).length === 0) {
    await submit({ ...rest, patch: { ...head, ...LEVEL } })
    return 0
  }
  if (rest.ops.length > 0) await submit(rest)
  let deleted = 0
  // What we do not index any more stays as it is: coming back, the collection is compared with it.
  for (let last: RecordRow | undefined; !fresh; ) {
    const gone = await deps.store.records.missing(row.id, row.run, PAGE, last)
    last = gone.at(-1)
    if (last === undefined) break
    const ops = gone.filter(({ collection }) => deps.wants(collection)).map(deletion)
    if (ops.length > 0) await submit({ ...base, source, guard, ops })
    deleted += ops.length
  }

  await submit({ ...base, source, guard, ops: [], patch: head })
  await drain({ ...row, ...head }, guard, deps, submit)
  await submit({ ...base, source, guard, ops: [], patch: LEVEL })
  return deleted
}

const LEVEL = { state: 'active', error: null, retryCount: 0, retryAt: null } as const

const deletion = ({ collection, rkey }: RecordRow) => ({
  action: 'delete' as const,
  collection,
  rkey,
  cid: null,
  body: null,
})

/** Applies the buffered messages in order: drops what the fetched head holds already, requires the rest to stack. */
async function drain(
  start: RepoRow,
  guard: { run: number; state: 'resyncing' },
  deps: CutoverDeps,
  submit: (unit: Unit) => Promise<void>,
): Promise<void> {
  const { store, observer } = deps
  let head = start
  for (;;) {
    const page = await store.buffer.list(head.id, 0, PAGE)
    if (page.length === 0) return
    for (const buffered of page) {
      const message = decodeFrame(buffered.frame) as CommitMessage | SyncMessage
      const facts = { kind: message.kind, did: head.did, seq: message.seq }
      const base = {
        repoId: head.id,
        did: head.did,
        source: 'live' as const,
        run: head.run,
        mode: 'trust' as const,
        guard,
      }
      if (message.rev <= (head.rev ?? '')) {
        await submit({ ...base, rev: head.rev ?? '', ops: [], bufferId: buffered.id })
        continue
      }
      try {
        if (message.kind === 'sync')
          throw new DiscontinuousError('C5', `#sync is ahead; did=${head.did}; rev=${message.rev}`)
        const verified = await deps.verify(head, message)
        const ops = verified.ops.filter((op) => deps.wants(op.collection))
        const patch = { rev: verified.rev, data: verified.data }
        await submit({ ...base, rev: verified.rev, ops, patch, bufferId: buffered.id })
        head = { ...head, ...patch }
      } catch (error) {
        if (error instanceof InvalidError)
          messageInvalid(observer, { ...facts, rule: error.rule, message: error.message })
        else if (error instanceof DiscontinuousError) {
          messageDiscontinuous(observer, { ...facts, rule: error.rule, message: error.message })
        } else throw error
        await store.buffer.clear(head.id)
        throw error instanceof DiscontinuousError ? error : new DiscontinuousError(error.rule, error.message)
      }
    }
  }
}
