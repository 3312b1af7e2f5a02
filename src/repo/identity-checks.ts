import { LRUCache } from 'lru-cache'
import { backoffMs } from '../async/backoff.ts'
import { isAbort, sleep, within } from '../async/signal.ts'
import type { Observer } from '../observe/observer.ts'
import type { Identity, IdentityResolver } from '../protocol/identity.ts'
import { IdentityError } from '../protocol/identity.ts'
import type { Store } from '../store/store.ts'

export interface IdentityChecksDeps {
  readonly store: Store
  readonly observer: Observer
  readonly identity: IdentityResolver
  /** Brings the row of the account level with it. */
  readonly apply: (identity: Identity) => Promise<void>
  /** How long a handle is waited for before whatever needs the identity goes on, ms. Default 100. */
  readonly graceMs?: number
  /** Look-ups at once. Default 64. */
  readonly atOnce?: number
  /** What could not be looked up is tried again after so long, ms; doubling up to an hour. Default a minute. */
  readonly retryMs?: number
}

const PAGE = 200
const RETRY_MS = 60_000
const LONGEST_RETRY_MS = 3_600_000

/** An account that could not be looked up. */
interface Missed {
  readonly times: number
  /** Not again before, ms since the epoch. */
  readonly until: number
}

/**
 * Proves handles beside everything else (rule D3). A DID document is one request to a directory; a handle is DNS and a web
 * server of anybody's, which may be slow or mute, and neither records nor keys depend on it. One that is quick is part
 * of the identity that is told; any other is owed: its account stands in a table until the row has it. So is one that
 * DNS or a web server could not answer for, and until they do the row keeps what it has.
 */
export class IdentityChecks {
  readonly #deps: IdentityChecksDeps
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** `again`: it was owed anew since the check began. */
  readonly #checking = new Map<string, 'once' | 'again'>()
  readonly #missed = new LRUCache<string, Missed>({ max: 50_000 })
  /** Checks that somebody waits for, or waited for, in `withHandle`. */
  #begun = 0
  #resting = false
  #again = true
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()
  #loop: Promise<void> | null = null

  constructor(deps: IdentityChecksDeps) {
    this.#deps = deps
  }

  /** Whether everything that is owed was tried. */
  get idle(): boolean {
    return this.#loop === null || (this.#resting && !this.#again && this.#running.size === 0)
  }

  /** The identity with its handle when that is known soon; otherwise as it is, and the handle follows. */
  async withHandle(identity: Identity): Promise<Identity> {
    const { graceMs = 100, atOnce = 64 } = this.#deps
    if (identity.claimedHandle === null) return identity
    const known = this.#begun < atOnce ? await this.#within(graceMs, identity.did) : null
    if (known === null || known.handleOwed === true) await this.owe(identity.did)
    return known ?? identity
  }

  /** Looks the account up when there is time. */
  async owe(did: string): Promise<void> {
    if (this.#checking.has(did)) this.#checking.set(did, 'again')
    await this.#deps.store.identityDue.add(did)
    this.#again = true
    this.#wake.resolve()
  }

  /** Goes on with what was owed at the last stop. */
  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake.resolve()
    await this.#loop
    await Promise.all(this.#running)
  }

  async #within(ms: number, did: string): Promise<Identity | null> {
    this.#begun++
    const asked = this.#deps.identity
      .resolve(did, { signal: this.#abort.signal })
      .catch(() => null)
      .finally(() => this.#begun--)
    return within(asked, ms)
  }

  /** The one loop. It ends when we stop. */
  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.#again = false
      const left = await this.#pass().catch((error: unknown) => {
        if (!isAbort(error, signal))
          this.#deps.observer.log.error({ err: error }, 'checking identities failed')
        return true
      })
      if (this.#again) continue
      this.#resting = true
      await this.#rest(left)
      this.#resting = false
    }
  }

  /** Looks up all that are owed once; whether some are left. */
  async #pass(): Promise<boolean> {
    const { store, atOnce = 64 } = this.#deps
    let after = ''
    for (;;) {
      const dids = await store.identityDue.list(after, PAGE)
      for (const did of dids) {
        if ((this.#missed.get(did)?.until ?? 0) > Date.now()) continue
        while (this.#running.size >= atOnce) await Promise.race(this.#running)
        if (this.#abort.signal.aborted) return true
        const check: Promise<void> = this.#check(did).finally(() => this.#running.delete(check))
        this.#running.add(check)
      }
      if (dids.length < PAGE) break
      after = dids.at(-1) ?? ''
    }
    await Promise.all(this.#running)
    return (await store.identityDue.list('', 1)).length > 0
  }

  async #check(did: string): Promise<void> {
    const { identity, apply, observer } = this.#deps
    this.#checking.set(did, 'once')
    try {
      const found = await identity.resolve(did, { signal: this.#abort.signal })
      await apply(found)
      if (found.handleOwed === true) this.#miss(did)
      else if (this.#checking.get(did) === 'once') await this.#settle(did)
    } catch (error) {
      if (isAbort(error, this.#abort.signal) || this.#abort.signal.aborted) return
      // An account that does not exist is the next fetch's to tell.
      if (error instanceof IdentityError && !error.retry) return await this.#settle(did)
      this.#miss(did)
      observer.log.debug({ did, err: error }, 'an identity could not be checked; trying again later')
    } finally {
      this.#checking.delete(did)
    }
  }

  #miss(did: string): void {
    const times = this.#missed.get(did)?.times ?? 0
    const { retryMs: baseMs = RETRY_MS } = this.#deps
    const until = Date.now() + backoffMs(times, { baseMs, maxMs: LONGEST_RETRY_MS })
    this.#missed.set(did, { times: times + 1, until })
  }

  async #settle(did: string): Promise<void> {
    this.#missed.delete(did)
    await this.#deps.store.identityDue.remove(did)
  }

  /** Until somebody owes more; where some are left, for a while at most. */
  async #rest(left: boolean): Promise<void> {
    const ended = new AbortController()
    const clock = left ? sleep(this.#deps.retryMs ?? RETRY_MS, ended.signal).catch(() => {}) : null
    await Promise.race([this.#wake.promise, ...(clock === null ? [] : [clock])])
    ended.abort()
    this.#wake = Promise.withResolvers()
  }
}
