import { anySignal } from '../async/signal.ts'
import type { Outcome, Unit } from '../dispatch/unit.ts'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import type { SignedCommit } from '../protocol/commit.ts'
import type { Identity, IdentityResolver } from '../protocol/identity.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import type { WalkedRecord } from '../protocol/walk.ts'
import type { WalkCar } from '../protocol/walking.ts'
import type { XrpcClient } from '../protocol/xrpc.ts'
import { checkRepoCommit, notSigned, signedBy } from '../repo/verify-repo.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Flight } from './flight.ts'

export interface ResyncDeps {
  readonly xrpc: XrpcClient
  readonly identity: IdentityResolver
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly wants: (collection: string) => boolean
  readonly walk: WalkCar
  /** Records per transaction. */
  readonly chunk: number
  readonly maxBytes: number
  readonly stallMs: number
}

/** The claim ran out: somebody removed, restarted or took over the repo. Nothing more to do for this run. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError'
}

/** What a complete, verified fetch brought. */
export interface FetchedRepo {
  readonly rev: string
  readonly data: Uint8Array
  /** The last chunk, not applied yet: a small repo then becomes `active` in the transaction that brings its records. */
  readonly rest: readonly VerifiedOp[]
  readonly records: number
  readonly bytes: number
}

/** One for all: making an error of its own costs as much as a row, and nobody looks at it. */
const LEFT = new DOMException('the walk is over', 'AbortError')

/** Chunks of one repo in work at once: they touch different paths, so their order does not matter (promise P3). */
const CHUNKS_IN_FLIGHT = 3

/**
 * Fetches a repo, proves every record against its signed root and applies the wanted ones in chunks. Records
 * are applied while the rest still arrives: each is proven when it is yielded. Deletes wait for the cut-over,
 * which needs the tree complete (rules F3, F4).
 */
export async function fetchRepo(
  row: RepoRow,
  identity: Identity & { pds: string; signingKey: string },
  source: { readonly host: string; readonly fresh: boolean },
  deps: ResyncDeps,
  flight: Flight,
  signal: AbortSignal,
): Promise<FetchedRepo> {
  const left = new AbortController()
  const response = await deps.xrpc.stream(
    source.host,
    'com.atproto.sync.getRepo',
    { did: row.did },
    { signal: anySignal(signal, left.signal), maxBytes: deps.maxBytes, stallMs: deps.stallMs },
  )
  flight.limited(response.rateLimit)
  const chunks = new Chunks(row, source.fresh, deps)
  const body = new Body(response.body, flight)
  let checked: SignedCommit | null = null
  try {
    for await (const { commit, records } of deps.walk(body.pieces())) {
      if (checked === null && commit !== null) {
        await checkCommit(row, commit, identity, deps.identity, signal)
        checked = commit
        chunks.rev = commit.rev
      }
      flight.proven(records.length)
      if (records.length > 0) await chunks.add(records)
    }
    await chunks.applied()
  } finally {
    // The walk may read ahead: what it waits for ends now.
    left.abort(LEFT)
    await chunks.settle()
  }
  if (checked === null) throw new InvalidError('F3', `the repo has no commit; did=${row.did}`)
  const { rest, records } = chunks
  return { rev: checked.rev, data: checked.data, rest, records, bytes: body.bytes }
}

/** Tells the flight what it waits for while the body is read. */
class Body {
  bytes = 0
  readonly #body: AsyncIterable<Uint8Array>
  readonly #flight: Flight

  constructor(body: AsyncIterable<Uint8Array>, flight: Flight) {
    this.#body = body
    this.#flight = flight
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of this.#body) {
      this.bytes += piece.length
      this.#flight.received(piece.length)
      yield piece
      this.#flight.waiting()
    }
    this.#flight.received(0)
  }
}

/** Rule F3: the DID asked for, version 3, signed by the account's current key, not behind what we hold. */
async function checkCommit(
  row: RepoRow,
  commit: SignedCommit,
  identity: Identity & { signingKey: string },
  resolver: IdentityResolver,
  signal: AbortSignal,
): Promise<void> {
  checkRepoCommit(commit, row.did, Date.now())
  if (!signedBy(commit, identity.signingKey)) {
    const again = await resolver.resolve(row.did, { force: true, handle: false, signal })
    if (again.signingKey === null || !signedBy(commit, again.signingKey)) throw notSigned(commit)
  }
  if (row.rev !== null && commit.rev < row.rev) {
    throw new DiscontinuousError(
      'F3',
      `the host serves an older repo than we hold; did=${row.did}; rev=${commit.rev}; ours=${row.rev}`,
    )
  }
}

/** Gathers wanted records into units and keeps a few of them in flight. */
class Chunks {
  rev = ''
  records = 0
  readonly #row: RepoRow
  readonly #fresh: boolean
  readonly #deps: ResyncDeps
  #ops: VerifiedOp[] = []
  #size = 0
  readonly #inFlight = new Set<Promise<void>>()
  #failure: unknown = null

  constructor(row: RepoRow, fresh: boolean, deps: ResyncDeps) {
    this.#row = row
    this.#fresh = fresh
    this.#deps = deps
  }

  async add(records: readonly WalkedRecord[]): Promise<void> {
    this.records += records.length
    for (const { collection, rkey, cid, block } of records) {
      if (!this.#deps.wants(collection)) continue
      if (this.#ops.length >= this.#deps.chunk || this.#size > 4_000_000) await this.#send()
      this.#ops.push({ action: 'create', collection, rkey, cid, body: block })
      this.#size += block.length
    }
  }

  /** What was added and not sent. */
  get rest(): readonly VerifiedOp[] {
    return this.#ops
  }

  /** Resolves when all that was sent is applied. */
  async applied(): Promise<void> {
    await this.settle()
    if (this.#failure !== null) throw this.#failure
  }

  /** Resolves when nothing is in flight, whatever came of it. */
  async settle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight)
  }

  async #send(): Promise<void> {
    const { id, did, run, rev } = this.#row
    const unit: Unit = {
      repoId: id,
      did,
      source: rev === null ? 'backfill' : 'resync',
      rev: this.rev,
      guard: { run, state: 'resyncing' },
      ops: this.#ops,
      run,
      mode: 'diff',
      fresh: this.#fresh,
    }
    this.#ops = []
    this.#size = 0
    const work: Promise<void> = this.#deps
      .submit(unit)
      .then(
        (outcome) => {
          if (outcome === 'stale') this.#failure ??= new ClaimLostError(`claim lost; did=${did}; run=${run}`)
        },
        (error) => {
          this.#failure ??= error
        },
      )
      .finally(() => this.#inFlight.delete(work))
    this.#inFlight.add(work)
    while (this.#inFlight.size >= CHUNKS_IN_FLIGHT && this.#failure === null)
      await Promise.race(this.#inFlight)
    if (this.#failure !== null) throw this.#failure
  }
}
