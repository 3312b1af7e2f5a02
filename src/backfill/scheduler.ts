import { anySignal } from '../async/signal.ts'
import { LextapError } from '../errors.ts'
import { resyncFinished, resyncStarted } from '../observe/sync-events.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'
import { Pacer } from '../repo/policy.ts'
import type { SkipUnknown } from '../store/repo-claims.ts'
import type { RepoRow } from '../store/repo-row.ts'
import { Claims } from './claims.ts'
import { Crowds } from './crowds.ts'
import { hostTroubleOf } from './failure.ts'
import { type Flight, Flights, IDLE_MS, type Place } from './flight.ts'
import { Hosts } from './hosts.ts'
import { Lookups, SLOW_MS } from './lookups.ts'
import { Progress, type SchedulerProgress } from './progress.ts'
import { Queues, type Ready } from './queues.ts'
import type { SchedulerDeps } from './scheduler-deps.ts'
import { isUnknownWeb, WebLookups } from './web-lookups.ts'

const POLL_MS = 1_000
/** Repos in our hands that are not looked up slowly, as a multiple of the concurrency. */
const QUEUED = 4
/** A host that has not answered yet is waited for so long before its fetch gives its place to others, ms. */
const NEW_HOST_MS = 400

/** Fetches that may wait for silent servers beside those that work, as a multiple of the concurrency. */
const MAX_IDLE = 4

