import { DiscontinuousError, InvalidError, LextapError } from '../errors.ts'
import { type BlockMap, parseCar } from '../protocol/car.ts'
import { cidEquals, digestOfCid } from '../protocol/cid.ts'
import { decodeCommit, type SignedCommit } from '../protocol/commit.ts'
import { invertTree } from '../protocol/invert.ts'
import type { PublicKey } from '../protocol/key.ts'
import type { CommitMessage, MessageOp, SyncMessage } from '../protocol/message.ts'
import { EMPTY_ROOT } from '../protocol/mst.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import { PartialTree } from '../protocol/partial-tree.ts'
import { verifySignature, verifySignatureAside } from '../protocol/signature.ts'
import { microsOfTid } from '../protocol/tid.ts'
import type { LegacyPolicy } from './policy.ts'

/** B2, C1: largest CAR of a message, bytes. */
export const MAX_BLOCKS_BYTES = 2_000_000
/** B3 */
export const MAX_OPS = 200
/** B4: largest record block, bytes. */
export const MAX_RECORD_BYTES = 1_048_576
/** B13: how far a rev may be ahead of our clock, ms. */
const MAX_AHEAD_MS: number = 5 * 60_000
/** B13: whether a rev lies too far in the future. `now` in ms. */
export const isAhead = (rev: string, now: number): boolean => microsOfTid(rev) / 1000 > now + MAX_AHEAD_MS

/** Where a repo stands; nulls before the first cut-over. */
export interface Head {
  readonly rev: string | null
  /** CID of the MST root at `rev`. */
  readonly data: Uint8Array | null
}

/** A commit proven to be signed by its account, to hold what its ops say, and to follow the head. */
export interface VerifiedCommit {
  readonly rev: string
  /** CID of the MST root; a copy, safe to keep. */
  readonly data: Uint8Array
  /** In the order of the commit. CIDs and bodies are views of the message. */
  readonly ops: readonly VerifiedOp[]
  /** Proven without the proofs of Sync 1.1 (B18): ops that the commit does not mention cannot be ruled out. */
  readonly legacy: boolean
}

/** `unchecked` only where nobody can say which key it is: a tool that looks at a file. */
export type VerifyKey = PublicKey | 'unchecked'

export interface VerifyOptions {
  readonly legacy: LegacyPolicy
  /** Ms since the epoch. */
  readonly now: number
}

/**
 * Rules B2–B23 for a decoded commit (B1 is the decoder's). Records are not decoded.
 * @throws InvalidError when it breaks a rule by itself (B10: try again with a fresh key, once).
 * @throws DiscontinuousError when it is valid and does not follow `head` (B19, B20), or by policy (B18).
 */
export function verifyCommit(
  message: CommitMessage,
  key: VerifyKey,
  head: Head,
  options: VerifyOptions,
): VerifiedCommit {
  const opened = openCommit(message, options)
  checkSigned(message, RULES_COMMIT, key, opened.commit)
  return proveCommit(message, opened, head, options)
}

/** As {@link verifyCommit}, with the signature checked off this thread where that is slow. */
export async function verifyCommitAside(
  message: CommitMessage,
  key: PublicKey,
  head: Head,
  options: VerifyOptions,
): Promise<VerifiedCommit> {
  const opened = openCommit(message, options)
  const { signedBytes, sig } = opened.commit
  const signed = verifySignatureAside(key, signedBytes, sig)
  if (!(typeof signed === 'boolean' ? signed : await signed)) throw notSigned(message, RULES_COMMIT)
  return proveCommit(message, opened, head, options)
}

function openCommit(message: CommitMessage, { now }: VerifyOptions): Opened {
  return judged(message, 'B6', () => {
    const { ops, rev, since } = message
    if (ops.length > MAX_OPS) throw invalid('B3', message, `too many ops; ops=${ops.length}`)
    checkRev(message, now)
    if (since !== null && since >= rev) {
      throw invalid('B12', message, `rev is not after since; since=${since}`)
    }
    checkOps(message)
    return openBlocks(message, RULES_COMMIT, message.commit)
  })
}

