import { CidLinkWrapper, decode, encode, toBytes } from '@atcute/cbor'
import { type CarExport, type CarOrder, carBytes, inOrder } from './car.ts'
import { type Clock, isoOf } from './clock.ts'
import type { CommitEventOp, NetworkEvent } from './event.ts'
import { cidOf, cidText, tid } from './ids.ts'
import { type Curve, SigningKey } from './keys.ts'
import type { Random } from './random.ts'
import { type Leaf, type RepoBlock, RepoTree } from './tree.ts'

/** Account states the sandbox knows; `deleted` is for ever. */
export type RepoStatus = 'active' | 'deactivated' | 'suspended' | 'takendown' | 'deleted'

/** One write of a commit. A record is JSON with `{ $link }` and `{ $bytes }`, or a ready block (to send nonsense). */
export type RepoWrite =
  | {
      action: 'create' | 'update' | 'put'
      collection: string
      rkey?: string
      record: Record<string, unknown> | Uint8Array
    }
  | { action: 'delete'; collection: string; rkey: string }

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

export interface SignOptions {
  readonly key?: SigningKey
  readonly highS?: boolean
  readonly did?: string
  readonly version?: number
}

export interface RepoRecord {
  /** `collection/rkey`. */
  readonly path: string
  readonly cid: string
  readonly record: unknown
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

/** An account with its repo: signs real commits and tells its host about them. */
export class TestRepo {
  readonly did: string
  readonly #world: RepoWorld
  readonly #random: Random
  readonly #clockId: number
  #handle: string
  #host: RepoHost
  #key: SigningKey
  #status: RepoStatus = 'active'
  #tree = new RepoTree()
  #rev = ''
  #head: RepoBlock = { kind: 'commit', cid: new Uint8Array(36), block: new Uint8Array(), born: 0 }
  #commits = 0
  #tombstoned = false
  /** What the directory says; {@link publish} brings it up to date. */
  #published: { handle: string; host: RepoHost; signingKey: string }

  constructor(identity: RepoIdentity, world: RepoWorld, random: Random, tree?: RepoTree) {
    this.did = identity.did
    this.#handle = identity.handle
    this.#host = identity.host
    this.#world = world
    this.#random = random
    this.#clockId = random.int(1024)
    this.#key = new SigningKey(identity.curve, random.bytes(32))
    this.#published = { handle: this.#handle, host: this.#host, signingKey: this.#key.didKey }
    if (tree !== undefined) {
      this.#tree = tree
      this.#commits = tree.size
    }
    this.#advance(null)
  }

