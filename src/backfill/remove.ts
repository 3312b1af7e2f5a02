import type { Lanes } from '../async/lanes.ts'
import type { Outcome, Unit } from '../dispatch/unit.ts'
import type { Observer } from '../observe/observer.ts'
import { repoRemoved } from '../observe/sync-events.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'

export interface RemoveDeps {
  readonly store: Store
  readonly lanes: Lanes<string>
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly observer: Observer
  /** Called before anything goes: somebody else is to stop sending the repo. Fails when it could not be told. */
  readonly leave?: (did: string, signal: AbortSignal) => Promise<void>
}

const PAGE = 500

/**
 * Takes a repo out: a delete event for every indexed record, a page at a time, then the repo row with all that
 * hangs on it (rule E4). The row's standing `deleted`, or its `removal`, is what makes it resumable: a process
 * killed in between finds it at the next start, and one that is tracked again meanwhile stays. The lane is given
 * back between pages, so other work of the repo is not held up.
 */
export async function removeRepo(
  row: RepoRow,
  keepRows: boolean,
  deps: RemoveDeps,
  signal: AbortSignal,
): Promise<void> {
  const { store, lanes, submit, observer, leave } = deps
  await leave?.(row.did, signal)
  const base = {
    repoId: row.id,
    did: row.did,
    source: 'live' as const,
    rev: row.rev ?? '',
    guard: { leaving: true as const },
    run: row.run,
    mode: 'trust' as const,
    removing: true,
    ops: [],
  }
  // A fetch under way loses its claim: what it still brings would be left behind.
  if ((await submit({ ...base, patch: { state: 'desynchronized' } })) === 'stale') return
  // It may not have been fetched since its rows were kept.
  if (!keepRows) await store.kept.adopt(row.id, row.did)
  let records = 0
  while (!keepRows) {
    if (signal.aborted) return
    const page = await lanes.run(row.did, async () => {
      const ops = (await store.records.page(row.id, null, PAGE)).map(gone)
      if (ops.length > 0 && (await submit({ ...base, ops })) === 'stale') return null
      return ops.length
    })
    if (page === null) return
    if (page === 0) break
    records += page
  }
  if (signal.aborted) return
  const outcome = await lanes.run(row.did, () => submit({ ...base, removeRepo: true, keepRows }))
  if (outcome === 'applied') repoRemoved(observer, { did: row.did, records })
}

const gone = ({ collection, rkey }: { collection: string; rkey: string }) => ({
  action: 'delete' as const,
  collection,
  rkey,
  cid: null,
  body: null,
})
