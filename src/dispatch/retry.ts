import { cidEquals } from '../protocol/cid.ts'
import type { Transaction } from '../store/database.ts'
import type { DeadLetter } from '../store/dead-letters.ts'
import type { Store } from '../store/store.ts'
import { ChangeJob, type Job, type Origin, RecordJob } from './job.ts'
import { changeCalls, type Plan, type PlanDeps } from './plan.ts'

/** What a dead letter comes to when it is tried again. */
export type PlannedRetry =
  | { readonly kind: 'job'; readonly job: Job }
  | { readonly kind: 'superseded'; readonly job: Job }
  | { readonly kind: 'gone' | 'unhandled' }

/** Checks under the repo's lock that the letter is still about what is true, and makes a job of it. */
export async function planRetry(
  deps: PlanDeps,
  tx: Transaction,
  plan: Plan,
  { id, repoId }: { id: number; repoId: number },
): Promise<PlannedRetry> {
  const letter = await deps.store.deadLetters.get(id, tx)
  if (letter === null) return { kind: 'gone' }
  const job = jobOf(deps, letter)
  if (job.kind === 'record') {
    const current = await currentCid(deps, tx, plan, { ...letter, repoId })
    const same = letter.cid === null ? current === null : current !== null && cidEquals(current, letter.cid)
    if (!same) return { kind: 'superseded', job }
  }
  return job.calls.length === 0 ? { kind: 'unhandled' } : { kind: 'job', job }
}

/** The repo a letter is about. One that was forgotten may be tracked again by now. */
export async function repoOf(store: Store, { repoId, did }: DeadLetter): Promise<number> {
  return repoId < 0 ? ((await store.repos.get(did))?.id ?? repoId) : repoId
}

/** What the index says, counting what earlier units of this batch will write. */
async function currentCid(
  { store }: PlanDeps,
  tx: Transaction,
  plan: Plan,
  { repoId, collection, rkey }: DeadLetter,
): Promise<Uint8Array | null> {
  const pending = plan.index.pending(repoId, store.collections.idOf(collection) ?? 0, rkey)
  if (pending !== undefined) return pending
  return (await store.records.get(repoId, collection, rkey, tx))?.cid ?? null
}

function jobOf(deps: PlanDeps, letter: DeadLetter): Job {
  const { repoId, did, rev, attempts, action, collection, rkey, cid, body } = letter
  const origin: Origin = { repoId, did, rev, source: 'replay', live: false, attempts }
  if (action === 'identity' || action === 'account') {
    const event = JSON.parse(Buffer.from(body ?? []).toString('utf8'))
    return new ChangeJob(origin, action, event, changeCalls(deps.registry, action))
  }
  // What failed has had no effect: a create is still one, however long ago.
  return new RecordJob(origin, { action, collection, rkey, cid, body }, action, deps.routes.of(collection))
}
