import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { encode } from '../../src/protocol/cbor.ts'
import { Cid, cidForBlock, digestOfCid } from '../../src/protocol/cid.ts'
import { buildTree, EMPTY_NODE, parseNode } from '../../src/protocol/mst.ts'
import { SigningKey } from '../../src/testing/keys.ts'

/** A block and its CID. */
export type Section = readonly [cid: Uint8Array, block: Uint8Array]

export const section = (block: Uint8Array): Section => [cidForBlock(block), block]

/** Foreign test data, which is not part of the project. */
export const FIXTURES: string = resolve(import.meta.dirname, '../../../shared/fixtures')

/** Whether a fixture is there; says so by name when it is not, because its tests are then skipped. */
export function hasFixture(path: string): boolean {
  const here = existsSync(resolve(FIXTURES, path))
  if (!here) console.warn(`skipped: no ${path} at ../shared/fixtures`)
  return here
}

export const fixture = (path: string): Buffer => readFileSync(resolve(FIXTURES, path))
export const fixtureJson = <T>(path: string): T => JSON.parse(fixture(path).toString()) as T

export function varint(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) out.push((rest & 127) | 128)
  out.push(rest)
  return out
}

/** The sections of a CAR as separate pieces, the header first: what a careless cut leaves whole. */
export function carPieces(root: Uint8Array, blocks: Iterable<Section>): Buffer[] {
  const header = encode({ version: 1, roots: [new Cid(root)] })
  const pieces = [Buffer.concat([Buffer.from(varint(header.length)), header])]
  for (const [cid, block] of blocks)
    pieces.push(Buffer.concat([Buffer.from(varint(cid.length + block.length)), cid, block]))
  return pieces
}

export const carOf = (root: Uint8Array, blocks: Iterable<Section>): Buffer =>
  Buffer.concat(carPieces(root, blocks))

export const KEY: SigningKey = new SigningKey('k256', Buffer.alloc(32, 3))
export const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
export const REV = '3jzfcijpj2z2a'

/** A signed commit block over this tree. */
export function commitBlock(data: Uint8Array, fields: Record<string, unknown> = {}): Uint8Array {
  const unsigned = { did: DID, version: 3, data: new Cid(data), rev: REV, prev: null, ...fields }
  return encode({ ...unsigned, sig: KEY.sign(encode(unsigned)) })
}

export interface RepoBytes {
  /** CID of the commit. */
  readonly root: Uint8Array
  /** Commit, then depth first with each record at its place; no block twice. */
  readonly blocks: readonly Section[]
  readonly car: Buffer
  /** Path to CID text order-free truth. */
  readonly paths: ReadonlyMap<string, Uint8Array>
}

/** A whole signed repo of these records. */
export function repoOf(records: Iterable<readonly [path: string, record: unknown]>): RepoBytes {
  const bodies = new Map([...records].map(([path, record]) => [path, section(encode(record))]))
  const paths = new Map([...bodies].map(([path, [cid]]) => [path, cid]))
  const tree = buildTree(paths)
  const known = new Map([
    ...tree.blocks,
    ...[...bodies.values()].map(([cid, body]) => [digestOfCid(cid), body] as const),
  ])
  const ordered = new Map<string, Section>()
  const visit = (digest: string) => {
    const block = known.get(digest) ?? EMPTY_NODE
    ordered.set(digest, section(block))
    const { values, trees, left } = parseNode(block)
    if (left !== 0) visit(digestOfCid(block, left))
    values.forEach((at, i) => {
      const leaf = digestOfCid(block, at)
      ordered.set(leaf, section(known.get(leaf) as Uint8Array))
      if (trees[i] !== 0) visit(digestOfCid(block, trees[i]))
    })
  }
  visit(digestOfCid(tree.root))
  const commit = section(commitBlock(tree.root))
  const blocks = [commit, ...ordered.values()]
  return { root: commit[0], blocks, car: carOf(commit[0], blocks), paths }
}

/** A small repeatable generator of numbers in [0, 1). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}
