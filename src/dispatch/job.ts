import { cidToString } from '../protocol/cid.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import type { DeadLetterAction, NewDeadLetter } from '../store/dead-letters.ts'
import { checkRecord } from './check-record.ts'
import type { AccountEvent, EventSource, IdentityEvent, RecordEvent } from './event.ts'
import { failureText } from './failure-text.ts'
import type { Call, Route } from './route.ts'

/** Why a job failed for good. */
export type Failure =
  | { readonly kind: 'handler' | 'timeout'; readonly error: unknown }
  | { readonly kind: 'invalid' | 'undecodable'; readonly error: string; readonly issues: string | null }

/** Where a job comes from: a unit, or a dead letter. */
export interface Origin {
  readonly repoId: number
  readonly did: string
  readonly rev: string
  readonly source: EventSource
  readonly live?: boolean
  /** Attempts made before, by the letter that is tried again; absent for anything else. */
  readonly attempts?: number
  /** Some handlers of the record are called and not all: what the others left behind is not settled by it. */
  readonly partial?: boolean
  /** The tables were emptied: handlers have nothing of what is replayed. */
  readonly emptied?: boolean
}

/** One event and everybody who handles it: the smallest thing that is applied or becomes a dead letter. */
export type Job = RecordJob | ChangeJob

abstract class BaseJob {
  readonly origin: Origin
  /** Failures so far. */
  attempts = 0
  failure: Failure | null = null
  abstract readonly collection: string
  abstract readonly rkey: string

  constructor(origin: Origin) {
    this.origin = origin
  }

  /** What a dead letter of this job is found by. */
  get key(): string {
    return `${this.origin.repoId}/${this.collection}/${this.rkey}`
  }

  /** It comes from a dead letter. */
  get retried(): boolean {
    return this.origin.attempts !== undefined
  }

  /** Takes note of a failed call; whether the job is to be called once more. `limit` is the most failures. */
  failed(kind: 'handler' | 'timeout', error: unknown, limit: number): boolean {
    this.attempts++
    // A call that used up its time is not given it again: everybody else waits meanwhile.
    if (this.attempts < limit && kind !== 'timeout') return true
    this.failure = { kind, error }
    return false
  }

  protected letterFrom(
    failure: Failure,
    rest: { action: DeadLetterAction; cid: Uint8Array | null; body: Uint8Array | null },
  ): NewDeadLetter {
    const { repoId, did, rev, attempts = 0 } = this.origin
    const checked = failure.kind === 'invalid' || failure.kind === 'undecodable'
    return {
      repoId,
      did,
      rev,
      collection: this.collection,
      rkey: this.rkey,
      ...rest,
      kind: failure.kind,
      error: checked ? failure.error : failureText(failure.error),
      issues: checked ? failure.issues : null,
      attempts: attempts + Math.max(1, this.attempts),
    }
  }
}

/** A record that was put or deleted. */
export class RecordJob extends BaseJob {
  readonly kind = 'record'
  readonly op: VerifiedOp
  readonly route: Route
  /** What came before it at its path in the same batch. */
  previous: RecordJob | null = null
  /** The index has a record here that no handler has taken; only asked when there is no `previous`. */
  uncreated = false
  /** A delete at its path has failed and is still owed; only asked when there is no `previous`. */
  undeleted = false
  /** It is invalid and the policy lets it pass without a word. */
  skipped = false
  readonly #action: VerifiedOp['action']
  /** Why the version before could not be taken back. */
  #stands: Extract<Failure, { kind: 'handler' | 'timeout' }> | null = null
  #withdrawals = 0
  /** The rule its record breaks, whatever the policy makes of it; null when none, or when nobody looked. */
  broken: 'H1' | 'H2' | 'H3' | null = null

  constructor(origin: Origin, op: VerifiedOp, action: VerifiedOp['action'], route: Route) {
    super(origin)
    this.op = op
    this.#action = action
    this.route = route
  }

  /**
   * What it is for the handlers: the first version they take is a create, whatever it is for the repo, and one that
   * comes back while they have the old one is an update.
   */
  get action(): VerifiedOp['action'] {
    if (this.#action === 'create' && this.#returns && this.route.update.length > 0) return 'update'
    if (this.#action !== 'update' || this.route.create.length === 0) return this.#action
    return this.#untaken ? 'create' : 'update'
  }
  /** Handlers have nothing of the record before this job. */
  get #untaken(): boolean {
    return this.previous === null ? this.uncreated : this.previous.leavesUncreated
  }
  /** The record is new again, and handlers have the version that they could not delete. */
  get #returns(): boolean {
    return this.previous === null ? this.undeleted : this.previous.leavesUndeleted
  }
  /** Whether handlers have a record afterwards that is not there any more. Known once it was dealt with. */
  get leavesUndeleted(): boolean {
    return this.#action === 'delete' && this.failure !== null
  }
  /** Whether it may turn out to be a create. */
  get mayBeCreate(): boolean {
    return this.#action === 'update' && this.route.create.length > 0
  }
  /** Whether it matters what handlers have had of the record. */
  get asksUncreated(): boolean {
    return this.#action !== 'create' || (this.indexed && this.origin.partial !== true)
  }
  /** Handlers have an earlier version, or this one: an update of what they took, or a replay over what is there. */
  get #held(): boolean {
    if (this.#action === 'delete' || this.#untaken) return false
    const { partial, emptied } = this.origin
    if (this.#action === 'update' || this.#returns) return true
    return this.indexed && !this.retried && !partial && !emptied
  }
  get #failed(): boolean {
    return this.failure !== null || this.skipped
  }
  /**
   * This version is not to be had, so handlers take back the one before, with a delete: a fresh fetch would not
   * bring that one either (promise P4).
   */
  get withdraws(): boolean {
    return this.#failed && this.#stands === null && this.#held && this.route.delete.length > 0
  }
  /** Whether the index has a record afterwards of which handlers have nothing. Known once it was dealt with. */
  get leavesUncreated(): boolean {
    return this.#failed && this.#action !== 'delete' && (!this.#held || this.withdraws)
  }

