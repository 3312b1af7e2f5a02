import type { Lanes } from '../async/lanes.ts'
import { within } from '../async/signal.ts'
import type { Outcome, Unit } from '../dispatch/unit.ts'
import { type Identity, IdentityError, type IdentityResolver } from '../protocol/identity.ts'
import { identityUnit } from '../repo/account.ts'
import type { IdentityChecks } from '../repo/identity-checks.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import type { Resolved } from './claims.ts'

export interface AccountsDeps {
  readonly store: Store
  readonly identity: IdentityResolver
  readonly lanes: Lanes<string>
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly checks: Pick<IdentityChecks, 'withHandle' | 'owe'>
  /** The account is gone for good and its records must go. */
  readonly onDeleted: (row: RepoRow) => void
}

/** How long the directory is waited for about an account that is known, ms. */
const KNOWN_GRACE_MS = 500

/** Brings the row of a claimed repo level with who and where its account is, and how its host says it stands. */
export class Accounts {
  readonly #deps: AccountsDeps

  constructor(deps: AccountsDeps) {
    this.#deps = deps
  }

  /** Null when the account is gone for good (rule E7). Throws IdentityError when it cannot be fetched. */
  async identify(row: RepoRow, signal: AbortSignal): Promise<Resolved | null> {
    const identity = await this.#lookUp(row, signal)
    if (identity === null) return asKnown(row)
    if (identity.tombstoned) {
      await this.#tombstoned(row)
      return null
    }
    await this.#level(row, identity)
    const { pds, signingKey } = identity
    if (pds === null || signingKey === null) {
      const what = pds === null ? 'PDS' : 'signing key'
      throw new IdentityError('invalid', `the DID document names no ${what}; did=${row.did}`)
    }
    return { ...identity, pds, signingKey }
  }

  /** In its lane, with the row as it is there: a check of its handle may have brought it level already. */
  async #level({ did, run }: RepoRow, identity: Identity): Promise<void> {
    const { store, submit, lanes } = this.#deps
    await lanes.run(did, async () => {
      const now = await store.repos.get(did)
      if (now === null || now.run !== run) return
      // Its fetch is what follows: a move of PDS need not ask for another one.
      const unit = identityUnit({ ...now, state: 'pending' }, identity)
      if (unit !== null) await submit(unit)
    })
  }

  /**
   * Null when what the row knows must do: who is known already need not wait for a slow or broken directory. What it
   * says follows, and a signature that does not fit asks it again anyway.
   */
  async #lookUp(row: RepoRow, signal: AbortSignal): Promise<Identity | null> {
    const { identity, checks } = this.#deps
    const { did, pds, signingKey } = row
    const asked = identity.resolve(did, { signal, handle: false })
    if (pds === null || signingKey === null) return checks.withHandle(await asked)
    const found = await within(asked.catch(unlessTemporary), KNOWN_GRACE_MS)
    if (found !== null) return checks.withHandle(found)
    await checks.owe(did)
    return null
  }

  /**
   * The host says how the account stands (rules E4, F7). Only the host where it lives now can know: an old home
   * says `deactivated` of everybody who moved out. False when it lives elsewhere or the claim is lost.
   */
  async hostSays(row: RepoRow, standing: string, signal: AbortSignal): Promise<boolean> {
    const { identity: resolver, checks } = this.#deps
    const options = { force: true, handle: false, signal }
    const identity = await checks.withHandle(await resolver.resolve(row.did, options))
    return this.#deps.lanes.run(row.did, async () => {
      const { store, submit } = this.#deps
      const now = await store.repos.get(row.did)
      if (now === null || now.run !== row.run || now.state !== 'resyncing') return false
      const unit = identityUnit(now, identity)
      if (unit !== null) await submit(unit)
      if (unit?.patch?.state !== undefined) return false
      return this.#stand(now, standing)
    })
  }

  /** The directory says the account is gone for good (rule E7). */
  async #tombstoned(row: RepoRow): Promise<void> {
    await this.#deps.lanes.run(row.did, async () => {
      const now = await this.#deps.store.repos.get(row.did)
      if (now !== null && now.run === row.run) await this.#stand(now, 'deleted')
    })
  }

  async #stand(row: RepoRow, standing: string): Promise<boolean> {
    const { store, submit, onDeleted } = this.#deps
    // The stream may have told it already.
    const news = row.standing !== standing
    const outcome = await submit({
      repoId: row.id,
      did: row.did,
      source: 'resync',
      rev: row.rev ?? '',
      guard: { run: row.run, state: 'resyncing' },
      ops: [],
      run: row.run,
      mode: 'trust',
      patch: { standing, state: 'desynchronized', error: `the host says: ${standing}` },
      ...(news ? { account: { did: row.did, active: false, status: standing, from: row.standing } } : {}),
    })
    if (outcome === 'stale') return false
    await store.buffer.clear(row.id)
    if (standing === 'deleted') onDeleted({ ...row, standing })
    return true
  }
}

function unlessTemporary(error: unknown): null {
  if (error instanceof IdentityError && error.retry) return null
  throw error
}

/** The account as its row has it; null when that is not enough for a fetch. */
function asKnown({ did, handle, pds, signingKey }: RepoRow): Resolved | null {
  if (pds === null || signingKey === null) return null
  return { did, handle, claimedHandle: handle, pds, signingKey, tombstoned: false }
}
