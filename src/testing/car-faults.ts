import type { CarExport } from './car.ts'
import type { Fault, RepoContext } from './faults.ts'
import { type ForgeOptions, forgeTree } from './forge.ts'
import { cidOf, tid } from './ids.ts'
import { SigningKey } from './keys.ts'
import { Random } from './random.ts'
import type { TestRepo } from './repo.ts'
import { brokenSignature, type SignOptions } from './signed-repo.ts'
import type { Leaf, RepoBlock } from './tree.ts'

/** Repos that are not what their host says. All go through `getRepo` with status 200. */

function changed(
  name: string,
  change: (blocks: RepoBlock[], context: RepoContext) => Iterable<RepoBlock> | undefined,
): Fault {
  return {
    name,
    car: (car, context) => {
      const blocks = change([...car.blocks], context)
      return blocks === undefined ? undefined : { ...car, blocks }
    },
  }
}

function without<T>(items: readonly T[], item: T): T[] {
  return items.filter((other) => other !== item)
}

/** One block is left out: a record, a node of the tree, or the commit. */
export function missingBlock(kind: RepoBlock['kind'] = 'record'): Fault {
  return changed(`car-missing-${kind}`, (blocks, { random }) => {
    const candidates = blocks.filter((block) => block.kind === kind)
    return candidates.length === 0 ? undefined : without(blocks, random.pick(candidates))
  })
}

/** Blocks nobody refers to; harmless. */
export function extraBlocks(count = 10): Fault {
  return changed('car-extra-blocks', (blocks, { random }) => {
    const extra = Array.from({ length: count }, (): RepoBlock => {
      const block = Uint8Array.from([0x58, 32, ...random.bytes(32)])
      return { kind: 'record', cid: cidOf(block), block, born: 0 }
    })
    return random.shuffle([...blocks, ...extra])
  })
}

/** Any order, also the commit last; harmless. */
export function shuffledBlocks(): Fault {
  return changed('car-shuffled', (blocks, { random }) => random.shuffle(blocks))
}

/** Blocks that come twice; harmless. */
export function repeatedBlocks(): Fault {
  return changed('car-repeated-blocks', (blocks, { random }) => [
    ...blocks,
    ...blocks.filter(() => random.chance(0.3)),
  ])
}

/** Cut at a block boundary: it parses cleanly and is not whole. */
export function truncatedCar(): Fault {
  return changed('car-truncated', (blocks, { random }) =>
    blocks.length < 2 ? undefined : blocks.slice(0, 1 + random.int(blocks.length - 1)),
  )
}

/** One bit of one block is wrong; its CID is not. */
export function flippedCarBit(): Fault {
  return changed('car-flipped-bit', (blocks, { random }) => {
    const victim = random.pick(blocks)
    const block = Uint8Array.from(victim.block)
    const at = random.int(block.length)
    block[at] = (block[at] ?? 0) ^ (1 << random.int(8))
    return blocks.map((other) => (other === victim ? { ...victim, block } : other))
  })
}

/** The CAR names no root, or one that is not in it. */
export function wrongRoot(root: 'none' | 'absent' | 'node' = 'absent'): Fault {
  return {
    name: `car-root-${root}`,
    car: (car, { random }) => {
      const blocks = [...car.blocks]
      const node = blocks.find((block) => block.kind === 'node')?.cid ?? random.bytes(36)
      const roots = { none: [], absent: [cidOf(random.bytes(8))], node: [node] }[root]
      return { roots, blocks }
    },
  }
}

/** Another account's repo, rightly signed by that account. */
export function foreignRepo(other: TestRepo): Fault {
  return { name: 'car-foreign-repo', car: (_, { random }) => other.export('preorder', random) }
}

/** The repo as it was when this fault was made. */
export function oldRevision(repo: TestRepo): Fault {
  const { roots, blocks } = repo.export('preorder', new Random(repo.rev))
  const old: CarExport = { roots, blocks: [...blocks] }
  return { name: 'car-old-revision', car: (_, context) => (context.repo === repo ? old : undefined) }
}

/** The right tree under a commit that is signed wrongly, or says the wrong thing. */
export function wrongCommit(wrong: 'key' | 'high-s' | 'signature' | 'did' | 'version' | 'future-rev'): Fault {
  return {
    name: `car-commit-${wrong}`,
    car: (car, { repo, random }) => {
      const options: Record<typeof wrong, SignOptions> = {
        key: { key: new SigningKey(repo.key.curve, random.bytes(32)) },
        'high-s': { highS: true },
        did: { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' },
        version: { version: 2 },
        signature: {},
        'future-rev': {},
      }
      const rev = wrong === 'future-rev' ? tid((Date.now() + 3_600_000) * 1000, 0) : repo.rev
      const block = repo.signCommit(repo.data, rev, options[wrong])
      return withCommit(car, wrong === 'signature' ? brokenSignature(block) : block)
    },
  }
}

function withCommit(car: CarExport, block: Uint8Array): CarExport {
  const commit: RepoBlock = { kind: 'commit', cid: cidOf(block), block, born: 0 }
  const rest = [...car.blocks].filter(({ kind }) => kind !== 'commit')
  return { roots: [commit.cid], blocks: [commit, ...rest] }
}

type Entry = readonly [string, Leaf]
type Entries = readonly Entry[]
type Forged = { readonly entries: Entries; readonly options?: ForgeOptions }

/** Ways to get a tree's shape wrong. */
export type Forgery = 'wrong-depth' | 'unordered-keys' | 'repeated-key' | 'lazy-prefix' | 'bad-path'

const FORGERIES: Readonly<Record<Forgery, (first: Entry, second: Entry, rest: Entries) => Forged>> = {
  // Every key on the lowest layer.
  'wrong-depth': (...all) => ({ entries: inRow(...all), options: { layer: () => 0 } }),
  'unordered-keys': (first, second, rest) => ({ entries: inRow(second, first, rest) }),
  'repeated-key': (first, second, rest) => ({ entries: inRow(first, first, [second, ...rest]) }),
  // Keys spelled out where they should be compressed.
  'lazy-prefix': (...all) => ({ entries: inRow(...all), options: { prefix: () => 0 } }),
  // A path that is no collection and record key.
  'bad-path': (first, ...more) => ({ entries: [['!not a/path/at all', first[1]], ...inRow(first, ...more)] }),
}

function inRow(first: Entry, second: Entry, rest: Entries): Entries {
  return [first, second, ...rest]
}

/** A tree of the wrong shape, rightly signed by the account (rule B14). Repos with one record are left alone. */
export function forgedTree(forgery: Forgery): Fault {
  return {
    name: `car-${forgery}`,
    car: (car, { repo }) => {
      const [first, second, ...rest] = repo.tree.entries()
      if (first === undefined || second === undefined) return undefined
      const plan = FORGERIES[forgery](first, second, rest)
      const { root, blocks } = forgeTree(plan.entries, plan.options)
      // A small repo may have nothing to get wrong this way.
      if (Buffer.compare(root, repo.data) === 0) return undefined
      const records = [...car.blocks].filter(({ kind }) => kind === 'record')
      return withCommit({ roots: [], blocks: [...blocks, ...records] }, repo.signCommit(root, repo.rev))
    },
  }
}
