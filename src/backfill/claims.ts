import type { BackoffOptions } from '../async/backoff.ts'
import { isAbort } from '../async/signal.ts'
import type { Observer } from '../observe/observer.ts'
import { resyncFailed } from '../observe/sync-events.ts'
import type { Identity } from '../protocol/identity.ts'
import type { ClaimOptions } from '../store/repo-claims.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { decideFailure } from './failure.ts'

export type Resolved = Identity & { pds: string; signingKey: string }

export interface ClaimsDeps {
  readonly store: Store
  readonly observer: Observer
  /** How long a claim holds when the process dies, ms; renewed while it lives. */
  readonly leaseMs: number
  /** First and longest wait before a failed repo is tried again, ms (rule F13). */
  readonly retry: BackoffOptions
  /** The host says the account is gone, suspended, … (rule F7). */
  readonly onStanding: (row: RepoRow, standing: string, signal: AbortSignal) => Promise<unknown>
  readonly onFailed: () => void
  /** Aborts when we stop. */
  readonly signal: AbortSignal
}

/** The repos in our hands, and how each leaves them: fetched, given back, or failed. */
export class Claims {
  readonly #deps: ClaimsDeps
  readonly #held = new Set<number>()
  #renewed = 0

  constructor(deps: ClaimsDeps) {
    this.#deps = deps
  }

  /** Takes repos that are due. */
  async take(options: Omit<ClaimOptions, 'leaseMs'>): Promise<RepoRow[]> {
    const { store, leaseMs } = this.#deps
    const rows = await store.repos.claim({ ...options, leaseMs })
    for (const row of rows) this.#held.add(row.id)
    return rows
  }

  /** So that nobody takes our repos over while we are at them. */
  async renew(now: number): Promise<void> {
    const { store, leaseMs } = this.#deps
    if (now - this.#renewed < leaseMs / 4 || this.#held.size === 0) return
    this.#renewed = now
    await store.repos.renew([...this.#held], now + leaseMs)
  }

  /** Somebody wrote down what became of it. */
  done(row: RepoRow): void {
    this.#held.delete(row.id)
  }

  /** Gives a repo back: nothing is counted as its failure. */
  async release(row: RepoRow, retryAt: number | null, error: string | null = row.error): Promise<void> {
    const guard = { run: row.run, state: 'resyncing' as const }
    this.#held.delete(row.id)
    await this.#deps.store.repos.patch(row.id, { state: 'desynchronized', retryAt, error }, guard)
  }

  /** Writes down what an error means for the repo. */
  async fail(row: RepoRow, error: unknown): Promise<void> {
    const { store, observer, onStanding, onFailed, signal, retry } = this.#deps
    const guard = { run: row.run, state: 'resyncing' as const }
    this.#held.delete(row.id)
    if (isAbort(error, signal) || signal.aborted) {
      await store.repos.patch(row.id, { state: 'desynchronized' }, guard)
      return
    }
    const decision = decideFailure(error, row, retry, Date.now())
    switch (decision.kind) {
      case 'lost':
        return
      case 'behind':
        // F9 spaces the attempts.
        await store.repos.patch(row.id, { state: 'desynchronized', error: decision.error }, guard)
        return
      case 'standing':
        await onStanding(row, decision.standing, signal).catch((again) => this.fail(row, again))
        return
      case 'later':
        observer.log.warn(
          { did: row.did, err: error },
          'an identity could not be resolved; trying again soon',
        )
        await this.release(row, decision.retryAt, decision.error)
        return
      case 'failed': {
        onFailed()
        const { error: message, failures: retryCount, retryAt, reason } = decision
        await store.repos.patch(row.id, { state: 'error', error: message, retryCount, retryAt }, guard)
        resyncFailed(observer, { did: row.did, error: message, reason, retryAt, failures: retryCount })
      }
    }
  }
}
