import { carBytes, readCar } from './car.ts'
import type { CommitEvent, CommitEventOp } from './event.ts'
import type { RepoContext } from './faults.ts'
import { cidOf, tid } from './ids.ts'
import { SigningKey } from './keys.ts'
import { brokenSignature } from './signed-repo.ts'
import type { RepoBlock } from './tree.ts'

export type Lie = (event: CommitEvent, context: RepoContext) => CommitEvent | undefined

export type CommitLie =
  | 'bad-did'
  | 'bad-rev'
  | 'bad-path'
  | 'bad-action'
  | 'no-blocks'
  | 'big-blocks'
  | 'too-many-ops'
  | 'wrong-root'
  | 'no-commit-block'
  | 'corrupt-commit-block'
  | 'corrupt-record'
  | 'wrong-version'
  | 'envelope-rev'
  | 'signed-did'
  | 'broken-signature'
  | 'high-s'
  | 'foreign-key'
  | 'future-rev'
  | 'wrong-cid'
  | 'no-record-block'
  | 'delete-with-cid'
  | 'false-delete'
  | 'path-twice'
  | 'hidden-op'
  | 'wrong-prev'
  | 'create-with-prev'
  | 'wrong-prev-data'
  | 'no-proof'
  | 'wrong-since'

/** Changes the first op that `fits`. */
function firstOp(
  event: CommitEvent,
  fits: (op: CommitEventOp) => boolean,
  change: (op: CommitEventOp) => CommitEventOp[],
): CommitEvent | undefined {
  const at = event.ops.findIndex(fits)
  const op = event.ops[at]
  return op === undefined ? undefined : { ...event, ops: event.ops.toSpliced(at, 1, ...change(op)) }
}

const somewhere = (random: RepoContext['random']): Uint8Array => cidOf(random.bytes(32))
const anyOp = (): boolean => true
const isPut = (op: CommitEventOp): boolean => op.action !== 'delete'

/** The frame's blocks with the commit replaced; the envelope follows. */
function recommitted(event: CommitEvent, block: Uint8Array): CommitEvent {
  const commit = cidOf(block)
  const rest = readCar(event.blocks).filter(({ cid }) => Buffer.compare(cid, event.commit) !== 0)
  return { ...event, commit, blocks: carOf(commit, [{ cid: commit, block }, ...rest]) }
}

/** A small CAR of these blocks. */
export function carOf(
  root: Uint8Array,
  blocks: readonly { cid: Uint8Array; block: Uint8Array }[],
): Uint8Array {
  return carBytes({
    roots: [root],
    blocks: blocks.map((block): RepoBlock => ({ kind: 'record', born: 0, ...block })),
  })
}

/** The frame's blocks without those of the CIDs given. */
function withoutBlocks(event: CommitEvent, cids: readonly (Uint8Array | null)[]): CommitEvent {
  const gone = (cid: Uint8Array) => cids.some((other) => other !== null && Buffer.compare(cid, other) === 0)
  const blocks = readCar(event.blocks).filter(({ cid }) => !gone(cid))
  return { ...event, blocks: carOf(event.commit, blocks) }
}

function corrupted(event: CommitEvent, cid: Uint8Array): CommitEvent {
  const blocks = readCar(event.blocks).map((block) => {
    if (Buffer.compare(block.cid, cid) !== 0) return block
    const bytes = Uint8Array.from(block.block)
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
    return { cid, block: bytes }
  })
  return { ...event, blocks: carOf(event.commit, blocks) }
}

/**
 * Lies a host can tell in a commit, and the rule each breaks. A lie that finds nothing to lie about (no delete
 * among the ops, say) leaves the commit as it is and does not count.
 */