  get collection(): string {
    return this.op.collection
  }
  get rkey(): string {
    return this.op.rkey
  }
  get calls(): readonly Call[] {
    const { action } = this
    // Nobody has it.
    if (action === 'delete' && this.#untaken) return NOBODY
    return this.route[this.withdraws ? 'delete' : action]
  }
  get live(): boolean {
    return this.origin.live ?? this.origin.source === 'live'
  }
  /** The index has it as it is: it is tried again, or replayed. */
  get indexed(): boolean {
    return this.origin.source === 'replay'
  }
  get uri(): string {
    return `at://${this.origin.did}/${this.op.collection}/${this.op.rkey}`
  }

  /**
   * The event to deliver; a delete when it withdraws. Null when there is nothing to deliver: the record is invalid and
   * the policy says so, and `failure` is set where it becomes a dead letter. Made when it is handed out and not kept: a batch
   * of decoded records would outlive several garbage collections.
   */
  prepare(): RecordEvent | null {
    const { did, rev, source } = this.origin
    const { collection, rkey, cid, body } = this.op
    const { uri, live } = this
    const gone = this.action === 'delete' || cid === null || body === null
    const record = gone || this.#failed ? NOTHING : this.#record(body)
    if (gone || this.withdraws) return { did, uri, collection, rkey, rev, live, source, action: 'delete' }
    if (record === NOTHING) return null
    return {
      did,
      uri,
      collection,
      rkey,
      rev,
      live,
      source,
      action: this.action,
      cid: cidToString(cid),
      record,
    }
  }

  #record(body: Uint8Array): unknown {
    const { schema, invalid, legacyBlobs } = this.route
    const checked = checkRecord(body, this.op.collection, schema, legacyBlobs)
    if (checked.kind === 'valid') return checked.value
    this.broken = checked.rule
    if (invalid === 'deliver' && checked.kind === 'invalid') return checked.value
    if (invalid === 'skip') this.skipped = true
    else {
      // Postgres cannot store the character NUL.
      const issues =
        checked.kind === 'invalid' ? JSON.stringify(checked.issues).replaceAll('\\u0000', '') : null
      this.failure = { kind: checked.kind, error: checked.error.replaceAll('\0', ''), issues }
    }
    return NOTHING
  }

  /** What cannot be had is given up, and what cannot be taken back as well. */
  override failed(kind: 'handler' | 'timeout', error: unknown, limit: number): boolean {
    if (!this.withdraws) return super.failed(kind, error, limit) || this.withdraws
    if (++this.#withdrawals < limit && kind !== 'timeout') return true
    this.#stands = { kind, error }
    this.failure ??= this.#stands
    return false
  }

  /** What a retry is to deliver. */
  get #owed(): VerifiedOp['action'] {
    if (this.#action === 'delete') return 'delete'
    const [first, second] = this.leavesUncreated
      ? (['create', 'update'] as const)
      : (['update', 'create'] as const)
    return this.route[first].length > 0 ? first : second
  }

  letter(failure: Failure): NewDeadLetter {
    const { cid, body } = this.op
    const letter = this.letterFrom(failure, { action: this.#owed, cid, body })
    if (this.#stands === null) return letter
    const why = this.skipped ? 'the record is invalid and is skipped' : letter.error
    const error = `${why}\nand the version before stays, since the delete handler failed: ${failureText(this.#stands.error)}`
    return { ...letter, error }
  }
}

const NOBODY: readonly Call[] = []
const NOTHING = Symbol('nothing to deliver')

/** A change of identity or of account. */
export class ChangeJob extends BaseJob {
  readonly kind: 'identity' | 'account'
  event: IdentityEvent | AccountEvent
  readonly calls: readonly Call[]
  readonly collection = ''

  constructor(
    origin: Origin,
    kind: 'identity' | 'account',
    event: IdentityEvent | AccountEvent,
    calls: readonly Call[],
  ) {
    super(origin)
    this.kind = kind
    this.event = event
    this.calls = calls
  }

  /** Identity and account changes each have a letter of their own. */
  get rkey(): string {
    return this.kind
  }
  get live(): boolean {
    return true
  }

  letter(failure: Failure): NewDeadLetter {
    return this.letterFrom(failure, {
      action: this.kind,
      cid: null,
      body: Buffer.from(JSON.stringify(this.event)),
    })
  }
}
