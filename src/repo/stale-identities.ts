import { LRUCache } from 'lru-cache'
import { backoffMs } from '../async/backoff.ts'
import { isAbort } from '../async/signal.ts'
import type { Observer } from '../observe/observer.ts'
import type { RepoRow } from '../store/repo-row.ts'

export interface StaleIdentitiesDeps {
  readonly observer: Observer
  /** How long an identity is trusted, ms. */
  readonly ttlMs: number
  /** Looks the account up and brings its row level; resolves with when what it found was read, ms. */
  readonly refresh: (did: string, signal: AbortSignal) => Promise<number>
  /** The directory is not asked before, ms. */
  readonly restsUntil: () => number
  /** Look-ups at once. Default 8. */
  readonly atOnce?: number
  /** Accounts that wait, about 100 bytes each. Default 10000. */
  readonly maxWaiting?: number
  /** First and longest wait before an account that could not be looked up is due again, ms. Default a minute and an hour. */
  readonly retryMs?: { readonly first: number; readonly longest: number }
}

/**
 * Looks accounts up again whose identity is older than it is trusted (rule D2), beside their lane: the message that showed it
 * does not wait. Nothing is written down, and whoever finds no room is not remembered: the account's next message asks again.
 */
export class StaleIdentities {
  readonly #deps: StaleIdentitiesDeps
  readonly #abort = new AbortController()
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #later: LRUCache<string, { readonly until: number; readonly failures: number }>
  #rest: NodeJS.Timeout | null = null

  constructor(deps: StaleIdentitiesDeps) {
    this.#deps = deps
    this.#later = new LRUCache({ max: deps.maxWaiting ?? 10_000 })
  }

  /** Whether everybody was looked up who can be now. */
  get idle(): boolean {
    return this.#running.size === 0 && (this.#waiting.size === 0 || this.#rest !== null)
  }

  /** A message of the account came. Cheap while its identity is young. */
  look({ did, identifiedAt }: Pick<RepoRow, 'did' | 'identifiedAt'>): void {
    if (identifiedAt === null || Date.now() - identifiedAt >= this.#deps.ttlMs) this.#owe(did)
  }

  /** Gives up what waits and ends what runs. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#waiting.clear()
    if (this.#rest !== null) clearTimeout(this.#rest)
    await Promise.all(this.#running.values())
  }

  #owe(did: string): void {
    if (this.#abort.signal.aborted || this.#running.has(did)) return
    if (this.#waiting.size >= (this.#deps.maxWaiting ?? 10_000)) return
    if ((this.#later.get(did)?.until ?? 0) > Date.now()) return
    this.#waiting.add(did)
    this.#go()
  }

  /** Begins as many look-ups as may run; none while the directory is left alone. */
  #go(): void {
    const { atOnce = 8, restsUntil } = this.#deps
    for (const did of this.#waiting) {
      if (this.#running.size >= atOnce || this.#rest !== null) return
      const restMs = restsUntil() - Date.now()
      if (restMs > 0) {
        this.#rest = setTimeout(() => {
          this.#rest = null
          this.#go()
        }, restMs)
        return
      }
      this.#waiting.delete(did)
      const work = this.#lookUp(did).finally(() => {
        this.#running.delete(did)
        this.#go()
      })
      this.#running.set(did, work)
    }
  }

  async #lookUp(did: string): Promise<void> {
    const { refresh, ttlMs, observer } = this.#deps
    try {
      const asOf = await refresh(did, this.#abort.signal)
      if (Date.now() - asOf < ttlMs) this.#later.delete(did)
      else this.#postpone(did)
    } catch (error) {
      if (isAbort(error, this.#abort.signal) || this.#abort.signal.aborted) return
      this.#postpone(did)
      observer.log.debug({ did, err: error }, 'an old identity could not be looked up; what is known holds')
    }
  }

  /** The directory does not answer: what is known holds, and is asked for later and later. */
  #postpone(did: string): void {
    const { first, longest } = this.#deps.retryMs ?? { first: 60_000, longest: 3_600_000 }
    const failures = this.#later.get(did)?.failures ?? 0
    const waitMs = backoffMs(failures, { baseMs: first, maxMs: longest, jitter: 0 })
    this.#later.set(did, { until: Date.now() + waitMs, failures: failures + 1 })
  }
}
