import type { Outcome, Unit } from '../dispatch/unit.ts'
import { DiscontinuousError, InvalidError, type LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import {
  bufferOverflowed,
  legacyCommit,
  messageDiscontinuous,
  messageEnded,
  messageInvalid,
} from '../observe/sync-events.ts'
import { decodeFrame, type FrameHead } from '../protocol/frame.ts'
import { IdentityError } from '../protocol/identity.ts'
import { parseKey } from '../protocol/key.ts'
import type {
  AccountMessage,
  CommitMessage,
  IdentityMessage,
  Message,
  SyncMessage,
} from '../protocol/message.ts'
import type { RepoPatch, RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { type AccountProcessor, unitOf } from './account.ts'
import { decide, decideSync } from './decide.ts'
import { type LegacyPolicy, Pacer } from './policy.ts'
import { type VerifiedCommit, verifyCommitAside, verifySync } from './verify.ts'

export interface ProcessorDeps {
  readonly store: Store
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly observer: Observer
  readonly legacy: LegacyPolicy
  readonly wants: (collection: string) => boolean
  readonly accounts: AccountProcessor
  /** Repos are fetched from a mirror that may be behind the stream. */
  readonly mirror: boolean
  /** An untracked repo was named: true when it was added. */
  readonly discover: (message: Message & { did: string }) => Promise<boolean>
  /** A repo is due for a fetch. */
  readonly onDue: () => void
  /** A message of the account is to be verified: an old identity is looked up again, beside us (rule D2). */
  readonly look: (row: RepoRow) => void
}

type Subject = CommitMessage | SyncMessage | IdentityMessage | AccountMessage
const HOUR = 3_600_000

/**
 * What one message does to one repo, run in the repo's lane. Everything it decides becomes true in the
 * dispatcher's transaction or not at all; a guard that failed there means the row moved, and the decision is
 * made again.
 */
export class Processor {
  readonly #deps: ProcessorDeps
  /** Rule B18: at most one an hour. */
  readonly #legacyResyncs = new Pacer({ limit: 1, windowMs: HOUR, maxKeys: 50_000 })
  /** Rule F13: five fetches before their time at once, then one every twelve minutes, however often a repo that always fails is written to. */
  readonly #hurries = new Pacer({ limit: 5, windowMs: HOUR, maxKeys: 50_000 })

  constructor(deps: ProcessorDeps) {
    this.#deps = deps
  }

  /** Resolves with the error when the stream itself is broken: what came is no frame (rule A1). */
  async handle(frame: Uint8Array, head: FrameHead): Promise<InvalidError | null> {
    let message: Message
    try {
      message = decodeFrame(frame)
    } catch (error) {
      const refusal = error instanceof InvalidError ? error : unexpected(error)
      await this.#undecodable(head, refusal)
      return refusal.rule === 'A1' ? refusal : null
    }
    if ('did' in message) await this.#message(message, frame)
    return null
  }

  async #message(message: Subject, frame: Uint8Array): Promise<void> {
    const row = await this.#deps.store.repos.get(message.did)
    if (row === null) {
      await this.#deps.discover(message)
      return
    }
    // On its way out: nothing that happens to it matters any more.
    if (row.removal !== null) return
    try {
      await this.#act(row, message, frame)
    } catch (error) {
      await this.#refused(row.did, message, error)
    }
  }

  /** Verifies a commit against a head, asking for the identity again when the signature fails (rule B10). */
  verify(row: RepoRow, message: CommitMessage): Promise<VerifiedCommit> {
    return this.#verify(row, message, { rev: row.rev, data: row.data }, this.#deps.legacy)
  }

  async #verify(
    row: RepoRow,
    message: CommitMessage,
    head: Pick<RepoRow, 'rev' | 'data'>,
    legacy: LegacyPolicy,
  ): Promise<VerifiedCommit> {
    const options = { legacy, now: Date.now() }
    const key = row.signingKey ?? (await this.#deps.accounts.refresh(row, false)).signingKey
    try {
      return await verifyCommitAside(message, this.#key(row, key), head, options)
    } catch (error) {
      if (!(error instanceof InvalidError && error.rule === 'B10')) throw error
      const again = await this.#deps.accounts.refresh(row, true)
      if (again.signingKey === null || again.signingKey === key) throw error
      return await verifyCommitAside(message, this.#key(row, again.signingKey), head, options)
    }
  }

  async #act(row: RepoRow, message: Subject, frame: Uint8Array): Promise<void> {
    const { accounts } = this.#deps
    if (message.kind === 'identity') return accounts.identity(row)
    if (message.kind === 'account') return accounts.account(row, message)
    if (row.standing === 'not-found') return this.#foundAgain(row, message)
    let current: RepoRow | null = row
    for (let attempt = 0; current !== null; attempt++) {
      if (attempt > 8) throw new DiscontinuousError('B19', `the repo row keeps moving; did=${row.did}`)
      const settled = await this.#commitOrSync(current, message, frame)
      if (settled) return
      current = await this.#deps.store.repos.get(row.did)
    }
  }

  /** False when the row moved meanwhile and the decision must be made again. */
  async #commitOrSync(
    row: RepoRow,
    message: CommitMessage | SyncMessage,
    frame: Uint8Array,
  ): Promise<boolean> {
    const { observer, accounts } = this.#deps
    const decision = decide(row, message, { mirror: this.#deps.mirror })
    switch (decision.action) {
      case 'ignore':
      case 'skip':
        messageEnded(observer, message.kind, decision.action === 'skip' ? 'seen' : 'ignored', decision.rule)
        return true
      case 'buffer':
        return this.#buffer(row, message, frame)
      case 'hurry':
        return this.#hurry(row, message)
      case 'verify':
        this.#deps.look(row)
        await accounts.requireHome(row, message)
        return message.kind === 'sync' ? this.#sync(row, message) : this.#commit(row, message)
      default:
        throw new DiscontinuousError(decision.rule, `${decision.reason}; did=${row.did}; rev=${message.rev}`)
    }
  }

  async #commit(row: RepoRow, message: CommitMessage): Promise<boolean> {
    const { submit, wants, observer, store, onDue } = this.#deps
    const verified = await this.verify(row, message)
    const outcome = await submit({
      ...unitOf(row),
      rev: verified.rev,
      guard: { rev: row.rev, run: row.run, state: 'active' },
      ops: verified.ops.filter((op) => wants(op.collection)),
      patch: { rev: verified.rev, data: verified.data },
    })
    if (outcome === 'stale') return false
    messageEnded(observer, 'commit', 'applied', null)
    if (verified.legacy) {
      legacyCommit(observer, { did: row.did, rev: verified.rev })
      if (this.#legacyResyncs.take(row.did, Date.now())) {
        await store.repos.patch(row.id, { state: 'desynchronized' }, { run: row.run, state: 'active' })
        onDue()
      }
    }
    return true
  }

  /**
   * Its last fetch failed, and its host has news that verify: what stood in the way may be gone, such as the foreign
   * signature under an imported repo, which is there until the next write. False when the row moved meanwhile.
   */
  async #hurry(row: RepoRow, message: CommitMessage | SyncMessage): Promise<boolean> {
    const { store, accounts, observer, onDue } = this.#deps
    if (this.#hurries.free(row.did, Date.now())) {
      await accounts.requireHome(row, message)
      if (message.kind === 'sync') await this.#syncHead(row, message)
      else await this.#verify(row, message, { rev: null, data: null }, 'proven')
      const guard = { run: row.run, state: 'error' as const }
      if (!(await store.repos.patch(row.id, { state: 'desynchronized', retryAt: null }, guard))) return false
      this.#hurries.take(row.did, Date.now())
      onDue()
    }
    messageEnded(observer, message.kind, 'ignored', 'F13')
    return true
  }

  /** The head a `#sync` names, asking for the identity again when the signature fails (rules C3, B10). */
  async #syncHead(row: RepoRow, message: SyncMessage): Promise<{ rev: string; data: Uint8Array }> {
    const key = row.signingKey ?? (await this.#deps.accounts.refresh(row, false)).signingKey
    try {
      return verifySync(message, this.#key(row, key))
    } catch (error) {
      if (!(error instanceof InvalidError && error.rule === 'C3')) throw error
      const again = await this.#deps.accounts.refresh(row, true)
      if (again.signingKey === null || again.signingKey === key) throw error
      return verifySync(message, this.#key(row, again.signingKey))
    }
  }

  async #sync(row: RepoRow, message: SyncMessage): Promise<boolean> {
    const head = await this.#syncHead(row, message)
    const next = decideSync(row, head)
    if (next === 'resync') {
      throw new DiscontinuousError(
        'C5',
        `#sync is ahead of us; did=${row.did}; rev=${head.rev}; ours=${row.rev}`,
      )
    }
    if (next === 'advance') {
      const guard = { rev: row.rev, run: row.run, state: 'active' as const }
      const patch = { rev: head.rev, data: head.data }
      if ((await this.#deps.submit({ ...unitOf(row), rev: head.rev, guard, patch })) === 'stale') return false
    }
    messageEnded(this.#deps.observer, 'sync', 'seen', 'C4')
    return true
  }

  async #buffer(row: RepoRow, message: CommitMessage | SyncMessage, frame: Uint8Array): Promise<boolean> {
    const { store, observer, onDue } = this.#deps
    const stored = await store.buffer.push(row.id, { seq: message.seq, rev: message.rev, frame })
    if (stored === 'stored') {
      messageEnded(observer, message.kind, 'buffered', 'C6')
      return true
    }
    bufferOverflowed(observer, { did: row.did })
    await store.buffer.clear(row.id)
    await store.repos.patch(
      row.id,
      { state: 'desynchronized', error: 'resync buffer full' },
      { run: row.run },
    )
    onDue()
    return true
  }

  /** Its host did not know the repo when we asked (rule F7), yet here it speaks: fetch it again. */
  async #foundAgain(row: RepoRow, message: CommitMessage | SyncMessage): Promise<void> {
    await this.#deps.accounts.standing(row, { active: true, status: null, seq: null })
    messageEnded(this.#deps.observer, message.kind, 'discontinuous', 'F7')
  }

  /** A broken frame. Of a tracked repo: we no longer know its head. Of one that could become ours: it is counted. */
  async #undecodable(head: FrameHead, error: InvalidError): Promise<void> {
    const { store, observer } = this.#deps
    const { kind, did, seq } = head
    messageInvalid(observer, { kind, did: did ?? '', seq, rule: error.rule, message: error.message })
    const row = did === null ? null : await store.repos.get(did)
    if (row !== null && (kind === 'commit' || kind === 'sync')) await this.#desynchronize(row, error)
  }

  async #refused(did: string, message: Subject, error: unknown): Promise<void> {
    const { store, observer } = this.#deps
    const facts = { kind: message.kind, did, seq: message.seq }
    if (error instanceof InvalidError)
      messageInvalid(observer, { ...facts, rule: error.rule, message: error.message })
    else if (error instanceof DiscontinuousError) {
      messageDiscontinuous(observer, { ...facts, rule: error.rule, message: error.message })
    } else if (error instanceof IdentityError) {
      messageInvalid(observer, { ...facts, rule: 'B11', message: error.message })
    } else throw error
    // Whoever has no say does not make us doubt what we hold either.
    if (error instanceof InvalidError && error.rule === 'G1') return
    const row = await store.repos.get(did)
    if (row !== null) await this.#desynchronize(row, error)
  }

  async #desynchronize(row: RepoRow, error: LextapError): Promise<void> {
    if (row.state !== 'active') return
    const patch: RepoPatch = { state: 'desynchronized', error: error.message, retryAt: null }
    await this.#deps.store.repos.patch(row.id, patch, { run: row.run, state: row.state })
    this.#deps.onDue()
  }

  #key(row: RepoRow, key: string | null): ReturnType<typeof parseKey> {
    if (key === null) throw new InvalidError('B11', `the account has no signing key; did=${row.did}`)
    return parseKey(key)
  }
}

/** What our own decoder stumbles over costs its repo a fetch, not everybody the stream. */
const unexpected = (cause: unknown): InvalidError =>
  new InvalidError('B1', `decoding it failed in an unexpected way: ${String(cause)}`, { cause })
