import { cidEquals } from '../protocol/cid.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import type { Transaction } from '../store/database.ts'
import type { DeadLetter } from '../store/dead-letters.ts'
import { type RawRepo, REPO_COLUMNS, toRepoRow } from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { accountNow, identityNow } from './change-now.ts'
import type { AccountEvent, IdentityEvent } from './event.ts'
import { ChangeJob, type Job, type Origin, RecordJob } from './job.ts'
import { changeCalls, type Plan, type PlanDeps } from './plan.ts'
import type { RetryOutcome, RetryWork } from './work.ts'

/** What a dead letter comes to when it is tried again. */
type PlannedRetry =
  | { readonly kind: 'job' | 'superseded'; readonly job: Job }
  | { readonly kind: 'unhandled' }

/** A retry whose outcome hangs on a job of the batch: that of the letter, or one before it at the same path. */
export interface PendingRetry {
  readonly job: Job
  /** The outcome when the job does not fail. */
  readonly otherwise: RetryOutcome
}

/** Adds the job of a letter, when there is one; and says what became of the retry, or what that hangs on. */
export async function addRetry(
  deps: PlanDeps,
  tx: Transaction,
  plan: Plan,
  { letter: { id }, repoId }: RetryWork,
): Promise<RetryOutcome | PendingRetry> {
  const letter = await deps.store.deadLetters.get(id, tx)
  if (letter === null) return 'gone'
  // What comes before it in this batch has not taken the letter away yet, and will, or writes its own in its place.
  const earlier = plan.touched.findLast((job) => job.key === keyOf(letter))
  if (earlier !== undefined) return { job: earlier, otherwise: earlier.retried ? 'gone' : 'superseded' }
  const planned = await planRetry(deps, tx, plan, letter, repoId)
  if (planned.kind === 'unhandled') return 'unhandled'
  const { job } = planned
  if (planned.kind === 'job') plan.addJob(job)
  else plan.touched.push(job)
  return { job, otherwise: planned.kind === 'job' ? 'applied' : 'superseded' }
}

const keyOf = ({ repoId, collection, rkey }: DeadLetter) => `${repoId}/${collection}/${rkey}`

/** Checks under the repo's lock that the letter is still about what is true, and makes a job of it. */
async function planRetry(
  deps: PlanDeps,
  tx: Transaction,
  plan: Plan,
  letter: DeadLetter,
  repoId: number,
): Promise<PlannedRetry> {
  if (letter.action === 'identity' || letter.action === 'account') return planChange(deps, tx, plan, letter)
  const job = jobOf(deps, letter, letter.action)
  const current = await currentCid(deps, tx, plan, { ...letter, repoId })
  const same = letter.cid === null ? current === null : current !== null && cidEquals(current, letter.cid)
  if (!same) return { kind: 'superseded', job }
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

/**
 * A change of account or identity is told as it is now. It is superseded when the repo began a new life since, or when
 * it has come to nothing; what was handled since has taken the letter away already.
 */
async function planChange(
  { registry }: PlanDeps,
  tx: Transaction,
  plan: Plan,
  letter: DeadLetter,
): Promise<PlannedRetry> {
  const told = JSON.parse(Buffer.from(letter.body ?? []).toString('utf8')) as AccountEvent & IdentityEvent
  const kind = letter.action === 'account' ? 'account' : 'identity'
  const jobFor = (event: AccountEvent | IdentityEvent) =>
    new ChangeJob(originOf(letter), kind, event, changeCalls(registry, kind))
  const row = await rowOf(tx, plan, letter.did)
  // Nobody follows it any more: what is still owed is the last we know.
  const now = row === null ? told : kind === 'account' ? accountNow(told, row) : identityNow(told, row)
  if (now === null || (row !== null && letter.repoId < 0)) return { kind: 'superseded', job: jobFor(told) }
  const job = jobFor(now)
  return job.calls.length === 0 ? { kind: 'unhandled' } : { kind: 'job', job }
}

/** The repo as it is, counting what earlier units of this batch will write. */
async function rowOf(tx: Transaction, plan: Plan, did: string): Promise<RepoRow | null> {
  const [raw] = await tx.all<RawRepo>(`select ${REPO_COLUMNS} from lextap_repo where did = $1`, [did])
  if (raw === undefined || plan.removed.has(raw.id)) return null
  return plan.patched.get(raw.id) ?? toRepoRow(raw)
}

function originOf({ repoId, did, rev, attempts }: DeadLetter): Origin {
  return { repoId, did, rev, source: 'replay', live: false, attempts }
}

function jobOf(deps: PlanDeps, letter: DeadLetter, action: VerifiedOp['action']): Job {
  const { collection, rkey, cid, body } = letter
  // What failed has had no effect: a create is still one, however long ago.
  return new RecordJob(
    originOf(letter),
    { action, collection, rkey, cid, body },
    action,
    deps.routes.of(collection),
  )
}
