import { carChunks } from './car.ts'
import { type Handle, Host, json, type Middleware } from './host.ts'
import type { RepoHost, RepoStatus, TestRepo } from './repo.ts'
import {
  carReply,
  listingRoutes,
  param,
  type RepoDirectory,
  recordRoutes,
  repoFor,
  subscribeRoute,
  xrpc,
} from './routes.ts'
import type { EventStream } from './stream.ts'

export interface PdsOptions {
  readonly name: string
  readonly stream: EventStream
  readonly middleware: Middleware
  readonly port?: number
  /** Answers what is not XRPC: well-knowns. */
  readonly other: Handle
  /** ISO time of what happens now. */
  now(): string
  /** DID of a handle, anywhere in the network. */
  resolveHandle(handle: string): TestRepo | null
  /** The repo as this host exports it: block order and lies are decided there. */
  carOf(repo: TestRepo): Iterable<Uint8Array>
}

/** One PDS of the sandbox: its accounts, its `subscribeRepos`, its base URL. */
export class TestPds implements RepoHost, RepoDirectory {
  readonly name: string
  readonly host: Host
  readonly stream: EventStream
  readonly #repos = new Map<string, TestRepo>()
  readonly #gone = new Set<string>()
  readonly #now: () => string

  constructor(options: PdsOptions) {
    this.name = options.name
    this.stream = options.stream
    this.#now = options.now
    const routes = {
      ...listingRoutes(this),
      ...recordRoutes(this),
      ...subscribeRoute(options.stream),
      'com.atproto.sync.getRepo': (exchange) => carReply(options.carOf(repoFor(this, exchange))),
      'com.atproto.sync.getRecord': (exchange) => {
        const repo = repoFor(this, exchange)
        const path = `${param(exchange, 'collection')}/${param(exchange, 'rkey')}`
        return carReply(carChunks(repo.recordProof(path)))
      },
      'com.atproto.identity.resolveHandle': (exchange) => {
        const repo = options.resolveHandle(param(exchange, 'handle'))
        return repo === null
          ? json({ error: 'InvalidRequest', message: 'Unable to resolve handle' }, 400)
          : json({ did: repo.did })
      },
      'com.atproto.server.describeServer': () =>
        json({ did: `did:web:localhost`, availableUserDomains: ['.test'] }),
      'com.atproto.sync.requestCrawl': () => json({}),
    } satisfies Record<string, Handle>
    this.host = new Host(options.name, xrpc(routes, options.other), options.middleware, options.port)
  }

  get url(): string {
    return this.host.url
  }

  /** Accounts that live here now. */
  get repos(): readonly TestRepo[] {
    return [...this.#repos.values()].filter((repo) => !this.#gone.has(repo.did))
  }

  accept(repo: TestRepo): void {
    this.#repos.set(repo.did, repo)
    this.#gone.delete(repo.did)
  }

  /** The account moved on: known here as deactivated from now on, and so told to our own subscribers. */
  release(repo: TestRepo): void {
    this.#gone.add(repo.did)
    const time = this.#now()
    this.stream.emit({ kind: 'account', did: repo.did, active: false, status: 'deactivated', time })
  }

  /** By DID or handle. Deleted accounts are as unknown as those that never were. */
  find(repo: string): TestRepo | null {
    const found = this.#repos.get(repo) ?? this.repos.find(({ handle }) => handle === repo)
    return found === undefined || found.status === 'deleted' ? null : found
  }

  statusOf(repo: TestRepo): RepoStatus {
    return this.#gone.has(repo.did) ? 'deactivated' : repo.status
  }

  list(): readonly TestRepo[] {
    return [...this.#repos.values()].filter(({ status }) => status !== 'deleted')
  }
}
