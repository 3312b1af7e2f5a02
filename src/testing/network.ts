import { bulkTree, type SeedRecord } from './bulk.ts'
import { Capture } from './capture.ts'
import { type CarOrder, carChunks } from './car.ts'
import { CarCache, snapshotOf } from './car-cache.ts'
import { type Clock, isoOf, seededClock, systemClock } from './clock.ts'
import { frameOf, type NetworkEvent } from './event.ts'
import { Faults } from './faults.ts'
import { Host } from './host.ts'
import { didDocument, plcDirectory, wellKnown } from './identity-hosts.ts'
import { plcDid } from './ids.ts'
import type { Curve } from './keys.ts'
import { TestPds } from './pds.ts'
import { Random } from './random.ts'
import { RecordMaker, type SandboxCollection } from './records.ts'
import { TestRelay } from './relay.ts'
import { TestRepo } from './repo.ts'
import { EventStream } from './stream.ts'

export interface NetworkOptions {
  /** Keys, DIDs, rkeys, TIDs, records and faults follow from it. Default `'lextap'`. */
  readonly seed?: string | number
  /** Port of the PLC directory; relay and PDSes take the ones after it. Default 0: any free ports. */
  readonly port?: number
  /** How many PDSes to begin with. Default 1. */
  readonly pdses?: number
  /** `seeded` (default): repeatable time from 2025-01-01 on. `system`: the real one. */
  readonly clock?: 'seeded' | 'system'
  /** Events each stream keeps for those who come back. Default 100 000. */
  readonly retain?: number
  /** Bytes waiting for a subscriber before the stream holds back. Default 1 MiB. */
  readonly highWater?: number
  /** Block order of exported repos. Default `pds`. */
  readonly carOrder?: CarOrder
  /** Exported repos kept for the next reader, bytes. Default 64 MiB. */
  readonly carCacheBytes?: number
}

export interface RepoOptions {
  /** Default: derived from the seed, ends in `.test`. */
  readonly handle?: string
  /** Default `k256`. */
  readonly curve?: Curve
  /** Default: the PDSes in turn. */
  readonly pds?: TestPds
  /** Records it is born with: how many, or which. They are not announced one by one. */
  readonly records?: number | readonly SeedRecord[]
  /** With a number of records: their collections, evenly. Default: a mix like the network's. */
  readonly collections?: readonly SandboxCollection[]
  /** Whether the network is told (identity, account, sync). Default true. */
  readonly announce?: boolean
}

export interface TruthRecord {
  readonly cid: string
  /** In atproto's JSON form. */
  readonly record: unknown
}

/**
 * An AT Protocol network in one process: a PLC directory, PDSes and a relay, each on a loopback port of its
 * own, with repos that sign real commits. Ends with `await network.close()` or `await using`.
 */
export class Network {
  readonly seed: string
  readonly random: Random
  readonly clock: Clock
  readonly faults: Faults
  /** Makes lexicon-valid records about the accounts of this network. */
  readonly records: RecordMaker
  /** Block order of exported repos from now on. */
  carOrder: CarOrder
  readonly #options: NetworkOptions
  readonly #cars: CarCache
  readonly #repos = new Map<string, TestRepo>()
  readonly #list: TestRepo[] = []
  readonly #pdses: TestPds[] = []
  readonly #hosts: Host[] = []
  readonly #plc: Host
  readonly #relay: TestRelay
  readonly #captures = new Set<(frame: Uint8Array) => void>()
  #handles: Map<string, TestRepo> | null = null

