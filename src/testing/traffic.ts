import type { Network } from './network.ts'
import type { Random } from './random.ts'
import { COLLECTIONS, type SandboxCollection } from './records.ts'
import type { RepoStatus, TestRepo } from './repo.ts'
import type { RepoWrite } from './signed-repo.ts'

/** What can happen, with how often (relative). Set one to 0 to leave it out. */
export interface TrafficWeights {
  readonly create: number
  readonly update: number
  readonly delete: number
  /** Several writes in one commit. */
  readonly batch: number
  /** A commit without ops. */
  readonly empty: number
  readonly handle: number
  /** A new signing key, announced before or after the first commit it signs. */
  readonly rotate: number
  /** Deactivated, suspended or taken down. */
  readonly pause: number
  readonly resume: number
  readonly removeAccount: number
  readonly newAccount: number
  /** To another PDS; nothing happens when there is one only. */
  readonly move: number
  /** Commits nobody hears of, then a `#sync`. */
  readonly sync: number
}

export type TrafficKind = keyof TrafficWeights

const USUAL: TrafficWeights = {
  create: 60,
  update: 8,
  delete: 14,
  batch: 6,
  empty: 1,
  handle: 1.5,
  rotate: 1,
  pause: 0.7,
  resume: 2,
  removeAccount: 0.2,
  newAccount: 0.8,
  move: 0.4,
  sync: 0.5,
}

export interface TrafficOptions {
  /** Default: follows from the network's seed. */
  readonly seed?: string | number
  readonly weights?: Partial<TrafficWeights>
  /** Collections written to. Default: all five, as often as the network would. */
  readonly collections?: readonly SandboxCollection[]
  /** Accounts that may act. Default: all, also those made later. */
  readonly repos?: readonly TestRepo[]
}

export interface TrafficStep {
  readonly kind: TrafficKind
  readonly did: string
}

/**
 * Random, realistic activity without end: each step taken from the generator does one thing to the network
 * and tells what. Records are lexicon-valid. The same seed on the same network does the same.
 *
 * ```ts
 * for (const step of traffic(network).take(500)) log(step)
 * ```
 */
export function* traffic(
  network: Network,
  options: TrafficOptions = {},
): Generator<TrafficStep, undefined, undefined> {
  const random =
    options.seed === undefined
      ? network.random.fork('traffic')
      : network.random.fork(`traffic/${options.seed}`)
  const actor = new Actor(network, random, options)
  const weights = Object.entries({ ...USUAL, ...options.weights }) as [TrafficKind, number][]
  for (let idle = 0; idle < 10_000; idle++) {
    const kind = random.weighted(weights)
    const did = actor[kind]()
    if (did === null) continue
    idle = 0
    yield { kind, did }
  }
  throw new Error('nothing can happen here any more: no account fits the weights')
}

/** One method per kind of activity; each gives the account it happened to, or `null` when nothing could. */
class Actor implements Record<TrafficKind, () => string | null> {
  readonly #network: Network
  readonly #random: Random
  readonly #options: TrafficOptions
  #handles = 0

  constructor(network: Network, random: Random, options: TrafficOptions) {
    this.#network = network
    this.#random = random
    this.#options = options
  }