/**
 * Claims repos that are due, resolves them, and fetches them: fair across hosts (each host has its own queue
 * and the hosts take turns), bounded in all and per host. No host can block a worker: the repos of one that
 * pauses, or has enough in its queue, are given back, and a fetch that only waits takes up no place. When very many
 * hosts are silent, the fetches that waited longest are given up for those of hosts that answer.
 */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #hosts: Hosts
  readonly #pacer: Pacer<number>
  readonly #progress = new Progress()
  readonly #flights: Flights
  readonly #lookups: Lookups
  readonly #web: WebLookups
  readonly #queues = new Queues()
  readonly #claims: Claims
  readonly #crowds: Crowds
  readonly #tasks = new Set<Promise<void>>()
  readonly #abort = new AbortController()
  #wake: PromiseWithResolvers<void> = Promise.withResolvers()
  #loop: Promise<void> | null = null

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
    const { store, observer, leaseMs, onStanding } = deps
    const { first, longest } = deps.retryMs
    this.#hosts = new Hosts(deps.perHost, observer, { first: first / 12, longest: longest / 6 })
    this.#flights = new Flights(deps.idleMs)
    this.#crowds = new Crowds({
      ...{ queues: this.#queues, flights: this.#flights, hosts: this.#hosts },
      ...{ concurrency: deps.concurrency, perHost: deps.perHost, oneHost: deps.oneHost },
      giveBack: (repos) => this.#giveBack(repos, null),
    })
    this.#lookups = new Lookups(deps.concurrency * QUEUED)
    this.#web = new WebLookups({
      lookUp: (row, signal) => this.#spawn(this.#identify(row, signal)),
      signal: this.#abort.signal,
    })
    this.#pacer = new Pacer({ limit: deps.resyncsPerMinute, windowMs: 60_000, maxKeys: 20_000 })
    this.#claims = new Claims({
      ...{ store, observer, leaseMs, onStanding, signal: this.#abort.signal },
      retry: { baseMs: first, maxMs: longest },
      onFailed: () => this.#progress.failed++,
    })
  }

  get progress(): SchedulerProgress {
    const { size: fetching, busy } = this.#flights
    const waiting = this.#queues.size + this.#lookups.size + this.#web.size
    const stuck = this.#stuck
    return { fetching, idle: fetching - busy, waiting, stuck, ...this.#progress.report(Date.now()) }
  }

  /** Base URLs of hosts we can only wait for. */
  get stuckHosts(): string[] {
    return [...new Set([...this.#flights.silentHosts(), ...this.#hosts.troubled(Date.now())])]
  }

  get #stuck(): SchedulerProgress['stuck'] {
    const hosts = this.stuckHosts
    let repos = this.#lookups.silent(Date.now())
    for (const host of hosts) repos += this.#queues.sizeOf(host) + this.#flights.sizeAt(host)
    return { hosts: hosts.length, repos }
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Something became due. */
  wake(): void {
    this.#wake.resolve()
  }

  /** Ends the fetches under way; their repos start over at the next start. */
  async stop(): Promise<void> {
    this.#abort.abort(new LextapError('stopping', { code: 'stopping' }))
    this.wake()
    await this.#loop
    await Promise.all(this.#tasks)
    // Whoever goes on with these need not wait until our claims run out.
    for (const host of this.#queues.hosts) await this.#giveBack(this.#queues.cut(host, 0), null)
    for (const row of this.#web.clear()) await this.#claims.release(row, null)
  }

  async #run(): Promise<void> {
    const signal = this.#abort.signal
    while (!signal.aborted) {
      try {
        this.#progress.sample(Date.now())
        await this.#claims.renew(Date.now())
        await this.#releasePaused()
        if (await this.#claim()) continue
      } catch (error) {
        // The store waits no longer. Any other error, whatever its name, must not end this loop.
        if (signal.aborted || (error instanceof LextapError && error.code === 'stopping')) return
        this.#deps.observer.log.error({ err: error }, 'claiming repos failed; trying again')
      }
      await this.#sleep()
    }
  }

  /** Whether there may be more to claim at once. */
  async #claim(): Promise<boolean> {
    const now = Date.now()
    const skipUnknown = this.#tooManyUnknown(now)
    if (this.#room() <= 0) await this.#crowds.cut(Date.now())
    const limit = this.#room()
    if (limit <= 0 || this.#content(limit)) return false
    const skipHosts = this.#crowds.skipped(now)
    const rows = await this.#claims.take({ limit, now, skipHosts, skipUnknown })
    if (rows.length === 0) this.#crowds.alone(now)
    if (rows.length > this.#deps.concurrency) this.#deps.onBacklog?.()
    for (const row of rows) this.#spawn(this.#admit(row))
    return rows.length === limit
  }

  /** Accounts nobody should look up now. Who is known is fetched all the same. */
  #tooManyUnknown(now: number): SkipUnknown {
    const shared = this.#deps.restsUntil() > now || !this.#lookups.hasRoom(now)
    return { shared, web: this.#web.hasRoom ? this.#web.crowded : 'all' }
  }

  /**
   * How many more repos to claim: enough that hosts have a queue, few enough that others can have them. Slow look-ups do
   * not count: what is known is fetched meanwhile.
   */
  #room(): number {
    const { concurrency } = this.#deps
    return concurrency * QUEUED - this.#flights.busy - this.#queues.size - this.#lookups.quick
  }

  /** Every worker works and the queues are far from empty: a claim is a transaction, so several repos share one. */
  #content(room: number): boolean {
    const { concurrency } = this.#deps
    return room < concurrency && this.#flights.busy >= concurrency
  }

  /** Until woken, a look-up or a new host is slow, or a second: other processes may have added repos, and pauses and retries run out. */
  async #sleep(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const clock = new Promise<void>((resolve) => {
      const soon = this.#lookups.quick > 0 || this.#flights.impatient
      timer = setTimeout(resolve, soon ? SLOW_MS / 2 : POLL_MS)
    })
    await Promise.race([this.#wake.promise, clock])
    clearTimeout(timer)
    this.#wake = Promise.withResolvers()
    this.#flights.look(Date.now())
    this.#pump()
  }

  #spawn(work: Promise<void>): Promise<void> {
    const task: Promise<void> = work
      .catch((error) => this.#deps.observer.log.error({ err: error }, 'a resync ended unexpectedly'))
      .finally(() => {
        this.#tasks.delete(task)
        this.wake()
      })
    this.#tasks.add(task)
    return task
  }

  /** A repo we claimed: who is it? */
  async #admit(row: RepoRow): Promise<void> {
    const { retryMs } = this.#deps
    const now = Date.now()
    // Rule F9: resyncs of one DID are spaced.
    const turn = this.#pacer.next(row.id, now)
    if (turn > now) return this.#claims.release(row, turn)
    if (isUnknownWeb(row)) {
      if (!this.#web.add(row)) await this.#claims.release(row, Date.now() + retryMs.first / 3)
      return
    }
    const place = this.#lookups.begin()
    await this.#identify(row, this.#abort.signal).finally(place.end)
  }

  async #identify(row: RepoRow, signal: AbortSignal): Promise<void> {
    const { identify, hostOf } = this.#deps
    try {
      const identity = await identify(row, signal)
      if (identity === null) this.#claims.done(row)
      else this.#queues.add(hostOf(identity), { row, identity })
    } catch (error) {
      await this.#claims.fail(row, error)
    }
    this.#pump()
  }

  /** Starts what may start, one of each host in turn. */
  #pump(): void {
    const now = Date.now()
    const { concurrency } = this.#deps
    for (let started = true; started; ) {
      started = false
      for (const host of this.#queues.hosts) {
        if (this.#flights.busy >= concurrency || this.#abort.signal.aborted) return
        if (!this.#hosts.free(host, now)) continue
        // All sockets wait for silent hosts. The end of the one that is given up leads back here.
        if (this.#flights.size >= concurrency * (1 + MAX_IDLE)) {
          this.#flights.giveUpLongest(concurrency)
          return
        }
        const next = this.#queues.next(host)
        if (next === undefined) continue
        this.#hosts.enter(host)
        this.#spawn(this.#resync(next, host))
        started = true
      }
    }
  }

  async #resync({ row, identity }: Ready, host: string): Promise<void> {
    const { store, observer, fetch, cutOver } = this.#deps
    const began = performance.now()
    const first = row.rev === null
    const own = new AbortController()
    const place = this.#flights.begin(host, () => own.abort(silence(host)), this.#patienceWith(host))
    let answered = true
    this.#pacer.take(row.id, Date.now())
    try {
      resyncStarted(observer, { did: row.did, host, first })
      const fresh = first && (await store.kept.isNew(row.id, row.did))
      if (first && !fresh) await store.kept.adopt(row.id, row.did)
      const signal = anySignal(this.#abort.signal, own.signal)
      const fetched = await fetch(row, identity, host, fresh, this.#flightAt(host, place), signal)
      const deleted = await cutOver(row, fetched, fresh)
      const { records, bytes } = fetched
      this.#progress.finished(records, bytes)
      const ms = performance.now() - began
      resyncFinished(observer, { did: row.did, first, records, deleted, bytes, ms })
      this.#claims.done(row)
    } catch (thrown) {
      const error: unknown = own.signal.aborted && !this.#abort.signal.aborted ? own.signal.reason : thrown
      const trouble = hostTroubleOf(error, Date.now())
      answered = trouble === null
      if (trouble !== null) this.#hosts.pause(host, (error as Error).message, trouble.askedMs, Date.now())
      await this.#claims.fail(row, error)
    } finally {
      place.end()
      this.#hosts.leave(host, answered)
      this.#pump()
    }
  }

  /** One that failed last time takes no place before it answers. */
  #patienceWith(host: string): number {
    const { idleMs = IDLE_MS } = this.#deps
    return { good: idleMs, new: Math.min(NEW_HOST_MS, idleMs), bad: 0 }[this.#hosts.recordOf(host)]
  }

  #flightAt(host: string, place: Place): Flight {
    const progress = this.#progress
    return {
      limited: (limit) => {
        place.working()
        place.waiting()
        if (this.#hosts.told(host, limit)) this.#pump()
      },
      waiting: place.waiting,
      received: (bytes) => {
        place.working()
        progress.bytes += bytes
      },
      proven: (records) => {
        progress.records += records
      },
    }
  }

  /** Gives repos of paused hosts back, due when the pause is over: they hold no place and buffer no commits. */
  async #releasePaused(): Promise<void> {
    const now = Date.now()
    for (const host of this.#queues.hosts) {
      const until = this.#hosts.pausedUntil(host)
      if (until > now + 2_000) await this.#giveBack(this.#queues.cut(host, 0), until)
    }
  }

  async #giveBack(repos: readonly Ready[], retryAt: number | null): Promise<void> {
    for (const { row } of repos) await this.#claims.release(row, retryAt)
  }
}

/** Why a fetch was given up for others. */
function silence(host: string): XrpcError {
  return new XrpcError('no answer so far, and others wait', {
    code: 'response-stalled',
    url: host,
    retry: true,
  })
}
