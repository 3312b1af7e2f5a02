import { InvalidError } from '../errors.ts'
import { decodeFirst } from './cbor.ts'
import { Cid, DAG_CBOR } from './cid.ts'
import type { CommitMessage, Message, MessageOp } from './message.ts'
import { isDatetime, isDid, isNsid, isRecordKey, isTid } from './syntax.ts'

export { type FrameHead, peekFrame, peekTime } from './frame-peek.ts'

/** Largest frame taken (A9). */
export const MAX_FRAME = 5_000_000
/** Largest `blocks` of a commit or sync (B2). */
const MAX_BLOCKS = 2_000_000
/** Most ops in a commit (B3). */
const MAX_OPS = 200

type Fields = Record<string, unknown>

const framing = (what: string, cause?: unknown) =>
  new InvalidError('A1', `malformed frame: ${what}`, cause === undefined ? {} : { cause })
const bad = (rule: string, what: string) => new InvalidError(rule, `malformed message: ${what}`)

/**
 * Decodes one frame: a header and a body, both strict DRISL, nothing after them. Throws InvalidError: 'A1'
 * framing, 'A5' a bad seq, 'A9' too large, 'B1' a commit's fields, 'B2' its blocks, 'B3' its number of ops,
 * 'C1' 'D1' 'E1' the fields of a sync, identity or account message. Fields we do not know are ignored
 * (A2, B5).
 */
export function decodeFrame(bytes: Uint8Array): Message {
  if (bytes.length > MAX_FRAME)
    throw new InvalidError('A9', `a frame over ${MAX_FRAME} bytes; bytes=${bytes.length}`)
  const [header, body] = parts(bytes)
  const { op, t } = header
  if (typeof op !== 'number') throw framing('its header has no op')
  if (op === -1)
    return { kind: 'error', error: textOr(body.error, 'unknown'), message: textOrNull(body.message) }
  if (op !== 1) return { kind: 'unknown', type: null, seq: seqOrNull(body) }
  if (typeof t !== 'string') throw framing('its header has no t')
  switch (t) {
    case '#commit':
      return commitMessage(body)
    case '#sync':
      return {
        kind: 'sync',
        seq: seqOf(body),
        did: didOf(body.did, 'C1'),
        rev: revOf(body.rev, 'C1'),
        blocks: blocksOf(body.blocks, 'C1'),
        time: timeOf(body.time, 'C1'),
      }
    case '#identity':
      return {
        kind: 'identity',
        seq: seqOf(body),
        did: didOf(body.did, 'D1'),
        handle: textOrNull(body.handle),
        time: timeOf(body.time, 'D1'),
      }
    case '#account':
      if (typeof body.active !== 'boolean') throw bad('E1', 'active is not a boolean')
      return {
        kind: 'account',
        seq: seqOf(body),
        did: didOf(body.did, 'E1'),
        active: body.active,
        status: textOrNull(body.status),
        time: timeOf(body.time, 'E1'),
      }
    case '#info':
      return { kind: 'info', name: textOr(body.name, 'unknown'), message: textOrNull(body.message) }
    default:
      return { kind: 'unknown', type: t, seq: seqOrNull(body) }
  }
}

function parts(bytes: Uint8Array): [Fields, Fields] {
  let header: { value: unknown; next: number }
  let body: { value: unknown; next: number }
  try {
    header = decodeFirst(bytes)
    body = decodeFirst(bytes, header.next)
  } catch (cause) {
    throw framing('it is not two dag-cbor objects', cause)
  }
  if (body.next !== bytes.length) throw framing('bytes after the body')
  if (!isMap(header.value) || !isMap(body.value)) throw framing('header or body is not a map')
  return [header.value, body.value]
}

const isMap = (value: unknown): value is Fields =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Cid) &&
  !(value instanceof Uint8Array)

function commitMessage(body: Fields): CommitMessage {
  const { since, commit, ops, prevData } = body
  const seq = seqOf(body)
  if (since !== null && (typeof since !== 'string' || !isTid(since)))
    throw bad('B1', 'since is neither null nor a TID')
  if (!(commit instanceof Cid)) throw bad('B1', 'commit is not a cid')
  if (!Array.isArray(ops)) throw bad('B1', 'ops is not a list')
  if (ops.length > MAX_OPS) throw bad('B3', `more than ${MAX_OPS} ops; ops=${ops.length}`)
  if (prevData !== undefined && prevData !== null && !isRepoCid(prevData))
    throw bad('B1', 'prevData is not a dag-cbor cid')
  return {
    kind: 'commit',
    seq,
    did: didOf(body.repo, 'B1'),
    rev: revOf(body.rev, 'B1'),
    since,
    time: timeOf(body.time, 'B1'),
    commit: commit.bytes,
    blocks: blocksOf(body.blocks, 'B2'),
    ops: ops.map(opOf),
    prevData: prevData?.bytes ?? null,
  }
}

const isRepoCid = (value: unknown): value is Cid => value instanceof Cid && value.bytes[1] === DAG_CBOR

function opOf(value: unknown): MessageOp {
  if (!isMap(value)) throw bad('B1', 'an op is not a map')
  const { action, path, cid, prev } = value
  if (action !== 'create' && action !== 'update' && action !== 'delete')
    throw bad('B1', 'an op with an unknown action')
  if (typeof path !== 'string' || !isRepoPath(path))
    throw bad('B1', 'an op whose path is not collection/rkey')
  // Whether the action goes with one is rule B15.
  if (cid !== undefined && cid !== null && !isRepoCid(cid))
    throw bad('B1', `a ${action} with a bad cid; path=${path}`)
  if (prev !== undefined && prev !== null && !isRepoCid(prev))
    throw bad('B1', `prev is not a dag-cbor cid; path=${path}`)
  return {
    action,
    path,
    cid: cid instanceof Cid ? cid.bytes : null,
    prev: prev instanceof Cid ? prev.bytes : (prev as null | undefined),
  }
}

/** Whether `path` is `<collection NSID>/<record key>` (B1, F3). */
export function isRepoPath(path: string): boolean {
  const slash = path.indexOf('/')
  return slash > 0 && isNsid(path.slice(0, slash)) && isRecordKey(path.slice(slash + 1))
}

/** The seq of a body (A5). */
function seqOf({ seq }: Fields): number {
  if (typeof seq !== 'number' || seq < 1)
    throw bad('A5', `seq is not an integer from 1 to 2^53; seq=${String(seq).slice(0, 30)}`)
  return seq
}

const seqOrNull = ({ seq }: Fields): number | null => (typeof seq === 'number' && seq >= 1 ? seq : null)

function didOf(value: unknown, rule: string): string {
  if (typeof value !== 'string' || !isDid(value)) throw bad(rule, 'the repo is not a DID')
  return value
}

function revOf(value: unknown, rule: string): string {
  if (typeof value !== 'string' || !isTid(value)) throw bad(rule, 'rev is not a TID')
  return value
}

function timeOf(value: unknown, rule: string): string {
  if (typeof value !== 'string' || !isDatetime(value)) throw bad(rule, 'time is not a datetime')
  return value
}

function blocksOf(value: unknown, rule: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw bad(rule, 'blocks is not bytes')
  if (value.length === 0 || value.length > MAX_BLOCKS)
    throw bad(rule, `blocks is empty or over ${MAX_BLOCKS} bytes; bytes=${value.length}`)
  return value
}

const textOr = (value: unknown, other: string): string => (typeof value === 'string' ? value : other)
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
