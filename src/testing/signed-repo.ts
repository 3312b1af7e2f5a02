import { CidLinkWrapper, decode, encode, toBytes } from '@atcute/cbor'
import { type CarExport, type CarOrder, carBytes, inOrder } from './car.ts'
import type { CommitEvent, CommitEventOp } from './event.ts'
import { cidOf, cidText } from './ids.ts'
import type { SigningKey } from './keys.ts'
import type { Random } from './random.ts'
import { type Leaf, type RepoBlock, RepoTree } from './tree.ts'

/** One write of a commit. A record is JSON with `{ $link }` and `{ $bytes }`, or a ready block (to send nonsense). */
export type RepoWrite =
  | {
      action: 'create' | 'update' | 'put'
      collection: string
      rkey?: string
      record: Record<string, unknown> | Uint8Array
    }
  | { action: 'delete'; collection: string; rkey: string }

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
  /** In atproto's JSON form. */
  readonly record: unknown
}

/** What a commit changed, ready to be announced. */
export type Commit = Omit<CommitEvent, 'kind' | 'time'>

interface Planned {
  readonly write: RepoWrite
  readonly path: string
}

/** A repo and the key that signs it: a tree of records under a signed commit. Knows nothing of accounts or hosts. */
export class SignedRepo {
  readonly did: string
  readonly #tree: RepoTree
  readonly #nextTid: () => string
  #key: SigningKey
  #rev = ''
  #head: RepoBlock = { kind: 'commit', cid: new Uint8Array(36), block: new Uint8Array(), born: 0 }
  #commits: number

  constructor(did: string, key: SigningKey, nextTid: () => string, tree: RepoTree = new RepoTree()) {
    this.did = did
    this.#key = key
    this.#nextTid = nextTid
    this.#tree = tree
    this.#commits = tree.size
    this.#advance(null)
  }

  get key(): SigningKey {
    return this.#key
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
    return this.#nextTid()
  }

  /** Commits from now on are signed by `key`; the head stays as it is. */
  protected useKey(key: SigningKey): void {
    this.#key = key
  }

  /** Signs the same records anew: another rev, another head. */
  protected resign(): void {
    this.#advance(++this.#commits)
  }

  /** Applies the writes in one signed commit. Throws, and changes nothing, when one does not fit the repo. */
  protected write(writes: readonly RepoWrite[]): Commit {
    const planned = this.#plan(writes)
    const before = { rev: this.#rev, data: this.data }
    const born = ++this.#commits
    const blocks = new Map<string, RepoBlock>()
    const add = (block: RepoBlock) => blocks.set(cidText(block.cid), block)
    const ops = planned.map((one) => this.#apply(one, born, add))
    const nodes: RepoBlock[] = []
    this.#tree.seal(born, nodes)
    this.#advance(born)
    for (const block of [this.#head, ...nodes]) add(block)
    for (const { path } of ops) for (const block of this.#tree.proof(path)) add(block)
    if (ops.length === 0) add(this.#tree.seal(null))
    return {
      did: this.did,
      rev: this.#rev,
      since: before.rev,
      commit: this.head,
      blocks: carBytes({ roots: [this.head], blocks: blocks.values() }),
      ops,
      prevData: before.data,
    }
  }

  #plan(writes: readonly RepoWrite[]): Planned[] {
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
    return planned
  }

  #apply({ write, path }: Planned, born: number, add: (block: RepoBlock) => void): CommitEventOp {
    if (write.action === 'delete') {
      return { action: 'delete', path, cid: null, prev: this.#tree.delete(path)?.cid }
    }
    const block = Buffer.from(write.record instanceof Uint8Array ? write.record : encode(write.record))
    const leaf = { cid: cidOf(block), block, born }
    const before = this.#tree.set(path, leaf)
    add({ kind: 'record', ...leaf })
    return before === null
      ? { action: 'create', path, cid: leaf.cid }
      : { action: 'update', path, cid: leaf.cid, prev: before.cid }
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
    const [tree, head] = [this.#tree, this.#head]
    const blocks = {
      *[Symbol.iterator](): Generator<RepoBlock> {
        yield head
        yield* tree.blocks()
      },
    }
    return { roots: [head.cid], blocks: inOrder(blocks, order, random) }
  }

  /** The proof that a record is in the repo, or that it is not. */
  recordProof(path: string): CarExport {
    const leaf = this.#tree.get(path)
    const record: RepoBlock[] = leaf === null ? [] : [{ kind: 'record', ...leaf }]
    return { roots: [this.head], blocks: [this.#head, ...this.#tree.proof(path), ...record] }
  }

  /** The record at `path`. */
  record(path: string): RepoRecord | null {
    const leaf = this.#tree.get(path)
    return leaf === null ? null : recordOf(path, leaf)
  }

  /** Every record, in path order. */
  *records(): Generator<RepoRecord> {
    for (const [path, leaf] of this.#tree.entries()) yield recordOf(path, leaf)
  }
}

// Decoded by another library than the one under test, so that what it says is a second opinion.
function recordOf(path: string, leaf: Leaf): RepoRecord {
  return { path, cid: cidText(leaf.cid), record: JSON.parse(JSON.stringify(decode(leaf.block))) }
}

/** A commit block with one bit of its signature turned. */
export function brokenSignature(commit: Uint8Array): Uint8Array {
  const out = Uint8Array.from(commit)
  const name = Buffer.from(out).indexOf(Buffer.from([0x63, 0x73, 0x69, 0x67, 0x58, 0x40]))
  out[name + 20] = (out[name + 20] ?? 0) ^ 1
  return out
}
