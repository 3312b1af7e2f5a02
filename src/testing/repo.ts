import { carBytes } from './car.ts'
import { type Clock, isoOf } from './clock.ts'
import type { NetworkEvent } from './event.ts'
import { cidText, tid } from './ids.ts'
import { type Curve, SigningKey } from './keys.ts'
import type { Random } from './random.ts'
import { type RepoWrite, SignedRepo } from './signed-repo.ts'
import type { RepoTree } from './tree.ts'

/** Account states the sandbox knows; `deleted` is for ever. */
export type RepoStatus = 'active' | 'deactivated' | 'suspended' | 'takendown' | 'deleted'

export interface Written {
  readonly uri: string
  readonly rkey: string
  /** `null` for a delete. */
  readonly cid: string | null
}

export interface CommitResult {
  readonly rev: string
  readonly commit: string
  readonly writes: readonly Written[]
}

/** A place that hosts repos: what a PDS is to its repos. */
export interface RepoHost {
  readonly url: string
  accept(repo: TestRepo): void
  /** The account leaves for another host. */
  release(repo: TestRepo): void
}

/** What a repo needs of the network it lives in. */
export interface RepoWorld {
  readonly clock: Clock
  emit(repo: TestRepo, events: readonly NetworkEvent[]): void
}

export interface RepoIdentity {
  readonly did: string
  readonly handle: string
  readonly curve: Curve
  readonly host: RepoHost
}

/** What the directory says of an account. */
export interface PublishedIdentity {
  readonly handle: string
  readonly host: RepoHost
  /** As a did:key. */
  readonly signingKey: string
}

/** An account with its repo: signs real commits and tells its host about them. */
export class TestRepo extends SignedRepo {
  readonly #world: RepoWorld
  readonly #random: Random
  #handle: string
  #host: RepoHost
  #status: RepoStatus = 'active'
  #tombstoned = false
  #published: PublishedIdentity

  constructor(identity: RepoIdentity, world: RepoWorld, random: Random, tree?: RepoTree) {
    const clockId = random.int(1024)
    const key = new SigningKey(identity.curve, random.bytes(32))
    super(identity.did, key, () => tid(world.clock(), clockId), tree)
    this.#world = world
    this.#random = random
    this.#handle = identity.handle
    this.#host = identity.host
    this.#published = { handle: this.#handle, host: this.#host, signingKey: key.didKey }
  }

  get handle(): string {
    return this.#handle
  }
  get host(): RepoHost {
    return this.#host
  }
  get status(): RepoStatus {
    return this.#status
  }
  get active(): boolean {
    return this.#status === 'active'
  }
  get tombstoned(): boolean {
    return this.#tombstoned
  }
  /** What the directory says; {@link publish} brings it up to date. */
  get published(): PublishedIdentity {
    return this.#published
  }

  create(collection: string, record: Record<string, unknown>, rkey?: string): Written {
    return this.#one({ action: 'create', collection, record, ...(rkey === undefined ? {} : { rkey }) })
  }

  update(collection: string, rkey: string, record: Record<string, unknown>): Written {
    return this.#one({ action: 'update', collection, rkey, record })
  }

  /** Creates or updates. */
  put(collection: string, rkey: string, record: Record<string, unknown>): Written {
    return this.#one({ action: 'put', collection, rkey, record })
  }

  delete(collection: string, rkey: string): Written {
    return this.#one({ action: 'delete', collection, rkey })
  }

