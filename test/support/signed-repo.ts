import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { encode } from '../../src/protocol/cbor-encode.ts'
import { Cid, cidForBlock, type Digest, digestOfCid } from '../../src/protocol/cid.ts'
import { decodeFrame } from '../../src/protocol/frame.ts'
import type { CommitMessage, SyncMessage } from '../../src/protocol/message.ts'
import { buildTree } from '../../src/protocol/mst.ts'
import { tidFromMicros } from '../../src/protocol/tid.ts'

/**
 * A repo that signs commits and forges them: every step can be bent, so that tests of the sync rules can break
 * one rule and keep the others. The CAR of a commit holds the whole tree.
 */
export type Keypair = Secp256k1Keypair | P256Keypair
export type Curve = 'k256' | 'p256'

export const newKey = (curve: Curve): Promise<Keypair> =>
  curve === 'k256' ? Secp256k1Keypair.create() : P256Keypair.create()

export interface Op {
  action: 'create' | 'update' | 'delete'
  path: string
  cid: Uint8Array | null
  prev?: Uint8Array | null | undefined
}

/** Everything a commit is made of; tests change what they like before it is sealed. */
export interface Draft {
  did: string
  rev: string
  since: string | null
  ops: Op[]
  prevData: Uint8Array | null
  /** The signed object, without `sig`. */
  commit: Record<string, unknown>
  /** Blocks besides the commit, in CAR order. */
  blocks: Map<Digest, Uint8Array>
  /** More fields of the envelope. */
  extra: Record<string, unknown>
}

/** A write: a record, or null to delete. */
export type Write = readonly [path: string, record: unknown]

export class SignedRepo {
  readonly did: string
  key: Keypair
  rev: string | null = null
  data: Uint8Array | null = null
  /** Microseconds since 1970 of the last rev. */
  clock: number
  readonly leaves: Map<string, Uint8Array> = new Map()

  private constructor(did: string, key: Keypair, clock: number) {
    this.did = did
    this.key = key
    this.clock = clock
  }

  static async create(options: { did?: string; curve?: Curve; micros?: number } = {}): Promise<SignedRepo> {
    const { did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', curve = 'k256' } = options
    return new SignedRepo(did, await newKey(curve), options.micros ?? (Date.now() - 3_600_000) * 1000)
  }

  get head(): { rev: string | null; data: Uint8Array | null } {
    return { rev: this.rev, data: this.data }
  }

  /** The commit of these writes, not yet signed; the repo has moved on to it. */
  draft(writes: readonly Write[]): Draft {
    const blocks = new Map<Digest, Uint8Array>()
    const ops = writes.map(([path, record]): Op => {
      const prev = this.leaves.get(path)
      if (record === null) {
        this.leaves.delete(path)
        return { action: 'delete', path, cid: null, ...(prev === undefined ? {} : { prev }) }
      }
      const block = encode(record)
      const cid = cidForBlock(block)
      blocks.set(digestOfCid(cid), block)
      this.leaves.set(path, cid)
      return prev === undefined ? { action: 'create', path, cid } : { action: 'update', path, cid, prev }
    })
    const tree = buildTree(this.leaves)
    for (const [digest, block] of tree.blocks) blocks.set(digest, block)
    const draft: Draft = {
      did: this.did,
      rev: tidFromMicros(++this.clock),
      since: this.rev,
      ops,
      prevData: this.data,
      commit: {},
      blocks,
      extra: {},
    }
    draft.commit = {
      did: this.did,
      version: 3,
      rev: draft.rev,
      prev: null,
      data: new Cid(tree.root),
    }
    this.rev = draft.rev
    this.data = tree.root
    return draft
  }

  async commit(writes: readonly Write[], bend: (draft: Draft) => void = () => {}): Promise<CommitMessage> {
    const draft = this.draft(writes)
    bend(draft)
    return messageOf(await frameOf(draft, this.key)) as CommitMessage
  }

  /** A `#sync` of the repo as it stands, at a new rev. */
  async sync(bend: (draft: Draft) => void = () => {}): Promise<SyncMessage> {
    const draft = this.draft([])
    draft.blocks.clear()
    bend(draft)
    const { bytes, blocks } = await signed(draft, this.key)
    const body = { seq: 1, did: draft.did, rev: draft.rev, time, blocks: carOf(cidForBlock(bytes), blocks) }
    return messageOf(frame('#sync', { ...body, ...draft.extra })) as SyncMessage
  }
}

const time = '2026-08-01T00:00:00.000Z'

const frame = (t: string, body: unknown): Uint8Array =>
  Uint8Array.from(Buffer.concat([encode({ op: 1, t }), encode(body)]))

export const messageOf = (bytes: Uint8Array): ReturnType<typeof decodeFrame> => decodeFrame(bytes)

async function signed(draft: Draft, key: Keypair): Promise<{ bytes: Uint8Array; blocks: Uint8Array[] }> {
  const sig = await key.sign(encode(draft.commit))
  const bytes = encode({
    ...draft.commit,
    sig,
    ...(draft.extra.sig === undefined ? {} : { sig: draft.extra.sig }),
  })
  return { bytes, blocks: [bytes, ...draft.blocks.values()] }
}

const link = (cid: Uint8Array | null | undefined) => (cid ? new Cid(cid) : cid)

/** The frame as a relay would send it. `extra` may replace any field, `commit` and `blocks` too. */
export async function frameOf(draft: Draft, key: Keypair): Promise<Uint8Array> {
  const { bytes, blocks } = await signed(draft, key)
  const { sig: _, ...extra } = draft.extra
  const commit = cidForBlock(bytes)
  const ops = draft.ops.map(({ action, path, cid, prev }) => ({
    action,
    path,
    cid: link(cid),
    ...(prev === undefined ? {} : { prev: link(prev) }),
  }))
  return frame('#commit', {
    seq: 1,
    repo: draft.did,
    rev: draft.rev,
    since: draft.since,
    time,
    commit: new Cid(commit),
    blocks: carOf(commit, blocks),
    ops,
    ...(draft.prevData === null ? {} : { prevData: new Cid(draft.prevData) }),
    tooBig: false,
    rebase: false,
    blobs: [],
    ...extra,
  })
}

/** A CAR v1 of these blocks in this order. */
export function carOf(root: Uint8Array, blocks: Iterable<Uint8Array>): Uint8Array {
  const header = encode({ roots: [new Cid(root)], version: 1 })
  const parts: Uint8Array[] = [varint(header.length), header]
  for (const block of blocks) parts.push(varint(36 + block.length), cidForBlock(block), block)
  return Buffer.concat(parts)
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}