  #someone(fits: (repo: TestRepo) => boolean = (repo) => repo.active): TestRepo | null {
    const repos = this.#options.repos ?? this.#network.repos
    for (let i = 0; i < 20 && repos.length > 0; i++) {
      const repo = this.#random.pick(repos)
      if (fits(repo)) return repo
    }
    return repos.find(fits) ?? null
  }

  #with(repo: TestRepo | null, act: (repo: TestRepo) => void): string | null {
    if (repo === null) return null
    act(repo)
    return repo.did
  }

  #newRecord(): RepoWrite {
    const { collections } = this.#options
    const collection = collections ? this.#random.pick(collections) : this.#network.records.collection()
    const record = this.#network.records.record(collection)
    if (collection === 'app.bsky.actor.profile') return { action: 'put', collection, rkey: 'self', record }
    return { action: 'create', collection, record }
  }

  /** Some record of the repo, by a jump into its tree. */
  #oldRecord(repo: TestRepo): { collection: string; rkey: string } | null {
    const collections: readonly string[] = this.#options.collections ?? COLLECTIONS
    const prefix = `${this.#random.pick(collections)}/`
    const from =
      prefix +
      '3lmnopq'.slice(0, this.#random.int(3)) +
      '234567abcdefghijklmnopqrstuvwxyz'[this.#random.int(32)]
    for (const start of [from, prefix]) {
      for (const [path] of repo.tree.entries(start)) {
        if (!path.startsWith(prefix)) break
        return { collection: prefix.slice(0, -1), rkey: path.slice(prefix.length) }
      }
    }
    return null
  }

  #changed(repo: TestRepo): RepoWrite | null {
    const old = this.#oldRecord(repo)
    if (old === null) return null
    return {
      action: 'update',
      ...old,
      record: this.#network.records.record(old.collection as SandboxCollection),
    }
  }

  create(): string | null {
    return this.#with(this.#someone(), (repo) => repo.commit([this.#newRecord()]))
  }

  update(): string | null {
    return this.#with(this.#someone(), (repo) => repo.commit([this.#changed(repo) ?? this.#newRecord()]))
  }

  delete(): string | null {
    return this.#with(this.#someone(), (repo) => {
      const old = this.#oldRecord(repo)
      repo.commit([old === null ? this.#newRecord() : { action: 'delete', ...old }])
    })
  }

  batch(): string | null {
    return this.#with(this.#someone(), (repo) => {
      const writes = new Map<string, RepoWrite>()
      for (let n = 2 + this.#random.int(8); n > 0; n--) {
        const old = this.#random.chance(0.4) ? this.#oldRecord(repo) : null
        const write: RepoWrite = old === null ? this.#newRecord() : { action: 'delete', ...old }
        // A record may be written once in a commit (B16).
        writes.set(`${write.collection}/${write.rkey ?? repo.nextTid()}`, write)
      }
      repo.commit([...writes.values()])
    })
  }

  empty(): string | null {
    return this.#with(this.#someone(), (repo) => repo.commit([]))
  }

  handle(): string | null {
    return this.#with(this.#someone(), (repo) => repo.setHandle(`renamed${this.#handles++}.test`))
  }

  rotate(): string | null {
    return this.#with(this.#someone(), (repo) =>
      repo.rotateKey({
        publish: this.#random.pick(['before', 'after']),
        curve: this.#random.pick(['k256', 'p256']),
      }),
    )
  }

  pause(): string | null {
    const status: RepoStatus = this.#random.pick(['deactivated', 'suspended', 'takendown'])
    return this.#with(this.#someone(), (repo) => repo.setStatus(status))
  }

  resume(): string | null {
    const paused = (repo: TestRepo) => !repo.active && repo.status !== 'deleted'
    return this.#with(this.#someone(paused), (repo) => repo.setStatus('active'))
  }

  removeAccount(): string | null {
    return this.#with(this.#someone(), (repo) => repo.remove({ tombstone: this.#random.chance(0.5) }))
  }

  newAccount(): string | null {
    const curve = this.#random.pick(['k256', 'k256', 'p256'] as const)
    return this.#network.createRepo({ curve, records: this.#random.int(20) }).did
  }

  move(): string | null {
    const { pdses } = this.#network
    if (pdses.length < 2) return null
    return this.#with(this.#someone(), (repo) =>
      repo.moveTo(this.#random.pick(pdses.filter((p) => p !== repo.host))),
    )
  }

  sync(): string | null {
    return this.#with(this.#someone(), (repo) => {
      const lost = this.#random.int(3)
      for (let i = 0; i <= lost; i++) repo.commit([this.#newRecord()], { announce: false })
      repo.sync()
    })
  }
}