  get handle(): string {
    return this.#handle
  }
  get host(): RepoHost {
    return this.#host
  }
  get key(): SigningKey {
    return this.#key
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
  get published(): { readonly handle: string; readonly host: RepoHost; readonly signingKey: string } {
    return this.#published
  }
  get rev(): string {
    return this.#rev
  }
  /** CID of the newest commit. */
  get head(): Uint8Array {
    return this.#head.cid
  }
  get headBlock(): RepoBlock {
    return this.#head
  }
  /** CID of the tree's root. */
  get data(): Uint8Array {
    return this.#tree.seal(null).cid
  }
  get tree(): RepoTree {
    return this.#tree
  }

  nextTid(): string {
    return tid(this.#world.clock(), this.#clockId)
  }

  create(collection: string, record: Record<string, unknown>, rkey?: string): Written {
    return this.#one({ action: 'create', collection, record, ...(rkey === undefined ? {} : { rkey }) })
  }

  update(collection: string, rkey: string, record: Record<string, unknown>): Written {
    return this.#one({ action: 'update', collection, rkey, record })
  }

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
    const before = { rev: this.#rev, data: this.data }
    const born = ++this.#commits
    const blocks = new Map<string, RepoBlock>()
    const add = (block: RepoBlock) => blocks.set(cidText(block.cid), block)
    const applied = this.#applyAll(writes, born, add)
    const written: RepoBlock[] = []
    this.#tree.seal(born, written)
    this.#advance(born)
    for (const block of [this.#head, ...written]) add(block)
    for (const op of applied) for (const block of this.#tree.proof(op.path)) add(block)
    if (applied.length === 0) add(this.#tree.seal(null))
    if (options.announce !== false) {
      this.#emit({
        kind: 'commit',
        did: this.did,
        rev: this.#rev,
        since: before.rev,
        commit: this.head,
        blocks: carBytes({ roots: [this.head], blocks: blocks.values() }),
        ops: applied,
        prevData: before.data,
        time: this.#now(),
      })
    }
    return {
      rev: this.#rev,
      commit: cidText(this.head),
      writes: applied.map(({ path, cid }) => ({
        uri: `at://${this.did}/${path}`,
        rkey: path.slice(path.indexOf('/') + 1),
        cid: cid === null ? null : cidText(cid),
      })),
    }
  }

  #applyAll(writes: readonly RepoWrite[], born: number, add: (block: RepoBlock) => void): CommitEventOp[] {
    // Checked as a whole first: a commit that fails half-way must leave nothing behind.
    const planned = writes.map((write) => ({
      write,
      path: `${write.collection}/${write.rkey ?? this.nextTid()}`,
    }))
    const here = new Map<string, boolean>()
    for (const { write, path } of planned) {
      const present = here.get(path) ?? this.#tree.get(path) !== null
      if (write.action === 'create' && present) throw new Error(`record exists; path=${path}`)
      if ((write.action === 'update' || write.action === 'delete') && !present)
        throw new Error(`no such record; path=${path}`)
      here.set(path, write.action !== 'delete')
    }
    return planned.map(({ write, path }): CommitEventOp => {
      if (write.action === 'delete') {
        return { action: 'delete', path, cid: null, prev: this.#tree.delete(path)?.cid }
      }
      const block = write.record instanceof Uint8Array ? write.record : encode(write.record)
      const leaf = { cid: cidOf(block), block, born }
      const before = this.#tree.set(path, leaf)
      add({ kind: 'record', ...leaf })
      return before === null
        ? { action: 'create', path, cid: leaf.cid }
        : { action: 'update', path, cid: leaf.cid, prev: before.cid }
    })
  }

  #advance(born: number | null): void {
    this.#rev = this.nextTid()
    const root = this.#tree.seal(born)
    const block = this.signCommit(root.cid, this.#rev)
    this.#head = { kind: 'commit', cid: cidOf(block), block, born: born ?? this.#commits }
  }

  /** A signed commit block over any tree root: what an honest host makes, and what a lying one can. */
  signCommit(data: Uint8Array, rev: string, options: SignOptions = {}): Uint8Array {
    const unsigned = {
      did: options.did ?? this.did,
      version: options.version ?? 3,
      data: new CidLinkWrapper(data),
      rev,
      prev: null,
    }
    const sig = (options.key ?? this.#key).sign(encode(unsigned), { highS: options.highS ?? false })
    return encode({ ...unsigned, sig: toBytes(sig) })
  }

  /** The whole repo as blocks, in the order asked for. */
  export(order: CarOrder, random: Random): CarExport {
    const tree = this.#tree
    const head = this.#head
    const blocks = function* (): Generator<RepoBlock> {
      yield head
      yield* tree.blocks()
    }
    return { roots: [head.cid], blocks: inOrder(blocks(), order, random) }
  }

  /** The proof that a record is in the repo, or that it is not. */
  recordProof(path: string): CarExport {
    const leaf = this.#tree.get(path)
    const record: RepoBlock[] = leaf === null ? [] : [{ kind: 'record', ...leaf }]
    return { roots: [this.head], blocks: [this.#head, ...this.#tree.proof(path), ...record] }
  }

  /** The record at `path` in atproto's JSON form. */
  record(path: string): RepoRecord | null {
    const leaf = this.#tree.get(path)
    return leaf === null ? null : recordOf(path, leaf)
  }

  /** Every record, in path order. */
  *records(): Generator<RepoRecord> {
    for (const [path, leaf] of this.#tree.entries()) yield recordOf(path, leaf)
  }

  /** Announces the current head with a `#sync`: for changes nobody heard of. */
  sync(): void {
    this.#emit(this.#syncEvent())
  }

  #syncEvent(): NetworkEvent {
    const blocks = carBytes({ roots: [this.head], blocks: [this.#head] })
    return { kind: 'sync', did: this.did, rev: this.#rev, blocks, time: this.#now() }
  }

  #identityEvent(): NetworkEvent {
    return { kind: 'identity', did: this.did, handle: this.#handle, time: this.#now() }
  }

  #accountEvent(): NetworkEvent {
    const account = { kind: 'account', did: this.did, active: this.active, time: this.#now() } as const
    return this.active ? account : { ...account, status: this.#status }
  }

  /** Brings the directory up to date and, unless told not to, says so with an `#identity`. */
  publish(options: { announce?: boolean } = {}): void {
    this.#published = { handle: this.#handle, host: this.#host, signingKey: this.#key.didKey }
    if (options.announce !== false) this.#emit(this.#identityEvent())
  }

  /** Announces the account as a host does when it is made: identity, account and head. */
  introduce(): void {
    this.#emit(this.#identityEvent(), this.#accountEvent(), this.#syncEvent())
  }

  setHandle(handle: string): void {
    this.#handle = handle
    this.publish()
  }

  /**
   * A new signing key. `publish: 'before'` (default) updates the directory, announces it, then signs an empty
   * commit with the new key; `'after'` signs and announces that commit first, so that its readers still know
   * the old key; `'never'` only signs, and {@link publish} is up to the caller.
   */
  rotateKey(options: { curve?: Curve; publish?: 'before' | 'after' | 'never' } = {}): void {
    const when = options.publish ?? 'before'
    this.#key = new SigningKey(options.curve ?? this.#key.curve, this.#random.bytes(32))
    if (when === 'before') this.publish()
    this.commit([])
    if (when === 'after') this.publish()
  }

  /** The account moves: its repo is signed anew there, the old host knows it as deactivated. */
  moveTo(host: RepoHost, options: { newKey?: boolean } = {}): void {
    this.#host.release(this)
    this.#host = host
    host.accept(this)
    if (options.newKey !== false) this.#key = new SigningKey(this.#key.curve, this.#random.bytes(32))
    this.#advance(++this.#commits)
    this.publish({ announce: false })
    this.introduce()
  }

  /** Takes effect at the host and is announced. Coming back to life is told as the reference PDS tells it. */
  setStatus(status: RepoStatus): void {
    if (this.#status === 'deleted') throw new Error(`the account is deleted; did=${this.did}`)
    if (status === this.#status) return
    this.#status = status
    if (status === 'active') this.introduce()
    else this.#emit(this.#accountEvent())
    if (status === 'deleted') this.#tree = new RepoTree()
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

// Decoded by another library than the one under test, so that what it says is a second opinion.
function recordOf(path: string, leaf: Leaf): RepoRecord {
  return { path, cid: cidText(leaf.cid), record: JSON.parse(JSON.stringify(decode(leaf.block))) }
}
