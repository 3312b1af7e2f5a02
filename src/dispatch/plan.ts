import { cidEquals, cidToString } from '../protocol/cid.ts'
import type { Transaction } from '../store/database.ts'
import type { DeadLetterAction, NewDeadLetter } from '../store/dead-letters.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import { applyPatch, guardHolds } from '../store/repo-columns.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { checkRecord, type InvalidPolicy } from './check-record.ts'
import type { RecordEvent } from './event.ts'
import { IndexWrites } from './index-writes.ts'
import { handles, type Job } from './job.ts'
import { mostSpecific } from './patterns.ts'
import type { Publisher } from './publish.ts'
import type { Registry } from './registry.ts'
import { isLive, type Unit, type VerifiedOp } from './unit.ts'

export interface PlanDeps {
  readonly store: Store
  readonly registry: Registry
  readonly policy: {
    /** Pattern → policy; `*` stands for the rest. */
    readonly invalid: Readonly<Record<string, InvalidPolicy>>
    readonly legacyBlobs: boolean
  }
  readonly keepBodies: boolean
  /** Tells others of every change of the index; absent when nobody listens. */
  readonly publish?: Publisher
}

/** A job with what its dead letter would need. */
export interface PlannedJob extends Job {
  readonly op: Omit<NewDeadLetter, 'kind' | 'error' | 'issues' | 'attempts'>
  /** Place in `Plan.touched`. */
  readonly touch: number
}

/** What a dead letter is about. */
export interface LetterPath {
  readonly repoId: number
  readonly collection: string
  readonly rkey: string
}

/** Everything one batch will do, worked out unit by unit against the locked repo rows. */
export class Plan {
  readonly jobs: PlannedJob[] = []
  /** Records that are not delivered because they are invalid. */
  readonly invalid: { readonly letter: NewDeadLetter; readonly touch: number }[] = []
  /** Paths in the order they are dealt with: only the last failure of a path counts, and none before a success. */
  readonly touched: LetterPath[] = []
  readonly index: IndexWrites = new IndexWrites()
  /** Repos whose row changes, as it will be. */
  readonly patched: Map<number, RepoRow> = new Map()
  readonly removed: Map<number, string> = new Map()
  readonly buffered: { id: number; repoId: number }[] = []
  readonly outbox: OutboxEvent[] = []
  readonly #deps: PlanDeps
  readonly #tx: Transaction
  readonly #rows: Map<number, RepoRow>

  constructor(deps: PlanDeps, tx: Transaction, rows: Map<number, RepoRow>) {
    this.#deps = deps
    this.#tx = tx
    this.#rows = rows
  }

  /** False when the guard does not hold: the unit then leaves no trace. */
  async add(unit: Unit): Promise<boolean> {
    const row = this.#rows.get(unit.repoId)
    if (row === undefined || !guardHolds(row, unit.guard)) return false
    this.#events(unit)
    this.#publishAccount(unit, row)
    const existing = await this.#existing(unit)
    for (const op of unit.ops) this.#op(unit, op, existing)
    if (unit.patch !== undefined) {
      const next = applyPatch(row, unit.patch)
      this.#rows.set(row.id, next)
      this.patched.set(row.id, next)
    }
    if (unit.bufferId !== undefined) this.buffered.push({ id: unit.bufferId, repoId: row.id })
    if (unit.removeRepo === true) {
      this.#rows.delete(row.id)
      this.patched.delete(row.id)
      this.removed.set(row.id, row.did)
    }
    return true
  }

