import type { Lanes } from '../async/lanes.ts'
import type { Outcome, Unit } from '../dispatch/unit.ts'
import { IdentityError, type IdentityResolver } from '../protocol/identity.ts'
import { identityUnit } from '../repo/process.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Resolved } from './scheduler.ts'

export interface AccountsDeps {
  readonly identity: IdentityResolver
  readonly lanes: Lanes<string>
  readonly submit: (unit: Unit) => Promise<Outcome>
  /** The account is gone for good and its records must go. */
  readonly onDeleted: (row: RepoRow) => void
}

/** Brings the row of a claimed repo level with who and where its account is, and how its host says it stands. */
export class Accounts {
  readonly #deps: AccountsDeps

  constructor(deps: AccountsDeps) {
    this.#deps = deps
  }

  /** Null when the account is gone for good (rule E7). Throws IdentityError when it cannot be fetched. */
  async identify(row: RepoRow, signal: AbortSignal): Promise<Resolved | null> {
    const identity = await this.#deps.identity.resolve(row.did, { signal })
    if (identity.tombstoned) {
      await this.standing(row, 'deleted')
      return null
    }
    // Its fetch is what follows: a move of PDS need not ask for another one.
    const unit = identityUnit({ ...row, state: 'pending' }, identity)
    if (unit !== null) await this.#deps.submit(unit)
    const { pds, signingKey } = identity
    if (pds === null || signingKey === null) {
      const what = pds === null ? 'PDS' : 'signing key'
      throw new IdentityError('invalid', `the DID document names no ${what}; did=${row.did}`)
    }
    return { ...identity, pds, signingKey }
  }

  /** The host (or the directory) told how the account stands while we fetched it (rules E4, E7, F7). */
  async standing(row: RepoRow, standing: string): Promise<void> {
    await this.#deps.lanes.run(row.did, () =>
      this.#deps.submit({
        repoId: row.id,
        did: row.did,
        source: 'resync',
        rev: row.rev ?? '',
        guard: { run: row.run },
        ops: [],
        run: row.run,
        mode: 'trust',
        patch: { standing, state: 'desynchronized', error: `the host says: ${standing}` },
        account: { did: row.did, active: false, status: standing, from: row.standing },
      }),
    )
    if (standing === 'deleted') this.#deps.onDeleted({ ...row, standing })
  }
}
