import { Host, type Middleware, type Reply } from './host.ts'
import type { RepoStatus, TestRepo } from './repo.ts'
import { listingRoutes, type RepoDirectory, type Routes, repoFor, subscribeRoute, xrpc } from './routes.ts'
import type { EventStream } from './stream.ts'

/** The sandbox's relay: everybody's events in one stream, listings, no repos of its own. */
export class TestRelay implements RepoDirectory {
  readonly host: Host
  readonly stream: EventStream
  readonly #repos: ReadonlyMap<string, TestRepo>
  #listed: TestRepo[] = []

  constructor(
    repos: ReadonlyMap<string, TestRepo>,
    stream: EventStream,
    middleware: Middleware,
    port: number | undefined,
  ) {
    this.#repos = repos
    this.stream = stream
    const routes = {
      ...listingRoutes(this),
      ...subscribeRoute(stream),
      // A relay keeps no repos: it sends the reader on to the account's PDS.
      'com.atproto.sync.getRepo': (exchange): Reply => {
        const { did, host } = repoFor(this, exchange)
        const location = `${host.url}/xrpc/com.atproto.sync.getRepo?did=${encodeURIComponent(did)}`
        return { status: 302, headers: { location }, body: '' }
      },
    } satisfies Routes
    this.host = new Host('relay', xrpc(routes), middleware, port)
  }

  find(repo: string): TestRepo | null {
    return this.#repos.get(repo) ?? null
  }

  statusOf(repo: TestRepo): RepoStatus {
    return repo.status
  }

  list(): readonly TestRepo[] {
    if (this.#listed.length !== this.#repos.size) this.#listed = [...this.#repos.values()]
    return this.#listed
  }
}
