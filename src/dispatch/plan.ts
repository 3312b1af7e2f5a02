import { cidEquals } from '../protocol/cid.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import type { Transaction } from '../store/database.ts'
import type { DeadLetterAction } from '../store/dead-letters.ts'
import { isUnknown } from '../store/kept.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import type { OwedDelete } from '../store/owed-deletes.ts'
import { applyPatch, guardHolds, isHead } from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { withEarlier } from './change-now.ts'
import type { IdentityEvent } from './event.ts'
import { IndexWrites } from './index-writes.ts'
import { ChangeJob, type Job, RecordJob } from './job.ts'
import type { Publisher } from './publish.ts'
import type { Registry } from './registry.ts'
import type { Call, Routes } from './route.ts'
import { isLive, type Unit } from './unit.ts'

export interface PlanDeps {
  readonly store: Store
  readonly registry: Registry
  readonly routes: Routes
  readonly keepBodies: boolean
  /** Tells others of every change of the index; absent when nobody listens. */
  readonly publish?: Publisher
}

/** Everything one batch will do, worked out unit by unit against the locked repo rows. */
export class Plan {
  /** What handlers are called for, in order. */
  jobs: Job[] = []
  /** All that was dealt with, in order: only the last failure of a path counts, and none before a success. */
  readonly touched: Job[] = []
  readonly index: IndexWrites = new IndexWrites()
  /** Dead letters of the repos in it, by path. */
  letters: ReadonlyMap<string, DeadLetterAction> = new Map()
  /** Repos whose row changes, as it will be. */
  readonly patched: Map<number, RepoRow> = new Map()
  readonly removed: Map<number, string> = new Map()
  /** Of those, the ones whose rows stay. */
  readonly kept: Set<number> = new Set()
  readonly buffered: { id: number; repoId: number }[] = []
  readonly outbox: OutboxEvent[] = []
  /** Deletes whose handler is away. */
  readonly #owed: OwedDelete[] = []
  /** Patched ones of which more changes than the head. */
  readonly #rewritten = new Set<number>()
  readonly #deps: PlanDeps
  readonly #tx: Transaction
  readonly #rows: Map<number, RepoRow>
  /** The last job of each path, for repos that have several units in the batch. */
  readonly #last: Map<string, RecordJob> = new Map()
  /** Paths whose record no handler had taken before this batch. */
  #uncreated: ReadonlySet<string> = new Set()

  constructor(deps: PlanDeps, tx: Transaction, rows: Map<number, RepoRow>) {
    this.#deps = deps
    this.#tx = tx
    this.#rows = rows
  }

  /** False when the guard does not hold: the unit then leaves no trace. */
  async add(unit: Unit): Promise<boolean> {
    const row = this.#rows.get(unit.repoId)
    if (row === undefined || !guardHolds(row, unit.guard)) return false
    this.#changes(unit)
    this.#publishAccount(unit, row)
    const existing = await this.#existing(unit)
    for (const op of unit.ops) this.#op(unit, op, existing)
    if (unit.patch !== undefined) {
      const next = applyPatch(row, unit.patch)
      this.#rows.set(row.id, next)
      this.patched.set(row.id, next)
      if (!isHead(unit.patch)) this.#rewritten.add(row.id)
    }
    if (unit.bufferId !== undefined) this.buffered.push({ id: unit.bufferId, repoId: row.id })
    if (unit.removeRepo === true) {
      this.#rows.delete(row.id)
      this.patched.delete(row.id)
      this.removed.set(row.id, row.did)
      if (unit.keepRows === true) this.kept.add(row.id)
    }
    return true
  }

  /** The patched rows: those of which nothing but the head changes, and the others. */
  get writtenBack(): [heads: RepoRow[], whole: RepoRow[]] {
    const rows = [...this.patched.values()]
    const isWhole = ({ id }: RepoRow) => this.#rewritten.has(id)
    return [rows.filter((row) => !isWhole(row)), rows.filter(isWhole)]
  }

