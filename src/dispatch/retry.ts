import { cidEquals, cidToString } from '../protocol/cid.ts'
import type { Transaction } from '../store/database.ts'
import type { DeadLetter } from '../store/dead-letters.ts'
import type { Store } from '../store/store.ts'
import { checkRecord } from './check-record.ts'
import type { RecordEvent } from './event.ts'
import { handles } from './job.ts'
import { mostSpecific } from './patterns.ts'
import type { Plan, PlanDeps, PlannedJob } from './plan.ts'

/** What a dead letter comes to when it is tried again. */
export type PlannedRetry =
  | { readonly kind: 'job'; readonly job: Omit<PlannedJob, 'touch'> }
  /** Nothing to call: the letter just goes. */
  | { readonly kind: 'applied' }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'gone' }
  /** Still invalid. */
  | { readonly kind: 'failed'; readonly letter: DeadLetter }

/** Checks under the repo's lock that the letter is still about what is true, and makes a job of it. */
export async function planRetry(
  deps: PlanDeps,
  tx: Transaction,
  plan: Plan,
  id: number,
): Promise<PlannedRetry> {
  const letter = await deps.store.deadLetters.get(id, tx)
  if (letter === null) return { kind: 'gone' }
  if (letter.action === 'identity' || letter.action === 'account') return planEvent(deps, letter)
  const repoId = await repoOf(deps.store, letter)
  const current = await currentCid(deps, tx, plan, { ...letter, repoId })
  const same = letter.cid === null ? current === null : current !== null && cidEquals(current, letter.cid)
  return same ? planRecord(deps, letter) : { kind: 'superseded' }
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

function planRecord(deps: PlanDeps, letter: DeadLetter): PlannedRetry {
  const { did, uri, collection, rkey, rev, cid, body } = letter
  const base = { did, uri, collection, rkey, rev, live: false, source: 'replay' } as const
  if (cid === null || body === null) return planTask(deps, letter, { ...base, action: 'delete' })
  const schema = deps.registry.schemaOf(collection)
  const checked = checkRecord(body, collection, schema, deps.policy.legacyBlobs)
  if (checked.kind !== 'valid') {
    const policy = mostSpecific(deps.policy.invalid, collection) ?? 'dead-letter'
    if (policy === 'skip') return { kind: 'applied' }
    if (policy === 'dead-letter' || checked.kind === 'undecodable') {
      const issues = checked.kind === 'invalid' ? JSON.stringify(checked.issues) : null
      const attempts = letter.attempts + 1
      return {
        kind: 'failed',
        letter: { ...letter, kind: checked.kind, error: checked.error, issues, attempts },
      }
    }
  }
  return planTask(deps, letter, { ...base, action: 'update', cid: cidToString(cid), record: checked.value })
}

function planTask(deps: PlanDeps, letter: DeadLetter, event: RecordEvent): PlannedRetry {
  const handlers = deps.registry
    .handlersOf(letter.collection)
    .filter((definition) => handles(definition, event))
  if (handlers.length === 0) return { kind: 'applied' }
  return { kind: 'job', job: { ...baseOf(letter), task: { kind: 'record', event, handlers } } }
}

function planEvent(deps: PlanDeps, letter: DeadLetter): PlannedRetry {
  const event = JSON.parse(Buffer.from(letter.body ?? []).toString('utf8'))
  const kind = letter.action === 'identity' ? 'identity' : 'account'
  const handlers = deps.registry[kind]
  if (handlers.length === 0) return { kind: 'applied' }
  return { kind: 'job', job: { ...baseOf(letter), task: { kind, event, handlers } as PlannedJob['task'] } }
}

const baseOf = (letter: DeadLetter) => ({
  did: letter.did,
  repoId: letter.repoId,
  attempts: 0,
  failure: null,
  op: {
    repoId: letter.repoId,
    did: letter.did,
    collection: letter.collection,
    rkey: letter.rkey,
    rev: letter.rev,
    action: letter.action,
    cid: letter.cid,
    body: letter.body,
  },
})
