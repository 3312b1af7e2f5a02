import { cidText } from './ids.ts'
import type { Random } from './random.ts'
import type { RepoBlock } from './tree.ts'

/**
 * Block order of an exported repo. `preorder`: commit, then the tree depth first with each record at its
 * place, which streams best. `pds`: as the reference PDS sends it, youngest commit first and within one
 * by CID downwards. `random`: shuffled, the commit anywhere.
 */
export type CarOrder = 'preorder' | 'pds' | 'random'

/** What a CAR is made of. Faults change it before it is written. */
export interface CarExport {
  readonly roots: readonly Uint8Array[]
  readonly blocks: Iterable<RepoBlock>
}

function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest & 127) | 128)
  out.push(rest)
  return out
}

export function carHeader(roots: readonly Uint8Array[]): Uint8Array {
  const body = [0xa2, 0x65, ...Buffer.from('roots'), 0x80 | roots.length]
  for (const root of roots) body.push(0xd8, 0x2a, 0x58, 0x25, 0x00, ...root)
  body.push(0x67, ...Buffer.from('version'), 1)
  return Uint8Array.from([...varint(body.length), ...body])
}

/** The CAR as one array. */
export function carBytes(car: CarExport): Uint8Array {
  return Buffer.concat([...carChunks(car)])
}

/** The CAR in pieces of about `size` bytes (default 64 KiB), cut between blocks. */
export function* carChunks(car: CarExport, size = 65_536): Generator<Uint8Array> {
  yield carHeader(car.roots)
  let chunk = Buffer.allocUnsafe(size)
  let at = 0
  for (const { cid, block } of car.blocks) {
    const need = 10 + cid.length + block.length
    if (at > 0 && at + need > chunk.length) {
      yield chunk.subarray(0, at)
      chunk = Buffer.allocUnsafe(Math.max(size, need))
      at = 0
    } else if (need > chunk.length) chunk = Buffer.allocUnsafe(need)
    for (let rest = cid.length + block.length; ; rest = Math.floor(rest / 128)) {
      chunk[at++] = rest < 128 ? rest : (rest & 127) | 128
      if (rest < 128) break
    }
    chunk.set(cid, at)
    chunk.set(block, at + cid.length)
    at += cid.length + block.length
  }
  if (at > 0) yield chunk.subarray(0, at)
}

/** `blocks` come commit first and in pre-order. Identical blocks are sent once, as every host does. */
export function inOrder(blocks: Iterable<RepoBlock>, order: CarOrder, random: Random): Iterable<RepoBlock> {
  // Sorted when somebody looks, and not before: most exports are served from a cache.
  return {
    *[Symbol.iterator]() {
      if (order === 'preorder') yield* distinct(blocks)
      else if (order === 'random') yield* random.shuffle([...distinct(blocks)])
      else yield* [...distinct(blocks)].sort(youngestFirst)
    },
  }
}

function youngestFirst(a: RepoBlock, b: RepoBlock): number {
  return b.born - a.born || (cidText(a.cid) < cidText(b.cid) ? 1 : -1)
}

const { latin1Slice } = Buffer.prototype

function* distinct(blocks: Iterable<RepoBlock>): Generator<RepoBlock> {
  const seen = new Set<string>()
  for (const block of blocks) {
    const key = latin1Slice.call(block.cid, 4, 36)
    if (seen.has(key)) continue
    seen.add(key)
    yield block
  }
}

/** The blocks of a small CAR that we wrote ourselves: nothing is checked. */
export function readCar(bytes: Uint8Array): { cid: Uint8Array; block: Uint8Array }[] {
  const out: { cid: Uint8Array; block: Uint8Array }[] = []
  let at = 0
  const length = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  const header = length()
  at += header
  while (at < bytes.length) {
    const size = length()
    out.push({ cid: bytes.subarray(at, at + 36), block: bytes.subarray(at + 36, at + size) })
    at += size
  }
  return out
}
