import { LRUCache } from 'lru-cache'
import { backoffMs } from '../async/backoff.ts'
import { isAbort } from '../async/signal.ts'
import { DiscontinuousError, LextapError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { resyncFailed, resyncFinished, resyncStarted } from '../observe/sync-events.ts'
import { type Identity, IdentityError } from '../protocol/identity.ts'
import { accountErrorOf, XrpcError } from '../protocol/xrpc-error.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { Hosts } from './hosts.ts'
import { ClaimLostError, type FetchedRepo } from './resync.ts'

export type Resolved = Identity & { pds: string; signingKey: string }

export interface SchedulerDeps {
  readonly store: Store
  readonly observer: Observer
  /** Resolves who and where the account is and brings the row level with it. Null: it is gone (tombstone). */
  readonly identify: (row: RepoRow, signal: AbortSignal) => Promise<Resolved | null>
  /** Where to fetch it from. */
  readonly hostOf: (identity: Resolved) => string
  readonly fetch: (
    row: RepoRow,
    identity: Resolved,
    host: string,
    fresh: boolean,
    signal: AbortSignal,
  ) => Promise<FetchedRepo>
  /** Runs in the repo's lane. Returns how many records were deleted. */
  readonly cutOver: (row: RepoRow, fetched: FetchedRepo, fresh: boolean) => Promise<number>
  /** The host says the account is gone, suspended, … (rule F7). */
  readonly onStanding: (row: RepoRow, standing: string, signal: AbortSignal) => Promise<unknown>
  /** Repos fetched at once, in all and from one host. */
  readonly concurrency: number
  readonly perHost: number
  /** First and longest wait before a failed repo is tried again, ms (rule F13). Hosts rest for a fraction of it. */
  readonly retryMs: { readonly first: number; readonly longest: number }
  /** Resyncs of one DID a minute before they are spaced (rule F9). */
  readonly resyncsPerMinute: number
}

/** What the scheduler is at, for status pages. */
export interface SchedulerProgress {
  readonly fetching: number
  readonly waiting: number
  readonly done: number
  readonly failed: number
  readonly records: number
  readonly bytes: number
}

interface Ready {
  readonly row: RepoRow
  readonly identity: Resolved
}

const POLL_MS = 1_000

/**
 * Claims repos that are due, resolves them, and fetches them: fair across hosts (each host has its own queue
 * and the hosts take turns), bounded in all and per host. A host that pauses blocks no worker: its repos are
 * given back.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #hosts: Hosts
  readonly #retry: { readonly baseMs: number; readonly maxMs: number }
  readonly #ready = new Map<string, Ready[]>()
  readonly #tasks = new Set<Promise<void>>()
  readonly #starts = new LRUCache<number, number[]>({ max: 10_000 })
  readonly #abort = new AbortController()
  #identifying = 0
  #fetching = 0
  #waiting = 0
  #done = 0
  #failed = 0
  #records = 0
  #bytes = 0
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()
  #loop: Promise<void> | null = null

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
    const { first, longest } = deps.retryMs
    this.#retry = { baseMs: first, maxMs: longest }
    this.#hosts = new Hosts(deps.perHost, deps.observer, { first: first / 12, longest: longest / 6 })
  }

  get progress(): SchedulerProgress {
    return {
      fetching: this.#fetching,
      waiting: this.#waiting + this.#identifying,
      done: this.#done,
      failed: this.#failed,
      records: this.#records,
      bytes: this.#bytes,
    }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Something became due. */
  wake(): void {
    this.#wake.resolve()
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes
  }

  /** Ends the fetches under way; their repos start over at the next start. */
  async stop(): Promise<void> {
    this.#abort.abort(new LextapError('stopping', { code: 'stopping' }))
    this.wake()
    await this.#loop
    await Promise.all(this.#tasks)
  }

  async #run(): Promise<void> {
    const { store, observer, concurrency } = this.#deps
    const signal = this.#abort.signal
    while (!signal.aborted) {
      try {
        await this.#releasePaused()
        const room = concurrency * 4 - this.#fetching - this.#waiting - this.#identifying
        const rows = room > 0 ? await store.repos.claim({ limit: room, now: Date.now() }) : []
        for (const row of rows) this.#spawn(this.#identify(row))
        if (rows.length === room && room > 0) continue
      } catch (error) {
        observer.log.error({ err: error }, 'claiming repos failed; trying again')
      }
      await this.#sleep()
    }
  }

  /** Until woken, or a second: other processes may have added repos, and pauses and retries run out. */
  async #sleep(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const clock = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, POLL_MS)
    })
    await Promise.race([this.#wake.promise, clock])
    clearTimeout(timer)
    this.#wake = Promise.withResolvers()
    this.#pump()
  }

  #spawn(work: Promise<void>): void {
    const task: Promise<void> = work
      .catch((error) => this.#deps.observer.log.error({ err: error }, 'a resync ended unexpectedly'))
      .finally(() => {
        this.#tasks.delete(task)
        this.wake()
      })
    this.#tasks.add(task)
  }

  async #identify(row: RepoRow): Promise<void> {
    this.#identifying++
    try {
      if (this.#tooOften(row)) {
        await this.#release(row, Date.now() + 60_000)
        return
      }
      const identity = await this.#deps.identify(row, this.#abort.signal)
      if (identity === null) return
      const host = this.#deps.hostOf(identity)
      const queue = this.#ready.get(host)
      if (queue === undefined) this.#ready.set(host, [{ row, identity }])
      else queue.push({ row, identity })
      this.#waiting++
    } catch (error) {
      await this.#fail(row, error)
    } finally {
      this.#identifying--
    }
    this.#pump()
  }

  /** Starts what may start, one of each host in turn. */
  #pump(): void {
    const now = Date.now()
    for (let started = true; started && this.#fetching < this.#deps.concurrency; ) {
      started = false
      for (const [host, queue] of [...this.#ready]) {
        if (this.#fetching >= this.#deps.concurrency || this.#abort.signal.aborted) return
        if (!this.#hosts.free(host, now)) continue
        const next = queue.shift()
        if (queue.length === 0) this.#ready.delete(host)
        if (next === undefined) continue
        this.#waiting--
        this.#fetching++
        this.#hosts.enter(host)
        this.#spawn(this.#resync(next.row, next.identity, host))
        started = true
      }
    }
  }

  async #resync(row: RepoRow, identity: Resolved, host: string): Promise<void> {
    const { store, observer, fetch, cutOver } = this.#deps
    const began = performance.now()
    const first = row.rev === null
    let answered = true
    try {
      resyncStarted(observer, { did: row.did, host, first })
      const fresh = first && (await store.records.count(row.id)) === 0
      const fetched = await fetch(row, identity, host, fresh, this.#abort.signal)
      const deleted = await cutOver(row, fetched, fresh)
      this.#done++
      this.#records += fetched.records
      const { records, bytes } = fetched
      resyncFinished(observer, {
        did: row.did,
        first,
        records,
        deleted,
        bytes,
        ms: performance.now() - began,
      })
    } catch (error) {
      answered = !this.#hostTrouble(error, host)
      await this.#fail(row, error)
    } finally {
      this.#fetching--
      this.#hosts.leave(host, answered)
      this.#pump()
    }
  }

  /** Whether the error is the host's state and not the repo's (rule F8); pauses the host then. */
  #hostTrouble(error: unknown, host: string): boolean {
    if (!(error instanceof XrpcError) || accountErrorOf(error) !== null) return false
    const limited = error.status === 429
    if (!limited && error.status !== null && error.status < 500) return false
    if (error.status === null && !error.retry) return false
    const resetAt = error.rateLimit?.remaining === 0 ? error.rateLimit.resetAt : null
    const reset = resetAt === null ? null : resetAt - Date.now()
    this.#hosts.pause(host, error.message, error.retryAfterMs ?? (limited ? reset : null), Date.now())
    return true
  }

  async #fail(row: RepoRow, error: unknown): Promise<void> {
    const { store, observer, onStanding } = this.#deps
    const guard = { run: row.run, state: 'resyncing' as const }
    if (error instanceof ClaimLostError) return
    if (isAbort(error, this.#abort.signal) || this.#abort.signal.aborted) {
      await store.repos.patch(row.id, { state: 'desynchronized' }, guard)
      return
    }
    if (error instanceof DiscontinuousError && error.rule !== 'F3') {
      // The repo is fine, we are behind again: fetch it anew (F9 spaces the attempts).
      await store.repos.patch(row.id, { state: 'desynchronized', error: error.message }, guard)
      return
    }
    const standing = accountErrorOf(error)
    if (standing !== null) {
      await onStanding(row, standing, this.#abort.signal).catch((again) => this.#fail(row, again))
      return
    }
    if (error instanceof IdentityError && error.kind === 'unreachable') {
      // The directory's trouble, not the repo's: ask again soon, count nothing (rule E8).
      observer.log.warn({ did: row.did, err: error }, 'an identity could not be resolved; trying again soon')
      await this.#release(
        row,
        Date.now() + backoffMs(0, { ...this.#retry, baseMs: this.#retry.baseMs / 3 }),
        error.message,
      )
      return
    }
    this.#failed++
    const limited = error instanceof XrpcError && error.status === 429
    const failures = limited ? row.retryCount : row.retryCount + 1
    const retryAt = Date.now() + backoffMs(Math.max(0, failures - 1), this.#retry)
    const message = error instanceof Error ? error.message : String(error)
    await store.repos.patch(row.id, { state: 'error', error: message, retryCount: failures, retryAt }, guard)
    resyncFailed(observer, { did: row.did, error: message, retryAt, failures })
  }

  /** Gives repos of paused hosts back, due when the pause is over: they hold no place and buffer no commits. */
  async #releasePaused(): Promise<void> {
    const now = Date.now()
    for (const [host, queue] of [...this.#ready]) {
      const until = this.#hosts.pausedUntil(host)
      if (until <= now + 2_000) continue
      this.#ready.delete(host)
      this.#waiting -= queue.length
      for (const { row } of queue) await this.#release(row, until)
    }
  }

  async #release(row: RepoRow, until: number, error: string | null = null): Promise<void> {
    const guard = { run: row.run, state: 'resyncing' as const }
    await this.#deps.store.repos.patch(row.id, { state: 'desynchronized', retryAt: until, error }, guard)
  }

  /** Rule F9: more than so many resyncs of one DID within a minute are spaced. */
  #tooOften(row: RepoRow): boolean {
    const now = Date.now()
    const recent = (this.#starts.get(row.id) ?? []).filter((at) => at > now - 60_000)
    if (recent.length >= this.#deps.resyncsPerMinute) return true
    this.#starts.set(row.id, [...recent, now])
    return false
  }
}
