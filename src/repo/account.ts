import type { Outcome, Unit } from '../dispatch/unit.ts'
import { InvalidError, LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { messageEnded } from '../observe/sync-events.ts'
import type { Identity, IdentityResolver } from '../protocol/identity.ts'
import type { AccountMessage, Message } from '../protocol/message.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { decideAccount, decideIdentity } from './decide.ts'

export interface AccountProcessorDeps {
  readonly store: Store
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly identity: IdentityResolver
  /** See `IdentityChecks`. */
  readonly withHandle: (identity: Identity) => Promise<Identity>
  readonly observer: Observer
  /** Whether the stream may speak for accounts of this PDS (rule G1). */
  readonly speaksFor: (pds: string | null) => boolean | Promise<boolean>
  /** A repo is due for a fetch. */
  readonly onDue: () => void
  /** The account is deleted: its row stands at `deleted` and its records must go. */
  readonly onDeleted: (row: RepoRow) => void
}

/** Identities that were read so much later are worth a write although nothing changed, ms. */
const WORTH_MS = 60_000

/** Who an account is, where it lives and how it stands; run in the repo's lane. */
export class AccountProcessor {
  readonly #deps: AccountProcessorDeps

  constructor(deps: AccountProcessorDeps) {
    this.#deps = deps
  }

  /**
   * Resolves the account's identity and brings the row level with it. A handle that takes its time follows (rules
   * D1, D3).
   */
  async refresh(row: RepoRow, force: boolean): Promise<Identity> {
    const { identity: resolver, withHandle } = this.#deps
    const identity = await withHandle(await resolver.resolve(row.did, { force, handle: false }))
    await this.apply(row, identity)
    return identity
  }

  /**
   * Where handle, PDS or key differ from the row, writes that together with the onIdentity handlers' effects (rules D4,
   * D6). A move of PDS makes the repo due for a resync, and so does a new key when the last fetch failed.
   */
  async apply(row: RepoRow, identity: Identity): Promise<void> {
    const unit = identityUnit(row, identity)
    const identifiedAt = identity.asOf ?? 0
    if (unit === null && identifiedAt - (row.identifiedAt ?? 0) >= WORTH_MS)
      await this.#deps.store.repos.patch(row.id, { identifiedAt })
    if (unit === null) return
    await this.#deps.submit(unit)
    if (unit.patch?.state !== undefined) this.#deps.onDue()
  }

  /** Rule G1: a host that is not the account's home is asked about once more, and then not believed. */
  async requireHome(row: RepoRow, message: Message): Promise<void> {
    const { speaksFor } = this.#deps
    // A host says `deactivated` of everybody who moved out: there what we know may be old.
    const leaving = message.kind === 'account' && !message.active && !(await speaksFor(null))
    if (!leaving && (await speaksFor(row.pds))) return
    const { pds, tombstoned } = await this.refresh(row, true)
    if (tombstoned || (await speaksFor(pds))) return
    throw new InvalidError('G1', `the account does not live at the source; did=${row.did}; pds=${pds}`)
  }

  /** `#identity`: a hint to look (rule D1). */
  async identity(row: RepoRow): Promise<void> {
    try {
      const { tombstoned } = await this.refresh(row, true)
      // Only the directory can bury a DID (rule E7).
      if (tombstoned) await this.standing(row, { active: false, status: 'deleted', seq: null })
      messageEnded(this.#deps.observer, 'identity', 'applied', tombstoned ? 'E7' : null)
    } catch (error) {
      // A hint that could not be followed: forget what we know, so that the next commit asks again (rule D1).
      if (!(error instanceof LextapError)) throw error
      this.#deps.identity.forget(row.did)
      await this.#deps.store.repos.patch(row.id, { signingKey: null }, {})
      messageEnded(this.#deps.observer, 'identity', 'unresolved', 'D1')
      this.#deps.observer.log.warn(
        { did: row.did, err: error },
        'an identity could not be resolved; asking again later',
      )
    }
  }

  /** `#account` (rules E1–E5, E9, G1). */
  async account(row: RepoRow, message: AccountMessage): Promise<void> {
    await this.requireHome(row, message)
    const changed = await this.standing(row, message)
    messageEnded(this.#deps.observer, 'account', changed ? 'applied' : 'seen', changed ? null : 'E9')
  }

  /** Takes over what the upstream says of an account (rules E1–E5, E9); whether that is news. In its lane. */
  async standing(
    row: RepoRow,
    message: { readonly active: boolean; readonly status: string | null; readonly seq: number | null },
  ): Promise<boolean> {
    const { submit, store, onDue, onDeleted } = this.#deps
    const decision = decideAccount(row, message)
    if (decision.action === 'skip') return false
    const { from, to, next } = decision
    // Commits of an inactive account were ignored: fetch it again when it is back (rule E5).
    const due = next === 'resync' ? { state: 'desynchronized' as const, retryAt: null } : {}
    const told = message.seq === null ? {} : { accountSeq: message.seq }
    await submit({
      ...unitOf(row),
      patch: { standing: to, ...told, ...due },
      account: { did: row.did, active: message.active, status: to, from },
    })
    // Whenever it comes back it is fetched anew.
    if (to !== 'active') await store.buffer.clear(row.id)
    if (next === 'resync') onDue()
    if (next === 'remove') onDeleted({ ...row, standing: to })
    return true
  }
}

/** What changed between the row and the identity, as a unit; null when nothing did. */
export function identityUnit(row: RepoRow, identity: Identity): Unit | null {
  const decision = decideIdentity(row, identity)
  if (decision === null || decision === 'remove') return null
  // What failed may work with another key or at another host.
  const mends = row.state === 'error' && decision.changed.signingKey !== undefined
  const due = mends || (decision.resync && row.state !== 'pending')
  const read = identity.asOf === undefined ? {} : { identifiedAt: identity.asOf }
  const { handle, pds, signingKey } = { ...row, ...decision.patch }
  return {
    ...unitOf(row),
    patch: {
      ...decision.patch,
      ...read,
      ...(due ? { state: 'desynchronized' as const, retryAt: null } : {}),
    },
    identity: { did: row.did, handle, pds, signingKey, changed: decision.changed },
  }
}

/** A live unit of the repo that carries no ops and guards on nothing. */
export function unitOf(row: RepoRow): Unit {
  const { id, did, run, rev } = row
  return { repoId: id, did, source: 'live', rev: rev ?? '', guard: {}, ops: [], run, mode: 'trust' }
}
