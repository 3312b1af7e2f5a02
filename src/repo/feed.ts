import type { EventSource } from '../dispatch/event.ts'
import type { Outcome, Unit } from '../dispatch/unit.ts'
import { DiscontinuousError, LextapError } from '../errors.ts'
import { feedEvents, feedMismatch, feedNonsense } from '../observe/feed-events.ts'
import type { Observer } from '../observe/observer.ts'
import { encode } from '../protocol/cbor.ts'
import { cidEquals, cidForBlock, cidFromString } from '../protocol/cid.ts'
import type { VerifiedOp } from '../protocol/op.ts'
import type { RepoRow } from '../store/repo-row.ts'
import type { Store } from '../store/store.ts'
import { isAhead } from './verify.ts'

/** A record event as a Tap or a Jetstream tells it, checked for form only. */
export interface FeedRecord {
  readonly did: string
  readonly rev: string
  readonly live: boolean
  readonly collection: string
  readonly rkey: string
  readonly action: 'create' | 'update' | 'delete'
  /** Text of a blessed CID; null for a delete. */
  readonly cid: string | null
  /** JSON form; undefined where the sender left it out. */
  readonly record: unknown
}

export interface FeedDeps {
  readonly store: Store
  readonly submit: (unit: Unit) => Promise<Outcome>
  readonly observer: Observer
  readonly source: EventSource & ('tap' | 'jetstream')
  readonly wants: (collection: string) => boolean
  /** Whether an event of a repo we do not track makes it ours. */
  readonly discover: (record: FeedRecord) => boolean
  /** The account is deleted: its row stands at `deleted` and its records must go. */
  readonly onDeleted: (row: RepoRow) => void
}

/**
 * Events that others verified, or nobody did: what they say of one repo becomes true in the same transaction as
 * for commits. They may come again (an ack was lost, a cursor lies back): the repo's `rev` and the record index
 * tell which did.
 */
export class Feed {
  readonly #deps: FeedDeps

  constructor(deps: FeedDeps) {
    this.#deps = deps
  }

  /**
   * Applies events of one repo with one `rev` and one `live`. Run it in the repo's lane. A rev of the future is
   * passed over (B13): everything that came after it would count as seen.
   */
  async records(events: readonly FeedRecord[]): Promise<void> {
    const { store, observer, source, wants } = this.#deps
    const first = events[0]
    if (first === undefined) return
    if (isAhead(first.rev, Date.now())) {
      for (const event of events) {
        const text = `at://${event.did}/${event.collection}/${event.rkey} ${event.rev}`
        feedNonsense(observer, { source, reason: 'rev is more than five minutes ahead of our clock', text })
      }
      return
    }
    const wanted = events.filter(({ collection }) => wants(collection))
    const ops = wanted.map((event) => this.#op(event))
    for (let attempt = 0; attempt < 8; attempt++) {
      const row = (await store.repos.get(first.did)) ?? (await this.#track(events))
      const ours = row !== null && row.removal === null && ops.length > 0
      if (!ours) {
        feedEvents(observer, source, 'ignored', events.length)
        return
      }
      if (await this.#apply(row, first, ops)) return
    }
    throw new DiscontinuousError('B19', `the repo row keeps moving; did=${first.did}`)
  }

  /** Handle and standing; undefined leaves them. */
  async account(
    did: string,
    told: { handle?: string | null; active: boolean; status: string },
  ): Promise<void> {
    const { store, submit, observer, source, onDeleted } = this.#deps
    const row = await store.repos.get(did)
    if (row === null || row.removal !== null) return
    const standing = told.active ? 'active' : told.status
    const handle = told.handle === undefined ? row.handle : told.handle
    if (standing === row.standing && handle === row.handle) {
      feedEvents(observer, source, 'seen', 1)
      return
    }
    const { pds, signingKey, run } = row
    await submit({
      ...{ repoId: row.id, did, source, run, live: true, rev: row.rev ?? '' },
      guard: {},
      ops: [],
      mode: 'trust',
      patch: { standing, handle },
      ...(standing === row.standing
        ? {}
        : { account: { did, active: told.active, status: standing, from: row.standing } }),
      ...(handle === row.handle
        ? {}
        : {
            identity: { did, handle, pds, signingKey, changed: { handle: { from: row.handle, to: handle } } },
          }),
    })
    feedEvents(observer, source, 'applied', 1)
    if (standing === 'deleted') onDeleted({ ...row, standing })
  }

  /** False when the row moved meanwhile. */
  async #apply(row: RepoRow, { did, rev, live }: FeedRecord, all: readonly VerifiedOp[]): Promise<boolean> {
    const { submit, observer, source } = this.#deps
    const ops = row.rev !== null && rev < row.rev ? [] : await this.#news(row, all)
    feedEvents(observer, source, 'seen', all.length - ops.length)
    // Even without ops the rev is worth remembering.
    if (ops.length === 0 && row.rev !== null && rev <= row.rev) return true
    const outcome = await submit({
      ...{ repoId: row.id, did, source, live, rev, ops, run: row.run },
      guard: { rev: row.rev, run: row.run },
      mode: 'diff',
      // What we hold was not proven: whoever follows the firehose later must fetch the repo.
      patch: { rev, data: null, ...(row.state === 'active' ? {} : { state: 'active' as const }) },
    })
    if (outcome === 'stale') return false
    feedEvents(observer, source, 'applied', ops.length)
    return true
  }

  /** The ops that change something: the index tells which were applied before. */
  async #news(row: RepoRow, ops: readonly VerifiedOp[]): Promise<VerifiedOp[]> {
    const { collections, records } = this.#deps.store
    const keyed = ops.map((op) => ({
      op,
      collectionId: collections.idOf(op.collection) ?? -1,
      rkey: op.rkey,
    }))
    const existing = await records.existing(row.id, keyed)
    return keyed.flatMap(({ op, collectionId, rkey }) => {
      const cid = existing.get(`${collectionId}/${rkey}`)
      const seen = op.cid === null ? cid === undefined : cid !== undefined && cidEquals(cid, op.cid)
      return seen ? [] : [op]
    })
  }

  #op({ did, collection, rkey, action, cid, record }: FeedRecord): VerifiedOp {
    if (action === 'delete' || cid === null)
      return { action: 'delete', collection, rkey, cid: null, body: null }
    const bytes = cidFromString(cid)
    const body = blockOf(record)
    if (body.length > 0 && !cidEquals(cidForBlock(body), bytes)) {
      feedMismatch(this.#deps.observer, {
        source: this.#deps.source,
        uri: `at://${did}/${collection}/${rkey}`,
        cid,
      })
    }
    return { action, collection, rkey, cid: bytes, body }
  }

  async #track(events: readonly FeedRecord[]): Promise<RepoRow | null> {
    const { store, discover } = this.#deps
    const event = events.find(discover)
    if (event === undefined) return null
    await store.repos.add([event.did], { state: 'active', found: true })
    return store.repos.get(event.did)
  }
}

/** Empty for what is no record: the dispatcher makes a dead letter of a block that does not decode. */
function blockOf(record: unknown): Uint8Array {
  if (record === undefined) return new Uint8Array(0)
  try {
    return encode(record)
  } catch (error) {
    if (error instanceof LextapError) return new Uint8Array(0)
    throw error
  }
}
