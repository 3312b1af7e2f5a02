/** The walking thread: many walks side by side, each a `RepoWalk`. Loaded by `walk-thread.ts` and nobody else. */
import { parentPort } from 'node:worker_threads'
import type { SignedCommit } from './commit.ts'
import { RepoWalk, type WalkedRecord } from './walk.ts'
import { packError, packRecords, type WalkAnswer, type WalkRequest } from './walk-message.ts'

interface Open {
  readonly walk: RepoWalk
  /** The commit was sent. */
  told: boolean
  rest: Iterator<readonly WalkedRecord[]> | null
}

const walks = new Map<number, Open>()

function open(id: number): Open {
  const walk = { walk: new RepoWalk(), told: false, rest: null }
  walks.set(id, walk)
  return walk
}

function close(id: number): void {
  walks.get(id)?.walk.close()
  walks.delete(id)
}

/** Null when there is nothing more. */
function step(open: Open, request: WalkRequest): readonly WalkedRecord[] | null {
  if (request.kind === 'push') return open.walk.push(request.bytes)
  open.rest ??= open.walk.finish()[Symbol.iterator]()
  const next = open.rest.next()
  return next.done === true ? null : next.value
}

function answer(request: WalkRequest): void {
  const { id } = request
  if (request.kind === 'close') {
    close(id)
    return
  }
  const at = request.first ? open(id) : walks.get(id)
  // It has ended, or failed, since this was sent.
  if (at === undefined) return
  try {
    const records = step(at, request)
    const commit = at.told || at.walk.commit === null ? null : alone(at.walk.commit)
    at.told = at.walk.commit !== null
    const packed = records === null || records.length === 0 ? null : packRecords(records.toSorted(byPath))
    send({ id, end: records === null, commit, packed, error: null })
    if (records === null) close(id)
  } catch (error) {
    close(id)
    send({ id, end: true, commit: null, packed: null, error: packError(error) })
  }
}

/** A database takes neighbours in a row at two thirds of the cost, and here the order costs its thread nothing. */
const byPath = (a: WalkedRecord, b: WalkedRecord): number =>
  a.collection < b.collection || (a.collection === b.collection && a.rkey < b.rkey) ? -1 : 1

/** Sending a view sends all of what it is a view of. */
function alone(commit: SignedCommit): SignedCommit {
  const { data, prev, sig } = commit
  return { ...commit, data: data.slice(), prev: prev?.slice() ?? null, sig: sig.slice() }
}

function send(message: WalkAnswer): void {
  parentPort?.postMessage(message, message.packed === null ? [] : [message.packed.buffer])
}

parentPort?.on('message', answer)
