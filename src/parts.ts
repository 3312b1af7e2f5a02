import { inTurn } from './async/in-turn.ts'
import { Lanes } from './async/lanes.ts'
import { followCollections } from './backfill/collections.ts'
import { Discovery } from './backfill/discovery.ts'
import { Listings } from './backfill/listings.ts'
import { BackfillNotes } from './backfill/notes.ts'
import { Removals, type RemoveOptions } from './backfill/removals.ts'
import type { Scheduler } from './backfill/scheduler.ts'
import { listable, tellWildcards } from './backfill/signals.ts'
import { importUserModule } from './config/module.ts'
import type { ResolvedConfig } from './config/types.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import { type Followed, Registry } from './dispatch/registry.ts'
import type { Outcome, Unit } from './dispatch/unit.ts'
import type { RetryOutcome } from './dispatch/work.ts'
import { UserError } from './errors.ts'
import { createFeed } from './feeding.ts'
import { createFetching, type Fetching } from './fetching.ts'
import type { Observer } from './observe/observer.ts'
import type { TapOptions } from './options.ts'
import { portsOf, probesOf } from './ports.ts'
import type { Identity } from './protocol/identity.ts'
import { isDid } from './protocol/syntax.ts'
import type { XrpcClient } from './protocol/xrpc.ts'
import { createResolver, createXrpc } from './reaching.ts'
import { followChanges, knownNow } from './replay/changes.ts'
import { tableEmptier } from './replay/fresh.ts'
import { openReplay } from './replay/journal.ts'
import { tellOwed } from './replay/owed.ts'
import { isOurs, Replayer } from './replay/replayer.ts'
import { AccountProcessor } from './repo/account.ts'
import { Authority } from './repo/authority.ts'
import { IdentityChecks } from './repo/identity-checks.ts'
import { Processor } from './repo/process.ts'
import { StaleIdentities } from './repo/stale-identities.ts'
import { Serving } from './serving.ts'
import type { Source, SourceStatus } from './source/source.ts'
import { Stream } from './source/stream.ts'
import { statusOf, type TapStatus } from './status.ts'
import { isOnlyStore } from './store/processes.ts'
import type { RepoRow } from './store/repo-row.ts'
import type { Store } from './store/store.ts'

/** A stopping tap waits so long for a database that is full, locked or gone. */
const LEAVE_MS = 10_000

/** Everything a running tap consists of, wired once: the composition root. */
export class Parts {
  readonly store: Store
  readonly serving: Serving
  readonly #config: ResolvedConfig
  readonly #observer: Observer
  readonly #xrpc: XrpcClient
  readonly #dispatcher: Dispatcher
  readonly #lanes: Lanes<string>
  readonly #processor: Processor
  readonly #discovery: Discovery
  readonly #listings: Listings
  readonly #removals: Removals
  readonly #checks: IdentityChecks
  readonly #stale: StaleIdentities
  readonly #fetching: Fetching
  readonly #stream: Source
  readonly #followed: Followed
  readonly #replayer: Replayer
  readonly #changes: () => Promise<void>
  readonly #tellSignals: () => void
  readonly #owed: () => Promise<void>
  readonly #notes: BackfillNotes
  #poll: NodeJS.Timeout | null = null