  addJob(job: Job): void {
    this.touched.push(job)
    if (job.kind === 'record' && this.index.remembers(job.origin.repoId)) {
      job.previous = this.#last.get(job.key) ?? null
      this.#last.set(job.key, job)
    }
    if (job.calls.length > 0 || (job.kind === 'record' && job.mayBeCreate)) this.jobs.push(job)
  }

  /**
   * Call when all is added: finds out which updates are creates for the handlers and which creates updates, and which
   * deletes are nothing.
   */
  async resolve(): Promise<void> {
    const { uncreated, deadLetters } = this.#deps.store
    this.letters = await deadLetters.pathsOf(this.#tx, [...new Set(this.touched.map(repoIdOf))])
    if (this.letters.size > 0) {
      for (const job of this.jobs)
        if (job.kind === 'record') job.undeleted = this.letters.get(job.key) === 'delete'
        else if (job.kind === 'identity' && this.letters.has(job.key)) await this.#withEarlier(job)
    }
    const asked = this.jobs.filter((job) => job.kind === 'record' && job.asksUncreated)
    if (asked.length === 0) return
    this.#uncreated = uncreated.any ? await uncreated.among(this.#tx, asked.map(pathOf)) : new Set()
    if (this.#uncreated.size > 0)
      for (const job of asked) if (job.kind === 'record') job.uncreated = this.#uncreated.has(job.key)
    this.jobs = this.jobs.filter((job) => job.calls.length > 0 || (job.kind === 'record' && job.previous))
  }

  /** Writes down which records no handler has taken now that all jobs are dealt with. */
  async writeUncreated(): Promise<void> {
    const { uncreated } = this.#deps.store
    const all = this.touched.filter((job) => job.kind === 'record')
    const records = all.filter((job) => job.origin.partial !== true)
    if (!uncreated.any && !records.some((job) => job.leavesUncreated)) return
    const last = [...new Map(records.map((job) => [job.key, job])).values()]
    const taken = last.filter(
      (job) =>
        !job.leavesUncreated &&
        (job.action === 'delete' || job.previous !== null || this.#uncreated.has(job.key)),
    )
    // Some handlers have these now: whatever follows is for them, a delete too.
    const partly = all.filter((job) => job.origin.partial === true && job.failure === null && !job.skipped)
    await uncreated.remove(this.#tx, [...taken, ...partly].map(pathOf))
    await uncreated.add(this.#tx, last.filter((job) => job.leavesUncreated).map(pathOf))
  }

  /** Writes down the deletes that nobody is there to take, of what handlers had. Call before the index is written. */
  async writeOwed(): Promise<void> {
    if (this.#owed.length === 0) return
    const { store } = this.#deps
    const had: OwedDelete[] = []
    for (const [repoId, owed] of Map.groupBy(this.#owed, (one) => one.repoId)) {
      const indexed = await store.records.existing(repoId, owed, this.#tx)
      had.push(...owed.filter(({ collectionId, rkey }) => indexed.has(`${collectionId}/${rkey}`)))
    }
    const nameOf = ({ collectionId }: OwedDelete) => store.collections.nameOf(collectionId)
    const paths = had.map((one) => ({ repoId: one.repoId, collection: nameOf(one), rkey: one.rkey }))
    const uncreated = await store.uncreated.among(this.#tx, paths)
    const taken = had.filter((one) => !uncreated.has(`${one.repoId}/${nameOf(one)}/${one.rkey}`))
    await store.owedDeletes.add(this.#tx, taken)
  }

  /** What nobody handled last time is told again: the letter goes when this is handled. */
  async #withEarlier(job: ChangeJob): Promise<void> {
    if (job.origin.attempts !== undefined) return
    const body = await this.#deps.store.deadLetters.changeOf(this.#tx, job.origin.repoId, 'identity')
    if (body === null) return
    const earlier = JSON.parse(Buffer.from(body).toString('utf8')) as IdentityEvent
    job.event = withEarlier(job.event as IdentityEvent, earlier)
  }

  #changes(unit: Unit): void {
    const { registry } = this.#deps
    for (const kind of ['identity', 'account'] as const) {
      const event = unit[kind]
      if (event !== undefined && registry[kind].length > 0) {
        this.addJob(new ChangeJob(unit, kind, event, changeCalls(registry, kind)))
      }
    }
  }

  /** CIDs the index has for the paths of a diff. */
  async #existing(unit: Unit): Promise<Map<string, Uint8Array> | null> {
    if (unit.mode !== 'diff' || unit.fresh === true) return null
    const { store } = this.#deps
    const paths = unit.ops.flatMap(({ collection, rkey }) => {
      const collectionId = store.collections.idOf(collection)
      return collectionId === undefined ? [] : [{ collectionId, rkey }]
    })
    return store.records.existing(unit.repoId, paths, this.#tx)
  }

  #op(unit: Unit, op: VerifiedOp, existing: Map<string, Uint8Array> | null): void {
    const { store, registry, routes, keepBodies } = this.#deps
    const { collection, rkey, cid, body } = op
    const collectionId = store.collections.idOf(collection)
    if (op.action === 'delete' || cid === null || body === null) {
      // Also for collections we do not want any more: what is indexed must be able to go.
      if (collectionId === undefined) return
      if (store.owedDeletes.isAway(collection))
        this.#owed.push({ collectionId, repoId: unit.repoId, rkey, did: unit.did, rev: unit.rev })
      this.index.delete(unit.repoId, collectionId, rkey)
      this.#publish(unit, op, 'delete')
      this.addJob(new RecordJob(unit, op, 'delete', routes.of(collection)))
      return
    }
    if (collectionId === undefined || !registry.wants(collection)) return
    const before = this.#before(unit, collectionId, rkey, existing)
    if (before !== null && unit.mode === 'diff' && cidEquals(before, cid)) {
      this.index.mark(unit.repoId, collectionId, rkey, unit.run, cid)
      return
    }
    const fresh = unit.mode === 'diff' && unit.fresh === true
    const record = { cid, run: unit.run, body: keepBodies ? body : null }
    this.index.put(unit.repoId, collectionId, rkey, record, fresh)
    const known = before !== null && !isUnknown(before)
    const action = unit.mode === 'trust' ? op.action : known ? 'update' : 'create'
    this.#publish(unit, op, action)
    this.addJob(new RecordJob(unit, op, action, routes.of(collection)))
  }

  /** The CID a diff finds at a path. */
  #before(
    unit: Unit,
    collectionId: number,
    rkey: string,
    existing: Map<string, Uint8Array> | null,
  ): Uint8Array | null {
    const pending = this.index.pending(unit.repoId, collectionId, rkey)
    return pending === undefined ? (existing?.get(`${collectionId}/${rkey}`) ?? null) : pending
  }

  #publish(unit: Unit, op: VerifiedOp, action: VerifiedOp['action']): void {
    const { publish } = this.#deps
    if (publish === undefined || unit.source === 'replay') return
    const { collection, rkey } = op
    const [cid, body] = action === 'delete' ? [null, null] : [op.cid, op.body]
    const live = isLive(unit) && unit.removing !== true
    this.outbox.push(
      publish.record({ live, did: unit.did, rev: unit.rev, collection, rkey, action, cid, body }),
    )
  }

  #publishAccount({ identity, account }: Unit, row: RepoRow): void {
    const { publish } = this.#deps
    if (publish === undefined) return
    const events = [
      identity === undefined ? null : publish.identity(identity, row.standing),
      account === undefined ? null : publish.account(account, row.handle),
    ]
    this.outbox.push(...events.filter((event) => event !== null))
  }
}

const repoIdOf = ({ origin }: Job) => origin.repoId
const pathOf = ({ origin: { repoId }, collection, rkey }: Job) => ({ repoId, collection, rkey })

export const changeCalls = (registry: Registry, kind: 'identity' | 'account'): readonly Call[] =>
  registry[kind].map(({ handle }) => ({ fn: handle, puts: null }))
