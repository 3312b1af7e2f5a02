import { Lanes } from './async/lanes.ts'
import { sleep } from './async/signal.ts'
import { Accounts } from './backfill/accounts.ts'
import { Crawl } from './backfill/crawl.ts'
import { cutOver } from './backfill/cutover.ts'
import { Discovery } from './backfill/discovery.ts'
import { listRepos, listReposByCollection, repoStatus } from './backfill/list-repos.ts'
import type { Estimate } from './backfill/progress.ts'
import { Reconcile } from './backfill/reconcile.ts'
import { Removals } from './backfill/removals.ts'
import { fetchRepo } from './backfill/resync.ts'
import { Scheduler, type SchedulerProgress } from './backfill/scheduler.ts'
import type { ResolvedConfig } from './config/types.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import type { HandlerDefinition, RecordSchema } from './dispatch/handler.ts'
import { Registry } from './dispatch/registry.ts'
import type { Outcome, Unit } from './dispatch/unit.ts'
import type { RetryOutcome } from './dispatch/work.ts'
import { LextapError, UserError } from './errors.ts'
import { createFeed } from './feeding.ts'
import type { Observer } from './observe/observer.ts'
import { fetchRawDidDocument, IdentityError } from './protocol/did-fetch.ts'
import type { HandleResolver } from './protocol/handles.ts'
import { createIdentityResolver, type IdentityResolver } from './protocol/identity.ts'
import { isDid } from './protocol/syntax.ts'
import { XrpcClient } from './protocol/xrpc.ts'
import { Processor } from './repo/process.ts'
import type { Probe } from './server/health.ts'
import type { ServerPorts } from './server/ports.ts'
import { Serving } from './serving.ts'
import type { Source, SourceStatus } from './source/source.ts'
import { Stream } from './source/stream.ts'
import { openStore } from './store/open.ts'
import type { RepoRow } from './store/repo-row.ts'
import type { Store } from './store/store.ts'

export interface TapOptions {
  readonly observer: Observer
  readonly definitions: readonly HandlerDefinition[]
  /** NSID → schema of every record lexicon, as `generated/handlers.ts` exports it. */
  readonly schemas: Readonly<Record<string, RecordSchema>>
  /** Forget the saved cursor and start at the head of the stream; what was missed is found by comparing revs. */
  readonly resetCursor?: boolean
  /** Finds the DID of a handle. Default: DNS and https well-known. The sandbox brings its own. */
  readonly handles?: HandleResolver
}

export interface TapStatus {
  readonly relay: SourceStatus
  readonly repos: Awaited<ReturnType<Store['repos']['counts']>>
  /** What is being fetched, what came of it, and what is left. */
  readonly backfill: SchedulerProgress & { readonly left: Estimate }
  readonly listings: readonly { list: string; listed: number; rounds: number }[]
  /** Events owed to others; null when there is nobody to get them. */
  readonly outbox: Serving['outbox']
}

/**
 * One running indexer: the composition root. `start` opens the database and begins to follow; `stop` finishes
 * what is under way, saves the cursor and closes everything. Both may be called twice.
 */