  #events(unit: Unit): void {
    const { registry } = this.#deps
    const base = { did: unit.did, repoId: unit.repoId, attempts: 0, failure: null }
    const op = (action: DeadLetterAction, event: unknown) => ({
      repoId: unit.repoId,
      did: unit.did,
      collection: '',
      // Identity and account events each have a letter of their own.
      rkey: action,
      rev: unit.rev,
      action,
      cid: null,
      body: Buffer.from(JSON.stringify(event)),
    })
    if (unit.identity !== undefined && registry.identity.length > 0) {
      const task = { kind: 'identity', event: unit.identity, handlers: registry.identity } as const
      const what = op('identity', unit.identity)
      this.jobs.push({ ...base, task, op: what, touch: this.touch(what) })
    }
    if (unit.account !== undefined && registry.account.length > 0) {
      const task = { kind: 'account', event: unit.account, handlers: registry.account } as const
      const what = op('account', unit.account)
      this.jobs.push({ ...base, task, op: what, touch: this.touch(what) })
    }
  }

  /** CIDs the index has for the paths of a diff. */
  async #existing(unit: Unit): Promise<Map<string, Uint8Array>> {
    if (unit.mode !== 'diff' || unit.fresh === true) return new Map()
    const { store } = this.#deps
    const paths = unit.ops.flatMap(({ collection, rkey }) => {
      const collectionId = store.collections.idOf(collection)
      return collectionId === undefined ? [] : [{ collectionId, rkey }]
    })
    return store.records.existing(unit.repoId, paths, this.#tx)
  }

  #op(unit: Unit, op: VerifiedOp, existing: Map<string, Uint8Array>): void {
    const { store, registry } = this.#deps
    const collectionId = store.collections.idOf(op.collection)
    if (op.action === 'delete' || op.cid === null || op.body === null) {
      // Also for collections we do not want any more: what is indexed must be able to go.
      if (collectionId === undefined) return
      this.index.delete(unit.repoId, collectionId, op.rkey)
      this.#publish(unit, op, 'delete')
      const touch = this.touch({ repoId: unit.repoId, collection: op.collection, rkey: op.rkey })
      this.#deliver(unit, op, { ...path(unit, op), action: 'delete' }, touch)
      return
    }
    if (collectionId === undefined || !registry.wants(op.collection)) return
    const before =
      this.index.pending(unit.repoId, collectionId, op.rkey) ?? existing.get(`${collectionId}/${op.rkey}`)
    if (unit.mode === 'diff' && before !== undefined && before !== null && cidEquals(before, op.cid)) {
      this.index.mark(unit.repoId, collectionId, op.rkey, unit.run, op.cid)
      return
    }
    const body = this.#deps.keepBodies ? op.body : null
    this.index.put(unit.repoId, collectionId, op.rkey, { cid: op.cid, run: unit.run, body })
    const action =
      unit.mode === 'trust' ? op.action : before === undefined || before === null ? 'create' : 'update'
    this.#publish(unit, op, action)
    this.#put(unit, { ...op, action, cid: op.cid, body: op.body })
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

  #put(
    unit: Unit,
    op: VerifiedOp & { action: 'create' | 'update'; cid: Uint8Array; body: Uint8Array },
  ): void {
    const { policy, registry } = this.#deps
    const touch = this.touch({ repoId: unit.repoId, collection: op.collection, rkey: op.rkey })
    const checked = checkRecord(op.body, op.collection, registry.schemaOf(op.collection), policy.legacyBlobs)
    if (checked.kind !== 'valid') {
      const what = mostSpecific(policy.invalid, op.collection) ?? 'dead-letter'
      if (what === 'skip') return
      if (what === 'dead-letter' || checked.kind === 'undecodable') {
        const issues =
          checked.kind === 'invalid' ? JSON.stringify(checked.issues).replaceAll('\\u0000', '') : null
        const error = checked.error.replaceAll('\0', '')
        const letter = { ...letterOf(unit, op), kind: checked.kind, error, issues, attempts: 1 }
        this.invalid.push({ letter, touch })
        return
      }
    }
    const event = { ...path(unit, op), action: op.action, cid: cidToString(op.cid), record: checked.value }
    this.#deliver(unit, op, event, touch)
  }

  #deliver(unit: Unit, op: VerifiedOp, event: RecordEvent, touch: number): void {
    const handlers = this.#deps.registry
      .handlersOf(op.collection)
      .filter((definition) => handles(definition, event))
    if (handlers.length === 0) return
    this.jobs.push({
      task: { kind: 'record', event, handlers },
      did: unit.did,
      repoId: unit.repoId,
      attempts: 0,
      failure: null,
      op: letterOf(unit, op),
      touch,
    })
  }

  touch(path: LetterPath): number {
    return this.touched.push(path) - 1
  }
}

const path = (unit: Unit, op: VerifiedOp) => ({
  did: unit.did,
  uri: `at://${unit.did}/${op.collection}/${op.rkey}`,
  collection: op.collection,
  rkey: op.rkey,
  rev: unit.rev,
  live: isLive(unit),
  source: unit.source,
})

const letterOf = (unit: Unit, op: VerifiedOp) => ({
  repoId: unit.repoId,
  did: unit.did,
  collection: op.collection,
  rkey: op.rkey,
  rev: unit.rev,
  action: op.action,
  cid: op.cid,
  body: op.body,
})
