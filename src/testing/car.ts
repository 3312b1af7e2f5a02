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
  return Buffer.concat([...carParts(car)])
}

function* carParts(car: CarExport): Generator<Uint8Array> {
  yield carHeader(car.roots)
  for (const { cid, block } of car.blocks) {
    yield Uint8Array.from(varint(cid.length + block.length))
    yield cid
    yield block
  }
}

/** The CAR in pieces of about `size` bytes, cut anywhere. */
export function* carChunks(car: CarExport, size = 65_536): Generator<Uint8Array> {
  let pending: Uint8Array[] = []
  let length = 0
  for (const part of carParts(car)) {
    pending.push(part)
    length += part.length
    if (length < size) continue
    yield Buffer.concat(pending)
    pending = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(pending)
}

/** `blocks` come commit first and in pre-order. Identical blocks are sent once, as every host does. */
export function inOrder(blocks: Iterable<RepoBlock>, order: CarOrder, random: Random): Iterable<RepoBlock> {
  if (order === 'preorder') return distinct(blocks)
  if (order === 'random') return random.shuffle([...distinct(blocks)])
  return [...distinct(blocks)].sort((a, b) => b.born - a.born || (cidText(a.cid) < cidText(b.cid) ? 1 : -1))
}

function* distinct(blocks: Iterable<RepoBlock>): Generator<RepoBlock> {
  const seen = new Set<string>()
  for (const block of blocks) {
    const key = Buffer.from(block.cid).toString('latin1')
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
