import { InvalidError } from '../errors.ts'
import { BlockIndex } from './block-index.ts'
import { checkSection, readHeader } from './car.ts'
import { CarFramer } from './car-framer.ts'
import { CID_LENGTH, cidOfDigest, DAG_CBOR, type Digest, digestOfCid } from './cid.ts'
import { decodeCommit, type SignedCommit } from './commit.ts'
import { DigestTable } from './digest-table.ts'
import { parseNode } from './mst.ts'
import { keyDepth } from './mst-key.ts'
import { RepoPaths } from './repo-path.ts'
import { Spill } from './spill.ts'
import { type Branch, comesBefore, type Leaf, type Want, wantedBy } from './walk-want.ts'

/** A record proven to be in the tree the commit signs. */
export interface WalkedRecord {
  readonly collection: string
  readonly rkey: string
  /** 36 bytes. */
  readonly cid: Uint8Array
  /** The record's DAG-CBOR; a view that keeps the received chunk alive: copy what outlives the batch. */
  readonly block: Uint8Array
}

export interface RepoWalkOptions {
  /** Bytes of the CAR kept in memory before a temporary file takes them. Default 8 MiB. */
  readonly spillBytes?: number
  /** Folder of that file. Default: the system's. */
  readonly dir?: string
  /** Deepest layer a key may stand on (B14). Default 64: such a key takes 2^128 guesses to find. */
  readonly maxNodeDepth?: number
  /**
   * Wanted blocks, and blocks that came early, kept track of before we stop walking the stream as it comes.
   * Default 65,536 of each: about 25 MB at most.
   */
  readonly maxTracked?: number
}

/** Above every key, which are printable ASCII. */
const PAST_ALL = '\x7f'
/** Offsets in the spilled CAR are 32-bit. */
const MAX_CAR = 2 ** 32 - 1
/** Many paths may share one record, but not so that a small CAR becomes an endless one. */
const MAX_AMPLIFICATION = 32
const FREE_AMPLIFICATION = 1 << 26
/** Blocks that came early are read back all at once when their node comes, so their bytes count too. */
const MAX_EARLY_BYTES = 1 << 24
/** Where `finish` cuts: records, or bytes of their blocks. */
const BATCH = 512
const BATCH_BYTES = 1 << 20

/**
 * Walks the CAR of a whole repository while it arrives, in any block order, and yields each record once its
 * chain of hashes from the signed commit is complete. Checked: every block hashes to its CID (B7); every
 * node is where its keys belong, in strict order, canonically encoded, not empty (B14); paths are valid; and
 * nothing is missing at the end (F3), since a CAR cut between blocks looks whole.
 *
 * Memory is bounded whatever the order. Blocks that come before their parents are remembered by place; once
 * they, or the wanted ones, are too many, the rest is only hashed and stored, and `finish` walks the stored
 * CAR with an index. The stored CAR also serves records whose second path turns up after their block.
 */
export class RepoWalk {
  readonly #spill: Spill
  readonly #framer: CarFramer
  readonly #maxDepth: number
  readonly #maxTracked: number
  readonly #paths = new RepoPaths()
  readonly #wanted = new DigestTable<Want>()
  /** Wants, of which many may wait for one block. */
  #wants = 0
  /** Blocks that came before anybody wanted them. */
  readonly #early = new DigestTable<{ offset: number; length: number }>()
  #earlyBytes = 0
  #commit: SignedCommit | null = null
  #headerSeen = false
  #deferred = false
  /** At the end: what the node at hand asks for, in the order of keys. */
  #asked: [Digest, Want][] | null = null
  #proven: WalkedRecord[] = []
  #provenBytes = 0
  #takenBytes = 0

  constructor(options: RepoWalkOptions = {}) {
    this.#spill = new Spill(options.spillBytes ?? 1 << 23, options.dir)
    this.#maxDepth = options.maxNodeDepth ?? 64
    this.#maxTracked = options.maxTracked ?? 1 << 16
    this.#framer = new CarFramer((bytes, start, end, offset) => this.#section(bytes, start, end, offset))
  }

  /** The root commit, as soon as its block was seen. Its signature is for the caller to check. */
  get commit(): SignedCommit | null {
    return this.#commit
  }

  /** Whether the order was so scattered that records come from {@link finish}. */
  get deferred(): boolean {
    return this.#deferred
  }

