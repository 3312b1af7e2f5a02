import { writeSync } from 'node:fs'
import { encode } from '../src/protocol/cbor.ts'
import { Cid, cidForBlock, cidOfDigest, cidToString, type Digest, digestOfCid } from '../src/protocol/cid.ts'
import { buildTree, parseNode } from '../src/protocol/mst.ts'
import { tidFromMicros } from '../src/protocol/tid.ts'
import { SigningKey } from '../src/testing/keys.ts'

/** How the blocks of a CAR follow each other: depth first, or as the reference PDS exports them (newest first). */
export type BlockOrder = 'pre-order' | 'pds' | 'random'

export const DID = 'did:plc:6y7d2wrzqhmdxzvq4s2hk3ra'
const KEY = new SigningKey('k256', Buffer.alloc(32, 7))
/** `did:key` the generated repos are signed with. */
export const DID_KEY: string = KEY.didKey

/** A small fast generator (mulberry32): the same repo on every machine. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS =
  'the of to and in a is that for it was on with as are this be at you i not have from or we all they so an can more just new if about up out do time people how what when who see like one know good think day today really world post sky blue never always über naïve café 你好 слово 🦋'.split(
    ' ',
  )
const LANGS = ['en', 'en', 'en', 'de', 'ja', 'pt']
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

export interface Sample {
  readonly collection: string
  readonly record: Record<string, unknown>
}

/** One record of a mix as the network has it: 58 % likes, 17 % posts, 12 % follows, 10.5 % reposts, the rest rare. */
export function sample(random: () => number, micros: number): Sample {
  const createdAt = new Date(micros / 1000).toISOString()
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const letters = (count: number) =>
    Array.from({ length: count }, () => BASE32[Math.floor(random() * 32)]).join('')
  const did = () => `did:plc:${letters(24)}`
  const cid = (codec: 0x71 | 0x55 = 0x71) =>
    new Cid(
      Uint8Array.of(1, codec, 0x12, 0x20, ...Array.from({ length: 32 }, () => Math.floor(random() * 256))),
    )
  const post = () => ({ cid: cid().$link, uri: `at://${did()}/app.bsky.feed.post/${tidFromMicros(micros)}` })
  const text = (words: number) => Array.from({ length: words }, () => pick(WORDS)).join(' ')
  const x = random()
  if (x < 0.58)
    return {
      collection: 'app.bsky.feed.like',
      record: { $type: 'app.bsky.feed.like', subject: post(), createdAt },
    }
  if (x < 0.75) return { collection: 'app.bsky.feed.post', record: postRecord() }
  if (x < 0.87)
    return {
      collection: 'app.bsky.graph.follow',
      record: { $type: 'app.bsky.graph.follow', subject: did(), createdAt },
    }
  if (x < 0.975)
    return {
      collection: 'app.bsky.feed.repost',
      record: { $type: 'app.bsky.feed.repost', subject: post(), createdAt },
    }
  if (x < 0.99)
    return {
      collection: 'app.bsky.graph.block',
      record: { $type: 'app.bsky.graph.block', subject: did(), createdAt },
    }
  return {
    collection: 'app.bsky.actor.profile',
    record: {
      $type: 'app.bsky.actor.profile',
      displayName: text(3),
      description: text(24),
      avatar: {
        $type: 'blob',
        ref: cid(0x55),
        mimeType: 'image/jpeg',
        size: 100_000 + Math.floor(random() * 800_000),
      },
      banner: {
        $type: 'blob',
        ref: cid(0x55),
        mimeType: 'image/jpeg',
        size: 100_000 + Math.floor(random() * 800_000),
      },
      createdAt,
    },
  }

  function postRecord(): Record<string, unknown> {
    const record: Record<string, unknown> = {
      $type: 'app.bsky.feed.post',
      text: text(5 + Math.floor(random() * 32)),
      langs: [pick(LANGS)],
      createdAt,
    }
    const kind = random()
    if (kind < 0.45) record.reply = { root: post(), parent: post() }
    else if (kind < 0.7)
      record.embed = {
        $type: 'app.bsky.embed.images',
        images: [
          {
            alt: text(6),
            image: { $type: 'blob', ref: cid(0x55), mimeType: 'image/jpeg', size: 500_000 },
            aspectRatio: { width: 1200, height: 900 },
          },
        ],
      }
    else if (kind < 0.85)
      record.embed = {
        $type: 'app.bsky.embed.external',
        external: { uri: `https://example.com/${letters(20)}`, title: text(7), description: text(14) },
      }
    if (random() < 0.2)
      record.facets = [
        {
          index: { byteStart: 0, byteEnd: 12 },
          features: [{ $type: 'app.bsky.richtext.facet#link', uri: `https://example.com/${letters(12)}` }],
        },
      ]
    return record
  }
}