function proveCommit(
  message: CommitMessage,
  { commit, blocks }: Opened,
  head: Head,
  options: VerifyOptions,
): VerifiedCommit {
  return judged(message, 'B17', () => {
    const ops = message.ops.map((op) => verifiedOp(message, op, blocks))
    const legacy = proveOps(message, commit, blocks, options.legacy)
    checkContinuity(message, head)
    return { rev: message.rev, data: copy(commit.data), ops, legacy }
  })
}

/**
 * A message that our own code stumbles over is refused like any other that we cannot prove: its repo is fetched again.
 * Thrown on, the error would end the stream for everybody, and at the same message after each start.
 */
function judged<T>(message: Revision, rule: string, judge: () => T): T {
  try {
    return judge()
  } catch (error) {
    if (error instanceof LextapError) throw error
    const what = `verifying it failed in an unexpected way: ${String(error)}; ${factsOf(message)}`
    throw new InvalidError(rule, what, { cause: error })
  }
}

/**
 * Rules C1–C3 for a decoded sync; B13 as for commits.
 * @throws InvalidError (C3: try again with a fresh key, once).
 */
export function verifySync(
  message: SyncMessage,
  key: VerifyKey,
  options: { readonly now: number } = { now: Date.now() },
): { readonly rev: string; readonly data: Uint8Array } {
  checkRev(message, options.now)
  const { commit } = judged(message, 'C1', () => openBlocks(message, RULES_SYNC, null))
  checkSigned(message, RULES_SYNC, key, commit)
  return { rev: message.rev, data: copy(commit.data) }
}

type Revision = CommitMessage | SyncMessage
interface Rules {
  readonly size: string
  readonly car: string
  readonly envelope: string
  readonly signature: string
}
const RULES_COMMIT: Rules = { size: 'B2', car: 'B6', envelope: 'B9', signature: 'B10' }
const RULES_SYNC: Rules = { size: 'C1', car: 'C1', envelope: 'C2', signature: 'C3' }

function checkRev(message: Revision, now: number): void {
  if (isAhead(message.rev, now)) {
    throw invalid('B13', message, 'rev is more than five minutes ahead of our clock')
  }
}

/** What ops must look like before any block is touched: B15, B16, B17. */
function checkOps(message: CommitMessage): void {
  const paths = new Set<string>()
  for (const { action, path, cid, prev } of message.ops) {
    if (paths.has(path)) throw invalid('B16', message, `the same path twice; path=${path}`)
    paths.add(path)
    if ((cid === null) !== (action === 'delete')) {
      throw invalid('B15', message, `${action} ${cid === null ? 'without' : 'with'} a cid; path=${path}`)
    }
    if (action === 'create' && prev) throw invalid('B17', message, `create with a prev; path=${path}`)
  }
}

interface Opened {
  readonly commit: SignedCommit
  readonly blocks: BlockMap
}

/** The CAR's blocks and its commit, which says to be the account's and of this rev. */
function openBlocks(message: Revision, rules: Rules, expected: Uint8Array | null): Opened {
  const { length } = message.blocks
  if (length === 0) throw invalid(rules.size, message, 'no blocks')
  if (length > MAX_BLOCKS_BYTES) throw invalid(rules.size, message, `blocks are too large; bytes=${length}`)
  const { root, blocks } = parseCar(message.blocks)
  if (expected !== null && !cidEquals(root, expected)) {
    throw invalid(rules.car, message, "the car's root is not the commit")
  }
  const block = blocks.get(digestOfCid(root))
  if (block === undefined) throw invalid(rules.car, message, 'the commit block is missing')
  const commit = decodeCommit(block)
  if (commit.did !== message.did || commit.rev !== message.rev) {
    throw invalid(rules.envelope, message, `the signed commit is another; signed=${commit.did} ${commit.rev}`)
  }
  return { commit, blocks }
}

function checkSigned(message: Revision, rules: Rules, key: VerifyKey, commit: SignedCommit): void {
  if (key === 'unchecked' || verifySignature(key, commit.signedBytes, commit.sig)) return
  throw notSigned(message, rules)
}

const notSigned = (message: Revision, rules: Rules): InvalidError =>
  invalid(rules.signature, message, 'the signature is not by the current key')