  constructor(config: ResolvedConfig, options: TapOptions, store: Store) {
    const { observer } = options
    this.#config = config
    this.#observer = observer
    this.store = store
    this.#notes = new BackfillNotes(store.meta)
    const handlers = options.definitions.length > 0
    this.serving = new Serving({ config, store, observer, handlers })
    const { publish } = this.serving
    const registry = new Registry(options.definitions, {
      schemas: options.schemas,
      collections: config.collections,
      open: publish !== undefined,
    })
    this.#followed = registry.followed
    const wants = (collection: string) => registry.wants(collection)
    const submit = (unit: Unit) => this.#submit(unit)
    const onDue = () => this.scheduler.wake()
    const { retryMs } = config.backfill
    this.#xrpc = createXrpc(config)
    const identity = createResolver(config, this.#xrpc, options.handles)
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
    this.#replayer = new Replayer({
      ...{ store, registry, observer, dispatcher: this.#dispatcher, policy: config.policy },
      room: () => this.serving.room(),
      empty: tableEmptier(store, { migrations: config.migrations, importModule: importUserModule }),
    })
    this.#changes = () =>
      followChanges(store, registry, knownNow(registry, options.fingerprints ?? {}), observer)
    this.#owed = () =>
      tellOwed({ store, registry, observer, policy: config.policy, dispatcher: this.#dispatcher })
    this.#discovery = new Discovery({
      store,
      observer,
      signal: config.track.signal,
      full: config.track.full,
      dids: new Set(config.track.dids),
      onDue,
    })
    this.#tellSignals = () => {
      // The full list has everybody, and a feed none is asked for.
      if (feed !== null || config.track.full) return
      tellWildcards(config.track.signal, (patterns) => registry.expand(patterns), observer)
    }
    const authority = new Authority({
      xrpc: this.#xrpc,
      observer,
      policy: config.policy.authority,
      url: config.relay,
    })
    const onDeleted = (row: RepoRow) => this.#removals.begin(row, false)
    const accountNews: AccountProcessor = new AccountProcessor({
      ...{ store, submit, observer, onDue, onDeleted, identity },
      withHandle: (bare) => this.#checks.withHandle(bare),
      speaksFor: (pds) => authority.speaksFor(pds),
    })
    const apply = (found: Identity) => this.#identified(found, accountNews)
    this.#checks = new IdentityChecks({ store, observer, identity, apply })
    this.#stale = new StaleIdentities({
      observer,
      ttlMs: config.identity.ttlMs,
      refresh: async (did, signal) => {
        const found = await this.#checks.withHandle(await identity.resolve(did, { signal, handle: false }))
        await apply(found)
        return found.asOf ?? 0
      },
      restsUntil: () => identity.restsUntil,
      retryMs: { first: Math.min(60_000, retryMs.first), longest: retryMs.longest },
    })
    this.#processor = new Processor({
      store,
      submit,
      accounts: accountNews,
      observer,
      legacy: config.policy.legacy,
      wants,
      mirror: config.upstream.repos !== null,
      discover: (message) => this.#discovery.take(message),
      onDue,
      look: (row) => this.#stale.look(row),
    })
    const refresh = async (row: RepoRow) => void (await accountNews.refresh(row, true))
    const feed = createFeed({
      ...{ config, store, lanes: this.#lanes, observer, registry, submit },
      onDeleted,
      refresh,
    })
    const leave = (did: string, signal: AbortSignal) =>
      feed?.admin?.remove([did], signal) ?? Promise.resolve()
    this.#removals = new Removals({ store, lanes: this.#lanes, submit, observer, leave })
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
      onGap: () => this.#listings.gap(),
    })
    this.#stream = feed?.source ?? stream
    this.#fetching = createFetching({
      ...{ config, store, observer, xrpc: this.#xrpc, identity, lanes: this.#lanes, submit, wants },
      accounts: { submit: (unit) => this.#dispatcher.submit(unit), checks: this.#checks, onDeleted },
      verify: this.#processor.verify.bind(this.#processor),
    })
    this.#listings = new Listings({
      store,
      observer,
      xrpc: this.#xrpc,
      lanes: this.#lanes,
      host: config.upstream.lists,
      // A feed finds repos by itself, or is told of them.
      collections:
        feed === null ? listable(config.track.signal, (patterns) => registry.expand(patterns)) : [],
      full: config.track.full && feed === null,
      relistMs: config.discovery.relistMs,
      reconcileMs: config.discovery.reconcileMs,
      graceMs: config.discovery.reconcileGraceMs,
      retryMs: { first: retryMs.first / 60, longest: retryMs.longest / 60 },
      onDue,
      standing: (row, said) => accountNews.standing(row, { ...said, seq: null }),
    })
  }

  get scheduler(): Scheduler {
    return this.#fetching.scheduler
  }

  async start(onFailure: (error: unknown) => void): Promise<void> {
    const { track, delivery } = this.#config
    const store = this.store
    await this.serving.start(portsOf(this, this.#config.plc, this.#xrpc), probesOf(this, this.#config))
    if (delivery.outboxOnly) return
    // Where nobody else is, claims are those of processes that died: nobody waits until they run out.
    const alone = await isOnlyStore(store, store.db.reader)
    if (alone) await this.#notes.sweep()
    await store.repos.interruptResyncing(alone ? Number.MAX_SAFE_INTEGER : Date.now())
    await store.buffer.sweep()
    // A feed cannot be asked for what it sent before.
    if (this.#config.source.kind === 'relay') await followCollections(this.#followed, store, this.#observer)
    await this.#owed()
    await this.#changes()
    this.#replayer.wake()
    if (track.dids.length > 0) await store.repos.add([...track.dids])
    this.#tellSignals()
    await this.#stream.start(onFailure)
    await this.#listings.resume()
    this.#checks.start()
    await this.#removals.resume()
    this.#poll = setInterval(() => {
      this.#look().catch((error) =>
        this.#observer.log.warn({ err: error }, 'looking for what other processes changed failed'),
      )
    }, 2_000)
  }

  async stop(): Promise<void> {
    this.store.leave(LEAVE_MS)
    this.#dispatcher.leave(LEAVE_MS)
    if (this.#poll !== null) clearInterval(this.#poll)
    // Whoever waits for room in the outbox goes on, first of all.
    const { serving, store } = this
    await inTurn([
      () => serving.stop(),
      () => this.#stream.end(),
      () => this.#listings.stop(),
      () => this.#fetching.stop(),
      () => this.#stale.stop(),
      () => this.#checks.stop(),
      () => this.#removals.stop(),
      () => this.#lanes.close(),
      () => this.#replayer.stop(),
      () => this.#dispatcher.close(),
      () => this.#stream.close(),
      () => this.#xrpc.close(),
      () => this.#saveCounts(),
      () => store.close(),
    ])
  }

  async #saveCounts(): Promise<void> {
    await Promise.all([this.store.rejections.save(this.#observer.metrics), this.#notes.end()]).catch(
      (error) => this.#observer.log.warn({ err: error }, 'the counts for lextap status could not be saved'),
    )
  }

  /** What others may have asked for, and what they may want to know. */
  async #look(): Promise<void> {
    await this.store.repos.refresh()
    await this.#removals.resume()
    this.#replayer.wake()
    await this.store.rejections.save(this.#observer.metrics)
    await this.#notes.save(this.scheduler.progress, this.scheduler.stuckHosts)
  }

  async status(): Promise<TapStatus> {
    await this.store.rejections.save(this.#observer.metrics)
    return statusOf({
      store: this.store,
      scheduler: this.scheduler,
      relay: this.#stream.status,
      listings: this.#listings.progress,
      replay: this.#replayer.status,
      keepsBodies: this.#config.records === 'keep',
      outbox: this.serving.outbox,
    })
  }

  /** Where the stream is, and the listing under way: what a restart goes on from. */
  async cursors(): Promise<{ firehose: number; listRepos: string | null }> {
    const firehose = this.#stream.status.cursor ?? Number(await this.#stream.saved())
    return { firehose, listRepos: await this.#listings.cursor() }
  }

  /** Whether every list that finds repos was read to its end once. */
  get listed(): boolean {
    return this.#listings.complete
  }

  get stream(): SourceStatus {
    return this.#stream.status
  }

  /** See `Tap.reconcile`. */
  reconcile(graceMs: number): Promise<number> {
    return this.#listings.fresh(graceMs)
  }

  /** See `Tap.addRepos`. */
  async addRepos(dids: readonly string[]): Promise<number> {
    const wrong = dids.filter((did) => !isDid(did))
    if (wrong.length > 0) throw new UserError(`not a DID: ${wrong.join(', ')}`)
    const added = await this.store.repos.add([...dids])
    this.scheduler.wake()
    return added
  }

  /** See `Tap.resync`. */
  async resync(did: string): Promise<boolean> {
    const row = await this.store.repos.get(did)
    if (row === null || row.removal !== null) return false
    await this.store.repos.patch(row.id, { state: 'desynchronized', retryAt: null }, { run: row.run })
    this.scheduler.wake()
    return true
  }

  retryDeadLetter(id: number): Promise<RetryOutcome> {
    return this.#dispatcher.retryDeadLetter(id)
  }

  /** Whatever may write to the outbox waits here for room in it. */
  #submit(unit: Unit): Promise<Outcome> {
    const room = this.serving.room()
    return room === undefined ? this.#dispatcher.submit(unit) : room.then(() => this.#dispatcher.submit(unit))
  }

  async isSettled(seq: number | null): Promise<boolean> {
    if (!this.#stream.reached(seq) || this.#lanes.size > 0 || this.#removals.size > 0) return false
    if (this.#replayer.busy || isOurs(await openReplay(this.store), this.store)) return false
    const { fetching, waiting } = this.scheduler.progress
    if (fetching > 0 || waiting > 0 || !this.#checks.idle || !this.#stale.idle || !this.#listings.complete)
      return false
    return (await this.store.repos.unsettled()) === 0
  }

  remove(did: string, options: RemoveOptions): Promise<boolean> {
    return this.#removals.request(did, options)
  }

  /** An account was looked up beside everything else. */
  #identified(identity: Identity, accounts: AccountProcessor): Promise<void> {
    return this.#lanes.run(identity.did, async () => {
      const row = await this.store.repos.get(identity.did)
      if (row === null || row.removal !== null) return
      if (identity.tombstoned) await accounts.standing(row, { active: false, status: 'deleted', seq: null })
      else await accounts.apply(row, identity)
    })
  }

  /** Nothing is missed any more from here on: fetching may begin. */
  #opened(): void {
    this.scheduler.start()
    this.#listings.start()
  }
}