  /** Use {@link startNetwork}. */
  constructor(options: NetworkOptions) {
    this.#options = options
    this.seed = String(options.seed ?? 'lextap')
    this.random = new Random(this.seed)
    this.clock = options.clock === 'system' ? systemClock() : seededClock(this.random.fork('clock'))
    this.faults = new Faults(this.random.fork('faults'))
    this.carOrder = options.carOrder ?? 'pds'
    this.#cars = new CarCache(options.carCacheBytes ?? 1 << 26)
    this.records = new RecordMaker(
      this.random.fork('records'),
      () => this.now(),
      () => this.#list,
    )
    const port = options.port ?? 0
    this.#plc = new Host(
      'plc',
      plcDirectory((did) => this.repo(did)),
      this.faults.middleware,
      port,
    )
    this.#relay = new TestRelay(
      this.#repos,
      this.#stream('relay'),
      this.faults.middleware,
      port === 0 ? 0 : port + 1,
    )
    this.#hosts.push(this.#plc, this.#relay.host)
  }

  /** Base URL of the PLC directory. */
  get plc(): string {
    return this.#plc.url
  }

  /** Base URL of the relay for WebSockets: `ws://127.0.0.1:port`. */
  get relay(): string {
    return this.relayHttp.replace('http:', 'ws:')
  }

  get relayHttp(): string {
    return this.#relay.host.url
  }

  get relayStream(): EventStream {
    return this.#relay.stream
  }

  get pdses(): readonly [TestPds, ...TestPds[]] {
    return this.#pdses as [TestPds, ...TestPds[]]
  }

  /** All accounts, in the order they were made. */
  get repos(): readonly TestRepo[] {
    return this.#list
  }

  repo(did: string): TestRepo | null {
    return this.#repos.get(did) ?? null
  }

  /** A server by name: `plc`, `relay`, `pds1` …; can be stopped and started. */
  host(name: string): Host {
    const host = this.#hosts.find((h) => h.name === name)
    if (host === undefined) {
      throw new Error(`no such host; name=${name}, known=${this.#hosts.map((h) => h.name).join(',')}`)
    }
    return host
  }

  now(): string {
    return isoOf(this.clock())
  }

  async start(): Promise<void> {
    for (const host of this.#hosts) await host.start()
    for (let i = 0; i < (this.#options.pdses ?? 1); i++) await this.addPds()
  }

  async addPds(): Promise<TestPds> {
    const number = this.#pdses.length + 1
    const name = `pds${number}`
    const port = this.#options.port ?? 0
    const pds = new TestPds({
      name,
      stream: this.#stream(name),
      middleware: this.faults.middleware,
      port: port === 0 ? 0 : port + 1 + number,
      other: wellKnown(
        (handle) => this.#byHandle(handle),
        () => null,
      ),
      now: () => this.now(),
      resolveHandle: (handle) => this.#byHandle(handle),
      carOf: (repo) => this.#carOf(repo, name),
    })
    await pds.host.start()
    this.#pdses.push(pds)
    this.#hosts.push(pds.host)
    return pds
  }

  #stream(name: string): EventStream {
    const { retain, highWater } = this.#options
    return new EventStream(name, (frame, context) => this.faults.frames(frame, context), {
      ...(retain === undefined ? {} : { retain }),
      ...(highWater === undefined ? {} : { highWater }),
    })
  }

  /** A new account with a did:plc. */
  createRepo(options: RepoOptions = {}): TestRepo {
    return this.#create(plcDid(`${this.seed}/account/${this.#repos.size}`), options)
  }

  /** A new account with a did:web (`did:web:localhost%3A…`), whose document a server of its own gives out. */
  async createWebRepo(options: RepoOptions = {}): Promise<TestRepo> {
    let repo: TestRepo | null = null
    const documents = wellKnown(
      () => null,
      () => repo,
    )
    const host = new Host(`web${this.#hosts.length}`, documents, this.faults.middleware)
    await host.start()
    this.#hosts.push(host)
    repo = this.#create(`did:web:localhost%3A${host.port}`, options)
    return repo
  }

  #create(did: string, options: RepoOptions): TestRepo {
    const n = this.#repos.size
    const host = options.pds ?? (this.#pdses[n % this.#pdses.length] as TestPds)
    const random = this.random.fork(`repo/${n}`)
    const { records = 0 } = options
    const seeds = typeof records === 'number' ? this.#seeds(records, options.collections) : records
    const repo = new TestRepo(
      { did, handle: options.handle ?? `user${n}.test`, curve: options.curve ?? 'k256', host },
      { clock: this.clock, emit: (from, events) => this.#emit(from, events) },
      random,
      bulkTree(seeds, this.clock),
    )
    this.#repos.set(did, repo)
    this.#list.push(repo)
    this.#handles?.set(repo.handle, repo)
    host.accept(repo)
    if (options.announce !== false) repo.introduce()
    return repo
  }

  *#seeds(count: number, collections?: readonly SandboxCollection[]): Generator<SeedRecord> {
    for (let i = 0; i < count; i++) {
      const collection = collections?.[i % collections.length] ?? this.records.collection()
      yield { collection, record: this.records.record(collection) }
    }
  }

  #emit(repo: TestRepo, events: readonly NetworkEvent[]): void {
    const { stream } = repo.host as TestPds
    for (const event of events) {
      if (event.kind === 'identity') this.#handles = null
      for (const said of this.faults.events(event, repo, stream.host)) {
        stream.emit(said)
        for (const passed of this.faults.events(said, repo, 'relay', true)) this.#relayed(passed)
      }
    }
  }

  #relayed(event: NetworkEvent): void {
    this.relayStream.emit(event)
    if (this.#captures.size === 0) return
    const frame = frameOf(event, this.relayStream.seq)
    for (const capture of this.#captures) capture(frame)
  }

  /** The CAR of a repo as `host` serves it now, faults included. */
  #carOf(repo: TestRepo, host: string): Iterable<Uint8Array> {
    const honest = repo.export(this.carOrder, this.random.fork(`car/${repo.rev}`))
    const served = this.faults.cars(honest, repo, host)
    return served === honest ? this.#cars.chunks(repo, this.carOrder, honest) : carChunks(snapshotOf(served))
  }

  #byHandle(handle: string): TestRepo | null {
    this.#handles ??= new Map(this.#list.filter((r) => r.status !== 'deleted').map((r) => [r.handle, r]))
    const repo = this.#handles.get(handle)
    return repo === undefined || repo.status === 'deleted' ? null : repo
  }

  /** DID of a handle, as DNS or the well-known would tell it. */
  resolveHandle = async (handle: string): Promise<string | null> => this.#byHandle(handle)?.did ?? null

  /**
   * What an indexer's tables should hold: `at://` URI → record, of every account that is not deleted.
   * `collections` may end in `.*`.
   */
  truth(collections?: readonly string[]): Map<string, TruthRecord> {
    const out = new Map<string, TruthRecord>()
    const wanted = (collection: string) =>
      collections === undefined ||
      collections.some((c) => c === collection || (c.endsWith('.*') && collection.startsWith(c.slice(0, -1))))
    for (const repo of this.#list) {
      if (repo.status === 'deleted') continue
      for (const { path, cid, record } of repo.records()) {
        if (wanted(path.slice(0, path.indexOf('/')))) out.set(`at://${repo.did}/${path}`, { cid, record })
      }
    }
    return out
  }

  /** Resolves when every subscriber of the relay has been handed everything so far. */
  relayIdle(): Promise<void> {
    return this.relayStream.idle()
  }

  /** Resolves when exactly `n` subscribers are connected to the relay; 0: when all are gone. */
  waitForSubscribers(n: number): Promise<void> {
    return this.relayStream.waitForSubscribers(n)
  }

  /**
   * The relay loses its log and hangs up; it counts on from `firstSeq` (default 1, as after a database that
   * was lost). Cursors from before are then in the future or outdated.
   */
  restartRelay(options: { firstSeq?: number } = {}): void {
    this.relayStream.restart(options.firstSeq ?? 1)
  }

  /** Records the relay's frames from now on. */
  capture(): Capture {
    const frames: Uint8Array[] = []
    const add = (frame: Uint8Array) => void frames.push(frame)
    this.#captures.add(add)
    return new Capture(frames, () => this.#captures.delete(add))
  }

  /** DID documents of all accounts, as `lextap inspect frames --did-docs` reads them. */
  didDocuments(): Record<string, unknown> {
    return Object.fromEntries(this.#list.map((repo) => [repo.did, didDocument(repo)]))
  }

  async close(): Promise<void> {
    this.faults.clear()
    await Promise.all(this.#hosts.map((host) => host.stop()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

export async function startNetwork(options: NetworkOptions = {}): Promise<Network> {
  const network = new Network(options)
  await network.start()
  return network
}