  /**
   * Takes the next bytes of the CAR (and keeps them: they must not be reused) and returns the records they
   * prove. Throws InvalidError('F3').
   */
  push(chunk: Uint8Array): readonly WalkedRecord[] {
    return this.#guarded(() => {
      if (this.#spill.size + chunk.length > MAX_CAR) throw refuse('the car is over 4 GiB')
      this.#spill.append(chunk)
      this.#framer.push(chunk)
      return this.#take()
    })
  }

  /**
   * The records that are left, once all bytes were pushed. Must be read to its end: only then is the tree
   * known to be complete. Throws InvalidError('F3').
   */
  finish(): Iterable<readonly WalkedRecord[]> {
    this.#guarded(() => {
      if (this.#framer.unfinished || !this.#headerSeen) throw refuse('the car ends early')
    })
    return this.#wanted.size === 0 ? [] : this.#finishStored()
  }

  /** Gives the memory and the temporary file back. Harmless twice. */
  close(): void {
    this.#spill.close()
    this.#wanted.clear()
    this.#early.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #guarded<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      if (!(cause instanceof InvalidError) || cause.rule === 'F3') throw cause
      throw new InvalidError('F3', `malformed repo: ${cause.message}`, { cause })
    }
  }

  #section(bytes: Uint8Array, start: number, end: number, offset: number): void {
    if (!this.#headerSeen) {
      this.#headerSeen = true
      this.#want(digestOfCid(readHeader(bytes, start, end)), { kind: 'commit', next: null })
      return
    }
    const block = bytes.subarray(Math.min(start + CID_LENGTH, end), end)
    const digest = checkSection(bytes, start, end, block)
    if (this.#deferred || bytes[start + 1] !== DAG_CBOR) return
    const want = this.#wanted.take(digest)
    if (want === undefined) {
      const twin = this.#early.set(digest, { offset, length: end - start })
      if (twin === undefined) this.#earlyBytes += block.length
    } else {
      this.#settle(want, bytes.subarray(start, start + CID_LENGTH), block)
    }
    const scattered = this.#early.size > this.#maxTracked || this.#earlyBytes > MAX_EARLY_BYTES
    if (scattered || this.#wants > this.#maxTracked) {
      this.#deferred = true
      this.#early.clear()
    }
  }

  /** Asks for a block: it is here already, or it will come. */
  #want(digest: Digest, want: Want): void {
    const early = this.#early.size === 0 ? undefined : this.#early.take(digest)
    if (early !== undefined) {
      this.#earlyBytes -= early.length - CID_LENGTH
      const section = this.#spill.read(early.offset, early.length)
      this.#wants++
      this.#settle(want, section.subarray(0, CID_LENGTH), section.subarray(CID_LENGTH))
      return
    }
    this.#wants++
    if (this.#asked !== null) {
      this.#asked.push([digest, want])
      return
    }
    const other = this.#wanted.set(digest, want)
    if (other !== undefined) want.next = other
  }

  #settle(first: Want, cid: Uint8Array, block: Uint8Array): void {
    for (let want: Want | null = first; want !== null; want = want.next) {
      this.#wants--
      if (want.kind === 'leaf') this.#prove(want, cid, block)
      else if (want.kind === 'branch') this.#node(want, block)
      else {
        this.#commit = decodeCommit(block)
        this.#want(digestOfCid(this.#commit.data), {
          kind: 'branch',
          layer: -1,
          after: '',
          before: PAST_ALL,
          next: null,
        })
      }
    }
  }

  #prove({ collection, rkey }: Leaf, cid: Uint8Array, block: Uint8Array): void {
    this.#provenBytes += block.length
    if (this.#provenBytes > FREE_AMPLIFICATION + this.#spill.size * MAX_AMPLIFICATION)
      throw refuse('the same records under too many paths')
    this.#proven.push({ collection, rkey, cid, block })
  }

  /** Checks a node against its place and asks for what it points at. */
  #node(branch: Branch, block: Uint8Array): void {
    const { keys, values, trees, left } = parseNode(block)
    const count = keys.length
    const first = keys[0]
    const isRoot = branch.layer < 0
    if (first === undefined && (left === 0) !== isRoot)
      throw refuse(isRoot ? 'a root without keys over a subtree' : 'an empty node inside the tree')
    const layer = isRoot ? (first === undefined ? 0 : keyDepth(first)) : branch.layer
    if (layer > this.#maxDepth) throw refuse(`a key above layer ${this.#maxDepth}`)
    if (first !== undefined && !(first > branch.after && (keys[count - 1] as string) < branch.before))
      throw refuse('a key outside the range of its node')
    this.#subtree(block, left, layer, branch.after, first ?? branch.before)
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string
      if (keyDepth(key) !== layer) throw refuse(`a key on the wrong layer; path=${key}`)
      const { collection, rkey } = this.#paths.parse(key)
      this.#want(digestOfCid(block, values[i] as number), { kind: 'leaf', collection, rkey, next: null })
      this.#subtree(block, trees[i] as number, layer, key, keys[i + 1] ?? branch.before)
    }
  }

  #subtree(block: Uint8Array, at: number, layer: number, after: string, before: string): void {
    if (at === 0) return
    if (layer === 0) throw refuse('a subtree below layer 0')
    this.#want(digestOfCid(block, at), { kind: 'branch', layer: layer - 1, after, before, next: null })
  }

  #take(): readonly WalkedRecord[] {
    const proven = this.#proven
    this.#proven = []
    this.#takenBytes = this.#provenBytes
    return proven
  }

  /** Depth first from every want that is left, in the order of keys. */
  *#finishStored(): Generator<readonly WalkedRecord[]> {
    this.#deferred = true
    this.#early.clear()
    const index = this.#guarded(() => this.#indexed())
    const stack = [...this.#wanted.entries()].sort(([, a], [, b]) => (comesBefore(a, b) ? 1 : -1))
    this.#wanted.clear()
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const [digest, want] = next
      const asked: [Digest, Want][] = []
      this.#asked = asked
      this.#guarded(() => {
        const block = index.read(digest, this.#spill)
        if (block === null) throw refuse(`a block is missing: ${wantedBy(want)}`)
        this.#settle(want, cidOfDigest(digest), block)
      })
      for (let i = asked.length - 1; i >= 0; i--) stack.push(asked[i] as [Digest, Want])
      const full = this.#proven.length >= BATCH || this.#provenBytes - this.#takenBytes >= BATCH_BYTES
      if (full) yield this.#take()
    }
    if (this.#proven.length > 0) yield this.#take()
  }

  #indexed(): BlockIndex {
    const index = new BlockIndex()
    let header = true
    const framer = new CarFramer((bytes, start, end, offset) => {
      if (!header && bytes[start + 1] === DAG_CBOR) index.add(bytes, start, end, offset)
      header = false
    })
    for (const piece of this.#spill.replay()) framer.push(piece)
    return index
  }
}

const refuse = (what: string) => new InvalidError('F3', `malformed repo: ${what}`)
