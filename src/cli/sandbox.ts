import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TapConfig } from '../config/types.ts'
import { cidToString } from '../protocol/cid.ts'
import { lock } from '../store/lock.ts'
import type { Store } from '../store/store.ts'
import { type Network, type SandboxCollection, startNetwork, traffic } from '../testing/index.ts'

export interface SandboxOptions {
  readonly seed: string
  readonly repos: number
  /** Records each is born with. */
  readonly records: number
  /** Events a second. */
  readonly rate: number
}

/** An AT Protocol network in this process with people on it. */
export class Sandbox implements AsyncDisposable {
  readonly network: Network
  readonly #rate: number
  readonly #steps: Iterator<unknown>
  #timer: NodeJS.Timeout | null = null
  #calm = false
  /** Things that happened on the network since `begin`. */
  happened: number = 0

  private constructor(network: Network, rate: number) {
    this.network = network
    this.#rate = rate
    this.#steps = traffic(network)
  }

  static async start({ seed, repos, records, rate }: SandboxOptions): Promise<Sandbox> {
    const network = await startNetwork({ seed, pdses: 3, clock: 'system' })
    for (let i = 0; i < repos; i++) {
      // The first is what the account is found by, the rest is a mix like the network's.
      const collections = [SIGNAL, ...Array.from({ length: records - 1 }, () => network.records.collection())]
      network.createRepo({ records: records, collections })
    }
    return new Sandbox(network, rate)
  }

  /** The settings that make a project follow this network instead of the public one. */
  get overrides(): TapConfig {
    const { relay, relayHttp, plc } = this.network
    return {
      relay,
      plc,
      upstream: { lists: relayHttp },
      discovery: { relistMs: 1_000 },
      backfill: { allowPrivateHosts: true },
    }
  }

  /** Accounts that have a record of a collection they can be found by. */
  countRepos(finds: (collection: string) => boolean): number {
    return foundBy(this.network.truth(), finds).size
  }

  /** Life begins: about `rate` things happen in a second. */
  begin(): void {
    const everyMs = 100
    let owed = 0
    if (!this.#calm)
      this.#timer ??= setInterval(() => {
        for (owed += (this.#rate * everyMs) / 1000; owed >= 1; owed--) {
          this.#steps.next()
          this.happened++
        }
      }, everyMs)
  }

  /** Nothing happens any more; whoever was away is back. */
  calm(): void {
    this.#calm = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    for (const repo of this.network.repos) {
      if (!repo.active && repo.status !== 'deleted') repo.setStatus('active')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.calm()
    await this.network.close()
  }
}

const SIGNAL: SandboxCollection = 'xyz.statusphere.status'

/**
 * A database of the sandbox's own, empty: the network is new each time, what was learnt of the last one is void.
 * @throws UserError when a sandbox still runs on it, and leaves its files alone.
 */
export function freshDatabase(root: string): string {
  const file = join(root, '.lextap/sandbox.db')
  mkdirSync(dirname(file), { recursive: true })
  lock(file).release()
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
  return `sqlite:${file}`
}

/** How the index compares with the network, collection by collection. */
export interface Comparison {
  readonly collections: readonly { collection: string; network: number; index: number; wrong: number }[]
  /** Records that are missing, extra or at another CID. */
  readonly wrong: number
}

export interface CompareOptions {
  /** Whether the project follows a collection. */
  readonly wants: (collection: string) => boolean
  /** Whether an account with a record of this collection must have been found. */
  readonly finds: (collection: string) => boolean
}

/** Compares every record of the network with the record index; accounts nothing leads to do not count. */
export async function compare(
  network: Network,
  store: Store,
  { wants, finds }: CompareOptions,
): Promise<Comparison> {
  const all = network.truth()
  const found = foundBy(all, finds)
  const isOurs = (uri: string) =>
    wants(collectionOf(uri)) && (found.has(didOf(uri)) || store.repos.mayTrack(didOf(uri)))
  const truth = new Map([...all].filter(([uri]) => isOurs(uri)))
  const rows = new Map<string, { collection: string; network: number; index: number; wrong: number }>()
  const row = (collection: string) => {
    const known = rows.get(collection) ?? { collection, network: 0, index: 0, wrong: 0 }
    rows.set(collection, known)
    return known
  }
  for (const uri of truth.keys()) row(collectionOf(uri)).network++
  for await (const { uri, cid } of indexed(store)) {
    const at = row(collectionOf(uri))
    at.index++
    if (truth.get(uri)?.cid !== cid) at.wrong++
    truth.delete(uri)
  }
  for (const uri of truth.keys()) row(collectionOf(uri)).wrong++
  const collections = [...rows.values()].sort((a, b) => (a.collection < b.collection ? -1 : 1))
  return { collections, wrong: collections.reduce((sum, c) => sum + c.wrong, 0) }
}

/** DIDs with a record of such a collection. */
const foundBy = (
  records: ReadonlyMap<string, unknown>,
  finds: (collection: string) => boolean,
): ReadonlySet<string> => new Set([...records.keys()].filter((uri) => finds(collectionOf(uri))).map(didOf))

const collectionOf = (uri: string) => uri.split('/')[3] ?? ''
const didOf = (uri: string) => uri.split('/')[2] ?? ''

async function* indexed(store: Store): AsyncGenerator<{ uri: string; cid: string }> {
  for (let after = 0; ; ) {
    const repos = await store.repos.list({ after, limit: 500 })
    for (const { id, did } of repos) {
      after = id
      for (let last = null as { collection: string; rkey: string } | null; ; ) {
        const page = await store.records.page(id, last, 1000)
        for (const r of page) yield { uri: `at://${did}/${r.collection}/${r.rkey}`, cid: cidToString(r.cid) }
        last = page.at(-1) ?? null
        if (page.length < 1000) break
      }
    }
    if (repos.length < 500) return
  }
}

/** Rows of each of the user's tables. */
export async function countRows(store: Store): Promise<[table: string, rows: number][]> {
  const tables = (await store.db.introspect())
    .map((t) => t.name)
    .filter((name) => !name.startsWith('kysely_'))
  const counts: [string, number][] = []
  for (const table of tables.sort()) {
    const counted = await store.kysely
      .selectFrom(table)
      .select((eb) => eb.fn.countAll().as('n'))
      .executeTakeFirst()
    counts.push([table, Number(counted?.n ?? 0)])
  }
  return counts
}