function verifiedOp(message: CommitMessage, op: MessageOp, blocks: BlockMap): VerifiedOp {
  const { action, path, cid } = op
  const slash = path.indexOf('/')
  const collection = path.slice(0, slash)
  const rkey = path.slice(slash + 1)
  if (cid === null) return { action, collection, rkey, cid, body: null }
  const body = blocks.get(digestOfCid(cid))
  if (body === undefined) throw invalid('B15', message, `record block missing; path=${path}`)
  if (body.length > MAX_RECORD_BYTES) {
    throw invalid('B4', message, `record block is too large; path=${path}; bytes=${body.length}`)
  }
  // Major type 5; what is inside matters to whoever reads the record (H4).
  if (((body[0] ?? 0) & 0xe0) !== 0xa0) throw invalid('B4', message, `record is not a map; path=${path}`)
  return { action, collection, rkey, cid, body }
}

/** Proves the ops against the signed tree; tells whether only the legacy way was possible. */
function proveOps(
  message: CommitMessage,
  commit: SignedCommit,
  blocks: BlockMap,
  policy: LegacyPolicy,
): boolean {
  const { ops, prevData, since } = message
  const invertible = ops.every((op) => op.action === 'create' || op.prev)
  // B21: nothing changed, so the message need not carry any part of the tree.
  if (ops.length === 0 && prevData !== null && cidEquals(prevData, commit.data)) return false
  if (prevData !== null && invertible) {
    proveInversion(message, new PartialTree(commit.data, blocks), prevData)
    return false
  }
  // The first commit of a repo has nothing before it, which is the empty tree.
  if (since === null && prevData === null && isFirst(message, commit, blocks)) return false
  if (policy === 'reject') throw invalid('B18', message, 'the commit lacks prevData or prev')
  if (policy === 'resync') {
    throw new DiscontinuousError('B18', `the commit lacks prevData or prev; ${factsOf(message)}`)
  }
  if (ops.length > 0) proveLeaves(message, new PartialTree(commit.data, blocks))
  return true
}

/** B17 */
function proveInversion(message: CommitMessage, tree: PartialTree, before: Uint8Array): void {
  if (!cidEquals(invertTree(tree, message.ops), before)) {
    throw invalid('B17', message, 'undoing the ops does not give prevData')
  }
}

function isFirst(message: CommitMessage, commit: SignedCommit, blocks: BlockMap): boolean {
  if (message.ops.length === 0) return cidEquals(commit.data, EMPTY_ROOT)
  if (!message.ops.every((op) => op.action === 'create')) return false
  try {
    proveInversion(message, new PartialTree(commit.data, blocks), EMPTY_ROOT)
    return true
  } catch (error) {
    // Not the first one, then: whether it is acceptable as a legacy commit is decided next.
    if (error instanceof InvalidError) return false
    throw error
  }
}

/** B15 on the new tree alone: what is left of the proof when the ops cannot be undone (B18). */
function proveLeaves(message: CommitMessage, tree: PartialTree): void {
  for (const { path, cid } of message.ops) {
    const leaf = tree.get(path)
    if (leaf === 'missing') throw invalid('B15', message, `a proof block is missing; path=${path}`)
    if (cid === null ? leaf !== null : leaf === null || !cidEquals(leaf, cid)) {
      throw invalid('B15', message, `the signed tree says otherwise; path=${path}`)
    }
  }
}

function checkContinuity(message: CommitMessage, head: Head): void {
  const { since, prevData } = message
  if (head.rev !== null && since !== head.rev) {
    throw new DiscontinuousError(
      'B19',
      `since is not our rev; ours=${head.rev}; since=${since}; ${factsOf(message)}`,
    )
  }
  if (head.data !== null && prevData !== null && !cidEquals(prevData, head.data)) {
    throw new DiscontinuousError('B20', `prevData is not our root; ${factsOf(message)}`)
  }
}

/** A view would keep the whole frame in memory for as long as the repo row is cached. */
const copy = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)

const factsOf = (message: Revision) => `did=${message.did}; rev=${message.rev}`

function invalid(rule: string, message: Revision, what: string): InvalidError {
  return new InvalidError(rule, `${what}; ${factsOf(message)}`)
}