export const COMMIT_LIES: Readonly<Record<CommitLie, { readonly rule: string; readonly lie: Lie }>> = {
  'bad-did': { rule: 'B1', lie: (event) => ({ ...event, did: 'did:plc:' }) },
  'bad-rev': { rule: 'B1', lie: (event) => ({ ...event, rev: 'yesterday' }) },
  'bad-path': { rule: 'B1', lie: (e) => firstOp(e, anyOp, (op) => [{ ...op, path: 'no collection' }]) },
  'bad-action': {
    rule: 'B1',
    lie: (e) => firstOp(e, anyOp, (op) => [{ ...op, action: 'upsert' as 'create' }]),
  },
  'no-blocks': { rule: 'B2', lie: (event) => ({ ...event, blocks: new Uint8Array() }) },
  'big-blocks': {
    rule: 'B2',
    lie: (event, { random }) => {
      const block = Buffer.concat([
        Uint8Array.from([0x5a, 0, 0x1e, 0x84, 0x80]),
        Buffer.alloc(2_000_000, random.int(256)),
      ])
      return {
        ...event,
        blocks: carOf(event.commit, [...readCar(event.blocks), { cid: cidOf(block), block }]),
      }
    },
  },
  'too-many-ops': {
    rule: 'B3',
    lie: (e) =>
      firstOp(e, anyOp, (op) =>
        Array.from({ length: 201 }, (_, i) => (i === 0 ? op : { ...op, path: `${op.path}${i}` })),
      ),
  },
  'wrong-root': {
    rule: 'B6',
    lie: (event, { random }) => ({ ...event, blocks: carOf(somewhere(random), readCar(event.blocks)) }),
  },
  'no-commit-block': { rule: 'B6', lie: (event) => withoutBlocks(event, [event.commit]) },
  'corrupt-commit-block': { rule: 'B7', lie: (event) => corrupted(event, event.commit) },
  'corrupt-record': {
    rule: 'B7',
    lie: (event) => {
      const cid = event.ops.find(isPut)?.cid
      return cid == null ? undefined : corrupted(event, cid)
    },
  },
  'wrong-version': {
    rule: 'B8',
    lie: (event, { repo }) => recommitted(event, repo.signCommit(repo.data, event.rev, { version: 2 })),
  },
  'envelope-rev': { rule: 'B9', lie: (event, { repo }) => ({ ...event, rev: repo.nextTid() }) },
  'signed-did': {
    rule: 'B9',
    lie: (event, { repo }) =>
      recommitted(event, repo.signCommit(repo.data, event.rev, { did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' })),
  },
  'broken-signature': {
    rule: 'B10',
    lie: (event, { repo }) => recommitted(event, brokenSignature(repo.headBlock.block)),
  },
  'high-s': {
    rule: 'B10',
    lie: (event, { repo }) => recommitted(event, repo.signCommit(repo.data, event.rev, { highS: true })),
  },
  'foreign-key': {
    rule: 'B10',
    lie: (event, { repo, random }) => {
      const key = new SigningKey(repo.key.curve, random.bytes(32))
      return recommitted(event, repo.signCommit(repo.data, event.rev, { key }))
    },
  },
  'future-rev': {
    rule: 'B13',
    lie: (event, { repo }) => {
      const rev = tid((Date.now() + 3_600_000) * 1000, 0)
      return { ...recommitted(event, repo.signCommit(repo.data, rev)), rev }
    },
  },
  'wrong-cid': {
    rule: 'B15',
    lie: (e, { random }) => firstOp(e, isPut, (op) => [{ ...op, cid: somewhere(random) }]),
  },
  'no-record-block': {
    rule: 'B15',
    lie: (event) => {
      const cid = event.ops.find(isPut)?.cid
      return cid == null ? undefined : withoutBlocks(event, [cid])
    },
  },
  'delete-with-cid': {
    rule: 'B15',
    lie: (e, { random }) =>
      firstOp(
        e,
        (op) => op.action === 'delete',
        (op) => [{ ...op, cid: somewhere(random) }],
      ),
  },
  'false-delete': {
    rule: 'B15',
    lie: (e, { repo, random }) => {
      const used = new Set(e.ops.map(({ path }) => path))
      const other = [...repo.tree.entries()].find(([path]) => !used.has(path))
      if (other === undefined) return undefined
      const [path, { cid }] = other
      return {
        ...e,
        ops: random.shuffle([...e.ops, { action: 'delete' as const, path, cid: null, prev: cid }]),
      }
    },
  },
  'path-twice': { rule: 'B16', lie: (e) => firstOp(e, anyOp, (op) => [op, op]) },
  'hidden-op': { rule: 'B17', lie: (e) => firstOp(e, anyOp, () => []) },
  'wrong-prev': {
    rule: 'B17',
    lie: (e, { random }) =>
      firstOp(
        e,
        (op) => op.prev !== undefined,
        (op) => [{ ...op, prev: somewhere(random) }],
      ),
  },
  'create-with-prev': {
    rule: 'B17',
    lie: (e, { random }) =>
      firstOp(
        e,
        (op) => op.action === 'create',
        (op) => [{ ...op, prev: somewhere(random) }],
      ),
  },
  'wrong-prev-data': { rule: 'B17', lie: (event, { random }) => ({ ...event, prevData: somewhere(random) }) },
  'no-proof': {
    rule: 'B14',
    lie: (event, { repo }) => withoutBlocks(event, [repo.data]),
  },
  'wrong-since': { rule: 'B19', lie: (event) => ({ ...event, since: '3aaaaaaaaaaa2' }) },
}
