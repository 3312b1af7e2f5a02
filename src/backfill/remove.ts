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
}

const PAGE = 500

/**
 * Takes a repo out: a delete event for every indexed record, a page at a time, then the repo row with all that
 * hangs on it (rule E4). The row's standing `deleted`, or its `removal`, is what makes it resumable: a process killed in between
 * finds it at the next start. The lane is given back between pages, so other work of the repo is not held up.
 */
export async function removeRepo(
  row: RepoRow,
  keepRows: boolean,
  deps: RemoveDeps,
  signal: AbortSignal,
): Promise<void> {
  const { store, lanes, submit, observer } = deps
  const base = {
    repoId: row.id,
    did: row.did,
    source: 'live' as const,
    guard: {},
    run: row.run,
    mode: 'trust' as const,
    removing: true,
  }
  const rev = row.rev ?? ''
  let records = 0
  while (!keepRows && !signal.aborted) {
    const count = await lanes.run(row.did, async () => {
      const page = await store.records.page(row.id, null, PAGE)
      if (page.length === 0) return 0
      const ops = page.map(({ collection, rkey }) => ({
        action: 'delete' as const,
        collection,
        rkey,
        cid: null,
        body: null,
      }))
      await submit({ ...base, rev, ops })
      return page.length
    })
    if (count === 0) break
    records += count
  }
  if (signal.aborted) return
  await lanes.run(row.did, () => submit({ ...base, rev, ops: [], removeRepo: true }))
  repoRemoved(observer, { did: row.did, records })
}