  #one(write: RepoWrite): Written {
    return this.commit([write]).writes[0] as Written
  }

  /**
   * Applies the writes in one signed commit and announces it (`announce: false` keeps it to itself, as if
   * the event had been lost). Throws when a write does not fit the repo or the account is not active.
   */
  commit(writes: readonly RepoWrite[], options: { announce?: boolean } = {}): CommitResult {
    if (!this.active) throw new Error(`the account is ${this.#status}; did=${this.did}`)
    const commit = this.write(writes)
    if (options.announce !== false) this.#emit({ kind: 'commit', ...commit, time: this.#now() })
    return {
      rev: this.rev,
      commit: cidText(this.head),
      writes: commit.ops.map(({ path, cid }) => ({
        uri: `at://${this.did}/${path}`,
        rkey: path.slice(path.indexOf('/') + 1),
        cid: cid === null ? null : cidText(cid),
      })),
    }
  }

  /** Announces the current head with a `#sync`: for changes nobody heard of. */
  sync(): void {
    this.#emit(this.#syncEvent())
  }

  #syncEvent(): NetworkEvent {
    const blocks = carBytes({ roots: [this.head], blocks: [this.headBlock] })
    return { kind: 'sync', did: this.did, rev: this.rev, blocks, time: this.#now() }
  }

  #identityEvent(): NetworkEvent {
    return { kind: 'identity', did: this.did, handle: this.#handle, time: this.#now() }
  }

  #accountEvent(): NetworkEvent {
    const account = { kind: 'account', did: this.did, active: this.active, time: this.#now() } as const
    return this.active ? account : { ...account, status: this.#status }
  }

  #firstCommit(): NetworkEvent {
    const blocks = carBytes({ roots: [this.head], blocks: [this.headBlock, this.tree.seal(null)] })
    const { did, rev, head } = this
    return { kind: 'commit', did, rev, since: null, commit: head, blocks, ops: [], time: this.#now() }
  }

  /** Brings the directory up to date and, unless told not to, says so with an `#identity`. */
  publish(options: { announce?: boolean } = {}): void {
    this.#published = { handle: this.#handle, host: this.#host, signingKey: this.key.didKey }
    if (options.announce !== false) this.#emit(this.#identityEvent())
  }

  /**
   * Announces the account as the reference PDS does when it is made: identity, account, the first commit (which
   * has neither `since` nor `prevData`) and the head. A repo born with records is announced by its head alone.
   */
  introduce(): void {
    const first = this.tree.size > 0 ? [] : [this.#firstCommit()]
    this.#emit(this.#identityEvent(), this.#accountEvent(), ...first, this.#syncEvent())
  }

  setHandle(handle: string): void {
    this.#handle = handle
    this.publish()
  }

  /**
   * A new signing key. `publish: 'before'` (default) updates the directory, announces it, then signs an empty
   * commit with the new key; `'after'` signs and announces that commit first, when its readers still know the
   * old key; `'never'` only signs, and {@link publish} is up to the caller.
   */
  rotateKey(options: { curve?: Curve; publish?: 'before' | 'after' | 'never' } = {}): void {
    const when = options.publish ?? 'before'
    this.useKey(new SigningKey(options.curve ?? this.key.curve, this.#random.bytes(32)))
    if (when === 'before') this.publish()
    this.commit([])
    if (when === 'after') this.publish()
  }

  /**
   * The account moves, by default with a new key and its repo signed anew there; the old host knows it as
   * deactivated. `resign: false` moves the old commit as it is, which the directory's new key does not verify
   * until the next one: the reference PDS does so.
   */
  moveTo(host: RepoHost, options: { newKey?: boolean; resign?: boolean } = {}): void {
    if (!this.active) throw new Error(`the account is ${this.#status}; did=${this.did}`)
    this.#host.release(this)
    this.#host = host
    host.accept(this)
    if (options.newKey !== false) this.useKey(new SigningKey(this.key.curve, this.#random.bytes(32)))
    if (options.resign !== false) this.resign()
    this.publish({ announce: false })
    this.#announceAgain()
  }

  /** Takes effect at the host and is announced. */
  setStatus(status: RepoStatus): void {
    if (this.#status === 'deleted') throw new Error(`the account is deleted; did=${this.did}`)
    if (status === this.#status) return
    this.#status = status
    if (status === 'active') this.#announceAgain()
    else this.#emit(this.#accountEvent())
  }

  /** Account, identity and head, as the reference PDS tells that an account is (back) in use. */
  #announceAgain(): void {
    this.#emit(this.#accountEvent(), this.#identityEvent(), this.#syncEvent())
  }

  /** Deletes the account; with `tombstone` its DID too. */
  remove(options: { tombstone?: boolean } = {}): void {
    this.#tombstoned = options.tombstone ?? false
    this.setStatus('deleted')
  }

  #now(): string {
    return isoOf(this.#world.clock())
  }

  #emit(...events: NetworkEvent[]): void {
    this.#world.emit(this, events)
  }
}