/** Microseconds of the first record; one follows every 7 seconds. */
const START = 1_700_000_000_000_000

interface Block {
  readonly digest: Digest
  readonly bytes: Uint8Array
  /** Index of the newest record at or below it. */
  readonly born: number
}

/** Writes the signed CAR of a repo with `count` records to the open file; returns the CAR's size. */
export function writeRepo(file: number, count: number, order: BlockOrder): number {
  const random = randomOf(20_260_801)
  const records = new Map<Digest, Block>()
  const entries: [string, Uint8Array][] = []
  for (let i = 0; i < count; i++) {
    const micros = START + i * 7_000_000
    const { collection, record } = sample(random, micros)
    const bytes = encode(record)
    const cid = cidForBlock(bytes)
    entries.push([`${collection}/${tidFromMicros(micros, i % 1024)}`, cid])
    records.set(digestOfCid(cid), { digest: digestOfCid(cid), bytes, born: i })
  }
  const tree = buildTree(entries)
  const unsigned = {
    did: DID,
    version: 3,
    data: new Cid(tree.root),
    rev: tidFromMicros(START + count * 7_000_000),
    prev: null,
  }
  const commit = encode({ ...unsigned, sig: KEY.sign(encode(unsigned)) })
  const blocks: Block[] = []
  collect(tree.blocks, records, digestOfCid(tree.root), blocks)
  if (order === 'pds') blocks.sort((a, b) => b.born - a.born || (text(a) < text(b) ? 1 : -1))
  if (order === 'random') blocks.sort((a, b) => (a.digest < b.digest ? -1 : 1))
  const out = new Writer(file)
  out.section(encode({ version: 1, roots: [new Cid(cidForBlock(commit))] }))
  out.section(cidForBlock(commit), commit)
  for (const { digest, bytes } of blocks) out.section(cidOfDigest(digest), bytes)
  return out.flush()
}

const text = (block: Block) => cidToString(cidOfDigest(block.digest))

/** Pre-order; returns the newest record below the node. */
function collect(
  nodes: Map<Digest, Uint8Array>,
  records: Map<Digest, Block>,
  digest: Digest,
  into: Block[],
): number {
  const bytes = nodes.get(digest) as Uint8Array
  const { values, trees, left } = parseNode(bytes)
  const place = into.push({ digest, bytes, born: 0 }) - 1
  let born = left === 0 ? -1 : collect(nodes, records, digestOfCid(bytes, left), into)
  values.forEach((at, i) => {
    const record = records.get(digestOfCid(bytes, at)) as Block
    into.push(record)
    const tree = trees[i] as number
    born = Math.max(
      born,
      record.born,
      tree === 0 ? -1 : collect(nodes, records, digestOfCid(bytes, tree), into),
    )
  })
  into[place] = { digest, bytes, born }
  return born
}

/** Buffers sections and writes them in large pieces. */
class Writer {
  readonly #file: number
  #pieces: Uint8Array[] = []
  #held = 0
  #size = 0

  constructor(file: number) {
    this.#file = file
  }

  section(...parts: Uint8Array[]): void {
    let length = parts.reduce((sum, part) => sum + part.length, 0)
    const varint: number[] = []
    for (; length > 127; length = Math.floor(length / 128)) varint.push((length & 127) | 128)
    varint.push(length)
    this.#pieces.push(Uint8Array.from(varint), ...parts)
    this.#held += parts.reduce((sum, part) => sum + part.length, varint.length)
    if (this.#held > 1 << 20) this.flush()
  }

  flush(): number {
    const bytes = Buffer.concat(this.#pieces)
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done)
    this.#size += this.#held
    this.#pieces = []
    this.#held = 0
    return this.#size
  }
}
