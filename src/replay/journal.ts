import { TemporaryError } from '../errors.ts'
import type { Session } from '../store/database.ts'
import { isGone, ownName } from '../store/processes.ts'
import type { Store } from '../store/store.ts'
import { notBegun, type ReplayJob, type ReplayProgress, type ReplayResult } from './job.ts'

const JOB = 'replay.job'
const PROGRESS = 'replay.progress'
const LAST = 'replay.last'

/** A process that is not heard of is given up after so long, where several share a database, ms. */
export const LEASE_MS = 30_000

/** The replay under way, or asked for, in the database: there is at most one. */
export interface OpenReplay {
  readonly job: ReplayJob
  readonly progress: ReplayProgress
}

export async function openReplay(
  store: Store,
  session: Session = store.db.reader,
): Promise<OpenReplay | null> {
  const { forUpdate } = store.db.sql
  const lock = session === store.db.reader ? '' : forUpdate
  const rows = await session.all<{ key: string; value: string }>(
    `select key, value from lextap_meta where key in ('${JOB}', '${PROGRESS}') order by key ${lock}`,
  )
  const values = new Map(rows.map(({ key, value }) => [key, value]))
  const job = values.get(JOB)
  if (job === undefined) return null
  const parsed = JSON.parse(job) as ReplayJob
  const progress = values.get(PROGRESS)
  return {
    job: parsed,
    progress: progress === undefined ? notBegun(parsed.id) : (JSON.parse(progress) as ReplayProgress),
  }
}

/** Another process took the replay over, or it was taken away: nothing of the batch is written. */
export class ReplayLostError extends TemporaryError {
  constructor() {
    super('another process took the replay over', { code: 'replay-lost' })
  }
}

/** Throws ReplayLostError when the job is not ours any more; until the transaction ends it stays so. */
export async function requireOurs(store: Store, tx: Session, { id, owner }: ReplayProgress): Promise<void> {
  const open = await openReplay(store, tx)
  if (open?.progress.id !== id || open.progress.owner !== owner) throw new ReplayLostError()
}

export async function lastReplay(store: Store): Promise<ReplayResult | null> {
  const value = await store.meta.get(LAST)
  return value === null ? null : (JSON.parse(value) as ReplayResult)
}

/** Puts a job where whoever runs on the database finds it, in place of another. */
export async function writeJob(store: Store, session: Session, job: ReplayJob): Promise<void> {
  await store.meta.set(JOB, JSON.stringify(job), session)
  await store.meta.set(PROGRESS, JSON.stringify(notBegun(job.id)), session)
}

export async function writeProgress(store: Store, session: Session, progress: ReplayProgress): Promise<void> {
  await store.meta.set(PROGRESS, JSON.stringify(progress), session)
}

/** Takes the job away, saying what became of it. */
export async function closeJob(store: Store, session: Session, result: ReplayResult): Promise<void> {
  await session.run(`delete from lextap_meta where key in ('${JOB}', '${PROGRESS}')`)
  await store.meta.set(LAST, JSON.stringify(result), session)
}

/** The lease of an owner from now on. */
export const renewed = (): number => Date.now() + LEASE_MS

/** Progress that belongs to `owner` from now on. */
export async function ownedBy(
  store: Store,
  tx: Session,
  progress: ReplayProgress,
  owner: string,
): Promise<ReplayProgress> {
  return { ...progress, owner, process: await ownName(store, tx), lease: renewed() }
}

/** Whether nobody is at it, as far as one can tell where several share a database. */
export async function isFree(
  store: Store,
  session: Session,
  { owner, lease, process = null }: ReplayProgress,
): Promise<boolean> {
  return owner === null || lease <= Date.now() || (await isGone(store, session, process))
}

/**
 * Makes `owner` the one who works on the job. Null when there is none, or when another process is at it: on an
 * embedded database there can be no other, whatever the lease says.
 */
export function claimReplay(store: Store, owner: string): Promise<OpenReplay | null> {
  return store.transaction(async (tx) => {
    const open = await openReplay(store, tx)
    if (open === null) return null
    const { progress, job } = open
    const shared = store.dialect === 'postgres'
    if (shared && progress.owner !== owner && !(await isFree(store, tx, progress))) return null
    const mine = await ownedBy(store, tx, progress, owner)
    await writeProgress(store, tx, mine)
    return { job, progress: mine }
  })
}