export class Tap {
  readonly #config: ResolvedConfig
  readonly #options: TapOptions
  #parts: Parts | null = null
  #starting: Promise<void> | null = null
  #stopping: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(config: ResolvedConfig, options: TapOptions) {
    this.#config = config
    this.#options = options
    this.#finished.promise.catch(() => {})
  }

  /** Settles once everything is closed: resolves after `stop`, rejects when following failed for good. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  get store(): Store {
    return this.#running().store
  }

  /** Resolves when the database is open and following began (not when the relay answered). */
  start(): Promise<void> {
    if (this.#stopping !== null)
      return Promise.reject(new UserError('this tap was stopped; create a new one'))
    this.#starting ??= this.#start()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#starting?.catch(() => {})
      await this.#parts?.stop()
      if (this.#failure === null) this.#finished.resolve()
      else this.#finished.reject(this.#failure.error)
    })()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Where the server is reached from this machine; null without one. */
  get serverUrl(): string | null {
    return this.#parts?.serving.url ?? null
  }

  async status(): Promise<TapStatus> {
    return this.#running().status()
  }

  /**
   * Resolves when nothing is left to do: the stream was followed up to `seq` (default: as far as it was
   * received), every repo is fetched or failed, and all effects are committed. For tests and tools.
   */
  async settled(options: { seq?: number; signal?: AbortSignal } = {}): Promise<void> {
    const parts = this.#running()
    while (!(await parts.isSettled(options.seq ?? null))) {
      await Promise.race([sleep(20, options.signal), this.#finished.promise])
    }
  }

  /** Starts following these accounts; returns how many were new. Throws UserError naming every invalid DID. */
  async addRepos(dids: readonly string[]): Promise<number> {
    const wrong = dids.filter((did) => !isDid(did))
    if (wrong.length > 0) throw new UserError(`not a DID: ${wrong.join(', ')}`)
    const { store, scheduler } = this.#running()
    const added = await store.repos.add([...dids])
    scheduler.wake()
    return added
  }

  /** Stops following an account; its records go through delete events unless `keepRows`. */
  async removeRepo(did: string, options: { keepRows?: boolean } = {}): Promise<boolean> {
    return this.#running().remove(did, options.keepRows ?? false)
  }

  /**
   * Reads all lists anew and compares revs and standings (rules A4, E10, F12). What differs may be on its way to
   * us: it is looked at again after `graceMs` (default: the config's). Returns how many repos were found: new
   * ones, those behind, those whose standing had changed.
   */
  async reconcile(options: { graceMs?: number } = {}): Promise<number> {
    return this.#running().reconcile(options.graceMs ?? this.#config.discovery.reconcileGraceMs)
  }

  /** Applies a dead letter again, after its cause was mended. */
  async retryDeadLetter(id: number): Promise<RetryOutcome> {
    return this.#running().retryDeadLetter(id)
  }

  /** Fetches a repo anew. */
  async resync(did: string): Promise<boolean> {
    const { store, scheduler } = this.#running()
    if (this.#config.source.kind === 'jetstream')
      throw new UserError('a Jetstream has no history: nothing can be fetched from it')
    const row = await store.repos.get(did)
    if (row === null) return false
    await store.repos.patch(row.id, { state: 'desynchronized', retryAt: null }, { run: row.run })
    scheduler.wake()
    return true
  }

  #running(): Parts {
    if (this.#parts === null) throw new LextapError('this tap is not running', { code: 'not-running' })
    return this.#parts
  }

  async #start(): Promise<void> {
    const { observer } = this.#options
    const store = await openStore(this.#config.database, {
      observer,
      migrations: this.#config.migrations,
    })
    try {
      const parts = new Parts(this.#config, this.#options, store)
      this.#parts = parts
      await parts.start(this, (error) => {
        this.#failure = { error }
        void this.stop()
      })
    } catch (error) {
      const parts = this.#parts
      this.#parts = null
      await parts?.serving.stop()
      await store.close()
      throw error
    }
  }
}

/** Everything a running tap consists of, wired once. */
class Parts {
  readonly store: Store
  readonly scheduler: Scheduler
  readonly serving: Serving
  readonly #config: ResolvedConfig
  readonly #observer: Observer
  readonly #xrpc: XrpcClient
  readonly #identity: IdentityResolver
  readonly #dispatcher: Dispatcher
  readonly #lanes: Lanes<string>
  readonly #processor: Processor
  readonly #discovery: Discovery
  readonly #crawls: Crawl[] = []
  readonly #reconcile: Reconcile
  readonly #compare: Crawl
  readonly #removals: Removals
  readonly #accounts: Accounts
  readonly #stream: Source
  readonly #abort = new AbortController()
  #poll: NodeJS.Timeout | null = null

  constructor(config: ResolvedConfig, options: TapOptions, store: Store) {
    const { observer } = options
    this.#config = config
    this.#observer = observer
    this.store = store
    const handlers = options.definitions.length > 0
    this.serving = new Serving({ config, store, observer, handlers })
    const { publish } = this.serving
    const registry = new Registry(options.definitions, {
      schemas: options.schemas,
      collections: config.collections,
      open: publish !== undefined,
    })
    const wants = (collection: string) => registry.wants(collection)
    const submit = (unit: Unit) => this.#submit(unit)
    const onDue = () => this.scheduler.wake()
    const { concurrency, perHost, maxBytes, stallMs, retryMs, resyncsPerMinute, leaseMs } = config.backfill
    this.#xrpc = new XrpcClient({
      allowPrivateHosts: config.backfill.allowPrivateHosts,
      userAgent: 'lextap',
      timeoutMs: Math.min(30_000, stallMs),
      // What the user named may live in a private network; what DID documents and redirects name may not.
      trustedHosts: [config.plc, config.upstream.lists, config.upstream.repos].filter((url) => url !== null),
    })
    this.#identity = createIdentityResolver({
      plc: config.plc,
      xrpc: this.#xrpc,
      ttlMs: config.identity.ttlMs,
      max: config.identity.cacheSize,
      refresh: { burst: 5, everyMs: config.identity.refreshMs },
      negativeTtlMs: Math.min(60_000, retryMs.first),
      ...(options.handles === undefined ? {} : { handles: options.handles }),
    })
    this.#lanes = new Lanes({
      concurrency: config.stream.concurrency,
      maxQueued: config.stream.maxQueued,
      onError: (error) => observer.log.error({ err: error }, 'work in a lane failed'),
    })
    this.#dispatcher = new Dispatcher({
      store,
      registry,
      observer,
      policy: { invalid: config.policy.invalid, legacyBlobs: config.policy.legacyBlobs },
      handling: config.handling,
      keepBodies: config.records === 'keep',
      onTrack: onDue,
      onUntrack: () => void this.#removals.resume(),
      onOutbox: (events) => this.serving.committed(events),
      ...(publish === undefined ? {} : { publish }),
    })
    this.#discovery = new Discovery({
      store,
      observer,
      signal: config.track.signal,
      full: config.track.full,
      dids: new Set(config.track.dids),
      onDue,
    })
    this.#processor = new Processor({
      store,
      submit,
      identity: this.#identity,
      observer,
      legacy: config.policy.legacy,
      wants,
      mirror: config.upstream.repos !== null,
      discover: (message) => this.#discovery.take(message),
      onDue,
      onDeleted: (row) => this.#removals.begin(row, false),
    })
    const onDeleted = (row: RepoRow) => this.#removals.begin(row, false)
    const refresh = async (row: RepoRow) => void (await this.#processor.refresh(row, true))
    const feed = createFeed({
      ...{ config, store, lanes: this.#lanes, observer, registry, submit },
      onDeleted,
      refresh,
    })
    const leave = (did: string, signal: AbortSignal) =>
      feed?.admin?.remove([did], signal) ?? Promise.resolve()
    this.#removals = new Removals({ store, lanes: this.#lanes, submit, observer, leave })
    this.#accounts = new Accounts({
      store,
      identity: this.#identity,
      lanes: this.#lanes,
      submit: (unit) => this.#dispatcher.submit(unit),
      onDeleted: (row) => this.#removals.begin(row, false),
    })
    const stream = new Stream({
      store,
      lanes: this.#lanes,
      observer,
      url: config.relay,
      ...config.stream,
      resetCursor: options.resetCursor ?? false,
      select: (head, frame) =>
        (head.did !== null && store.repos.mayTrack(head.did)) || this.#discovery.maybe(head, frame),
      handle: (frame, head) => this.#processor.handle(frame, head),
      onOpen: () => this.#opened(),
      onGap: () => this.#compare.kick(),
    })
    this.#stream = feed?.source ?? stream
    const resync = {
      xrpc: this.#xrpc,
      identity: this.#identity,
      submit,
      wants,
      chunk: 1000,
      maxBytes,
      stallMs,
    }
    const cutover = {
      store,
      submit,
      wants,
      observer,
      verify: this.#processor.verify.bind(this.#processor),
    }
    this.scheduler = new Scheduler({
      store,
      observer,
      concurrency,
      perHost,
      retryMs,
      resyncsPerMinute,
      leaseMs,
      oneHost: config.upstream.repos !== null,
      identify: (row, signal) => this.#accounts.identify(row, signal),
      hostOf: (identity) => config.upstream.repos ?? identity.pds,
      fetch: (row, identity, host, fresh, flight, signal) =>
        fetchRepo(row, identity, { host, fresh }, resync, flight, signal),
      cutOver: (row, fetched, fresh) => this.#lanes.run(row.did, () => cutOver(row, fetched, fresh, cutover)),
      onStanding: (row, standing, signal) => this.#accounts.hostSays(row, standing, signal),
    })
    const { lists } = config.upstream
    const { relistMs, reconcileMs, reconcileGraceMs: graceMs } = config.discovery
    const askStanding = (did: string) => this.#askStanding(did)
    this.#reconcile = new Reconcile({ store, observer, onDue, graceMs, askStanding })
    const pageRetryMs = { first: retryMs.first / 60, longest: retryMs.longest / 60 }
    const listed = { store, observer, host: lists, everyMs: relistMs, now: true, retryMs: pageRetryMs }
    const take = async (repos: readonly { did: string; active: boolean | null }[]) => {
      const dids = repos.filter((repo) => repo.active !== false).map((repo) => repo.did)
      const added = dids.length === 0 ? 0 : await store.repos.add(dids)
      if (added > 0) onDue()
      return added
    }
    // A feed finds repos by itself, or is told of them.
    for (const nsid of feed === null ? listable(config.track.signal, registry) : []) {
      const page = (cursor: string | null, signal: AbortSignal) =>
        listReposByCollection(this.#xrpc, lists, nsid, cursor, signal)
      this.#crawls.push(new Crawl({ ...listed, list: `collection:${nsid}`, page, take }))
    }
    const page = (cursor: string | null, signal: AbortSignal) => listRepos(this.#xrpc, lists, cursor, signal)
    if (config.track.full && feed === null)
      this.#crawls.push(new Crawl({ ...listed, list: 'repos', page, take }))
    this.#compare = new Crawl({
      ...listed,
      list: 'revs',
      everyMs: reconcileMs,
      now: false,
      page,
      take: async (repos) => {
        await this.#reconcile.compare(repos)
        return 0
      },
    })
  }

  async start(tap: Tap, onFailure: (error: unknown) => void): Promise<void> {
    const { track, delivery } = this.#config
    const store = this.store
    await this.serving.start(this.#ports(tap), this.#probes())
    if (delivery.outboxOnly) return
    await store.repos.interruptResyncing()
    await store.buffer.sweep()
    if (track.dids.length > 0) await store.repos.add([...track.dids])
    await this.#stream.start(onFailure)
    await this.#removals.resume()
    this.#poll = setInterval(() => {
      store.repos.refresh().then(
        () => this.#removals.resume(),
        (error) => this.#observer.log.warn({ err: error }, 'looking for repos added by others failed'),
      )
    }, 2_000)
  }

  async stop(): Promise<void> {
    if (this.#poll !== null) clearInterval(this.#poll)
    this.#abort.abort(new LextapError('stopping', { code: 'stopping' }))
    // Whoever waits for room in the outbox goes on.
    await this.serving.stop()
    await this.#stream.end()
    await this.#reconcile.stop()
    await Promise.all([...this.#crawls, this.#compare].map((crawl) => crawl.stop()))
    await this.scheduler.stop()
    await this.#removals.stop()
    await this.#lanes.close()
    await this.#dispatcher.close()
    await this.#stream.close()
    await this.#xrpc.close()
    await this.store.close()
  }

  async status(): Promise<TapStatus> {
    const repos = await this.store.repos.counts()
    const { pending, desynchronized, resyncing } = repos.states
    return {
      relay: this.#stream.status,
      repos,
      backfill: {
        ...this.scheduler.progress,
        left: this.scheduler.estimate(pending + desynchronized + resyncing),
      },
      listings: [...this.#crawls, this.#compare].map((crawl) => crawl.progress),
      outbox: this.serving.outbox,
    }
  }

  /** See {@link Tap.reconcile}. */
  async reconcile(graceMs: number): Promise<number> {
    const before = this.#reconcile.found
    const listed = this.#crawls.map((crawl) => crawl.fresh())
    const [, ...added] = await Promise.all([this.#compare.fresh(), ...listed])
    await sleep(graceMs, this.#abort.signal)
    await this.#reconcile.judgeNow()
    return added.reduce((sum, n) => sum + n, this.#reconcile.found - before)
  }

  retryDeadLetter(id: number): Promise<RetryOutcome> {
    return this.#dispatcher.retryDeadLetter(id)
  }

  /** A listing says another standing than we have: the host is asked, and right (rules E2, E10). */
  #askStanding(did: string): Promise<boolean> {
    return this.#lanes.run(did, async () => {
      const row = await this.store.repos.get(did)
      if (row === null || row.removal !== null) return false
      const said = await repoStatus(this.#xrpc, this.#config.upstream.lists, did, this.#abort.signal)
      if (said === null || said.active === null) return false
      return this.#processor.standing(row, { active: said.active, status: said.status, seq: null })
    })
  }

  /** Whatever may write to the outbox waits here for room in it. */
  #submit(unit: Unit): Promise<Outcome> {
    const room = this.serving.room()
    return room === undefined ? this.#dispatcher.submit(unit) : room.then(() => this.#dispatcher.submit(unit))
  }

  #ports(tap: Tap): ServerPorts {
    const { upstream, plc } = this.#config
    return {
      addRepos: (dids) => tap.addRepos(dids),
      removeRepo: (did, options) => tap.removeRepo(did, options),
      resync: (did) => tap.resync(did),
      status: () => tap.status(),
      resolveDid: async (did, signal) => {
        try {
          return (await fetchRawDidDocument(did, plc, this.#xrpc, signal)) as object | null
        } catch (error) {
          if (error instanceof IdentityError && error.kind === 'not-found') return null
          throw error
        }
      },
      cursors: async () => {
        const { cursors } = this.store
        const lists = await Promise.all(
          this.#crawls.map(({ progress }) => cursors.get(upstream.lists, progress.list)),
        )
        const saved = await this.#stream.saved()
        return {
          firehose: this.#stream.status.cursor ?? Number(saved),
          listRepos: lists.find((list) => list !== null) ?? null,
        }
      },
      ready: async () => {
        const { states } = await this.store.repos.counts()
        const { connected } = this.#stream.status
        const { pending, resyncing } = states
        const listed = this.#crawls.every((crawl) => crawl.progress.rounds > 0)
        return {
          ready: connected && listed && pending + resyncing === 0,
          connected,
          listed,
          pending,
          resyncing,
        }
      },
    }
  }

  #probes(): Record<string, Probe> {
    const { handling, backfill } = this.#config
    return {
      stream: () => ({
        open: this.#stream.status.open,
        done: String(this.#stream.status.cursor),
        waitingFor: this.serving.waitingFor,
        // Every attempt of a handler may take its time, and a batch has many.
        stuckMs: Math.max(120_000, 2 * handling.attempts * handling.timeoutMs),
      }),
      backfill: () => {
        const { fetching, done, failed, bytes } = this.scheduler.progress
        const { waitingFor } = this.serving
        return {
          open: fetching,
          done: `${done} ${failed} ${bytes}`,
          waitingFor,
          stuckMs: 2 * backfill.stallMs,
        }
      },
    }
  }

  async isSettled(seq: number | null): Promise<boolean> {
    if (!this.#stream.reached(seq) || this.#lanes.size > 0 || this.#removals.size > 0) return false
    const { fetching, waiting } = this.scheduler.progress
    if (fetching > 0 || waiting > 0 || this.#crawls.some((crawl) => crawl.progress.rounds === 0)) return false
    return (await this.store.repos.unsettled()) === 0
  }

  remove(did: string, keepRows: boolean): Promise<boolean> {
    return this.#removals.request(did, keepRows)
  }

  /** Nothing is missed any more from here on: fetching may begin. */
  #opened(): void {
    this.scheduler.start()
    for (const crawl of this.#crawls) crawl.start()
    this.#compare.start()
  }
}

/** A listing is asked for one collection at a time: wildcards stand for the collections whose lexicons we have. */
function listable(signal: readonly string[], registry: Registry): string[] {
  const plain = signal.filter((pattern) => !pattern.endsWith('*'))
  return [...new Set([...plain, ...registry.expand(signal)])]
}

/** See {@link Tap}. */
export function createTap(config: ResolvedConfig, options: TapOptions): Tap {
  return new Tap(config, options)
}
