import { type Keypair, P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { blocksToCarFile, MemoryBlockstore, type RecordWriteOp, Repo, WriteOpAction } from '@atproto/repo'
import { expect, test } from 'vitest'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import { parseKey } from '../protocol/key.ts'
import type { CommitMessage, MessageOp } from '../protocol/message.ts'
import { type Head, verifyCommit } from './verify.ts'

/** Small seeded generator (mulberry32): `SEED=n` repeats one run. */
function seeded(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const collections = ['app.bsky.feed.like', 'app.bsky.feed.post', 'com.example.record']

/** A repo of the reference implementation, whose commits become messages the way the reference PDS makes them. */
class ReferenceRepo {
  repo: Repo
  readonly key: Keypair
  readonly random: () => number
  readonly paths: string[] = []
  #seq = 0

  constructor(repo: Repo, key: Keypair, random: () => number) {
    this.repo = repo
    this.key = key
    this.random = random
  }

  static async create(random: () => number): Promise<ReferenceRepo> {
    const key = random() < 0.5 ? await Secp256k1Keypair.create() : await P256Keypair.create()
    return new ReferenceRepo(await Repo.create(new MemoryBlockstore(), did, key), key, random)
  }

  get head(): Head {
    return { rev: this.repo.commit.rev, data: this.repo.commit.data.bytes }
  }

  pick = (n: number): number => Math.floor(this.random() * n)

  writes(): RecordWriteOp[] {
    const writes: RecordWriteOp[] = []
    const used = new Set<string>()
    for (let i = 1 + this.pick(this.random() < 0.2 ? 12 : 2); i > 0; i--) {
      const known = this.paths.length > 0 && this.random() < 0.45
      const path = known ? (this.paths[this.pick(this.paths.length)] ?? '') : this.newPath()
      if (used.has(path)) continue
      used.add(path)
      const [collection = '', rkey = ''] = path.split('/')
      const record = { $type: collection, text: `t${this.random()}` }
      if (!known) writes.push({ action: WriteOpAction.Create, collection, rkey, record } as RecordWriteOp)
      else if (this.random() < 0.5) {
        writes.push({ action: WriteOpAction.Update, collection, rkey, record } as RecordWriteOp)
      } else writes.push({ action: WriteOpAction.Delete, collection, rkey } as RecordWriteOp)
    }
    return writes
  }

  newPath(): string {
    return `${collections[this.pick(collections.length)]}/${this.pick(1e9).toString(36)}`
  }

  async commit(writes: RecordWriteOp[]): Promise<CommitMessage> {
    const before = this.repo
    const data = await before.formatCommit(writes, this.key)
    const ops: MessageOp[] = []
    const after = await before.applyCommit(data)
    for (const { action, collection, rkey } of writes) {
      const path = `${collection}/${rkey}`
      const cid = (await after.data.get(path))?.bytes ?? null
      const prev = (await before.data.get(path))?.bytes
      ops.push({ action, path, cid, prev })
      if (action === 'create') this.paths.push(path)
      if (action === 'delete') this.paths.splice(this.paths.indexOf(path), 1)
    }
    this.repo = after
    return {
      kind: 'commit',
      seq: ++this.#seq,
      did,
      rev: data.rev,
      since: data.since,
      time: new Date().toISOString(),
      commit: data.cid.bytes,
      blocks: await blocksToCarFile(data.cid, data.relevantBlocks),
      ops,
      prevData: before.commit.data.bytes,
    }
  }
}

const verify = (key: Keypair, message: CommitMessage, head: Head, legacy: 'proven' | 'reject' = 'reject') =>
  verifyCommit(message, parseKey(key.did()), head, { legacy, now: Date.now() })

/** A lie about the ops of a true commit. Null when this commit has no room for it. */
function lie(message: CommitMessage, random: () => number): CommitMessage | null {
  const ops = [...message.ops]
  const i = Math.floor(random() * ops.length)
  const op = ops[i]
  if (op === undefined) return null
  const other = Uint8Array.from(message.commit)
  const lies: (() => MessageOp[] | null)[] = [
    () => ops.toSpliced(i, 1),
    () => ops.with(i, { ...op, path: `${op.path}x` }),
    () => (op.cid === null ? null : ops.with(i, { ...op, cid: other })),
    () => (op.action === 'create' ? null : ops.with(i, { ...op, prev: other })),
    () => (op.action === 'create' ? ops.with(i, { ...op, action: 'update', prev: other }) : null),
    () => (op.action === 'update' ? ops.with(i, { ...op, action: 'create', prev: undefined }) : null),
    () => (op.action === 'delete' ? null : ops.with(i, { ...op, action: 'delete', cid: null, prev: other })),
    () =>
      op.action === 'delete' ? ops.with(i, { ...op, action: 'create', cid: other, prev: undefined }) : null,
    () => [...ops, { action: 'delete', path: 'com.example.record/ghost', cid: null, prev: other }],
    () => [...ops, op],
  ]
  const told = lies[Math.floor(random() * lies.length)]?.()
  return told ? { ...message, ops: told } : null
}

const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3, 4, 5, 6]

test.each(seeds)(
  'commits of the reference implementation are proven and lies about them are not, SEED=%i',
  async (seed) => {
    const random = seeded(seed)
    const source = await ReferenceRepo.create(random)
    for (let i = 0; i < 40; i++) {
      const { head } = source
      const message = await source.commit(source.writes())
      const verified = verify(source.key, message, head)
      expect(verified.legacy).toBe(false)
      expect(verified.data).toEqual(source.head.data)
      expect(verified.ops.map((op) => `${op.collection}/${op.rkey}`)).toEqual(
        message.ops.map((op) => op.path),
      )
      const legacy = {
        ...message,
        prevData: null,
        ops: message.ops.map((op) => ({ ...op, prev: undefined })),
      }
      expect(verify(source.key, legacy, head, 'proven').ops).toEqual(verified.ops)
      for (let n = 0; n < 5; n++) {
        const told = lie(message, random)
        if (told !== null) expect(() => verify(source.key, told, head)).toThrow(InvalidError)
      }
    }
  },
)

test('a commit of the reference implementation that we missed is noticed', async () => {
  const source = await ReferenceRepo.create(seeded(7))
  await source.commit(source.writes())
  const { head } = source
  await source.commit(source.writes())
  const message = await source.commit(source.writes())
  expect(() => verify(source.key, message, head)).toThrow(DiscontinuousError)
})

test('every block of a reference commit is needed or harmless: none can be left out unnoticed', async () => {
  const source = await ReferenceRepo.create(seeded(11))
  for (let i = 0; i < 30; i++) await source.commit(source.writes())
  const { head } = source
  const before = source.repo
  const writes = source.writes()
  const data = await before.formatCommit(writes, source.key)
  const message = await source.commit(writes)
  // the same commit, re-made without one of its blocks
  const rest = { ...message, commit: data.cid.bytes, rev: data.rev }
  const whole = { ...rest, blocks: await blocksToCarFile(data.cid, data.relevantBlocks) }
  const verified = verify(source.key, whole, head)
  for (const cid of data.relevantBlocks.cids()) {
    const blocks = new (data.relevantBlocks.constructor as new () => typeof data.relevantBlocks)()
    blocks.addMap(data.relevantBlocks)
    blocks.delete(cid)
    const cut = { ...whole, blocks: await blocksToCarFile(data.cid, blocks) }
    try {
      expect(verify(source.key, cut, head).ops).toEqual(verified.ops)
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidError)
    }
  }
})
