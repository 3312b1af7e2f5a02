import type { BulkDelete, BulkInsert, Database, Param, Session } from './database.ts'

/**
 * Why an op could not be applied. `undecodable` its block breaks the data model · `invalid` it breaks its
 * lexicon · `handler` a handler threw · `timeout` a handler took too long.
 */
export type DeadLetterKind = 'undecodable' | 'invalid' | 'handler' | 'timeout'

/** What the op was. `identity` and `account` have the event's JSON as body and no path. */
export type DeadLetterAction = 'create' | 'update' | 'delete' | 'identity' | 'account'

/** One op that could not be applied, with all that is needed to fix and retry it. */
export interface NewDeadLetter {
  readonly repoId: number
  readonly did: string
  readonly collection: string
  readonly rkey: string
  readonly rev: string
  readonly action: DeadLetterAction
  /** 36 bytes; null for a delete. */
  readonly cid: Uint8Array | null
  readonly body: Uint8Array | null
  readonly kind: DeadLetterKind
  /** A handler's stack with a frame of its code; otherwise one sentence. */
  readonly error: string
  /** JSON of the validator's issues, for `invalid`. */
  readonly issues: string | null
  readonly attempts: number
}

export interface DeadLetter extends NewDeadLetter {
  readonly id: number
  /** `at://did/collection/rkey`, or `at://did` for identity and account events. */
  readonly uri: string
  /** ms. */
  readonly createdAt: number
  readonly updatedAt: number
}

interface RawDeadLetter {
  id: number
  repo_id: number
  did: string
  collection: string
  rkey: string
  rev: string
  action: DeadLetterAction
  cid: Uint8Array | null
  body: Uint8Array | null
  kind: DeadLetterKind
  error: string
  issues: string | null
  attempts: number
  created_at: number
  updated_at: number
}

const INSERT: BulkInsert = {
  table: 'lextap_dead_letter',
  columns: {
    repo_id: 'int',
    did: 'text',
    collection: 'text',
    rkey: 'text',
    rev: 'text',
    action: 'text',
    cid: 'bytes',
    body: 'bytes',
    kind: 'text',
    error: 'text',
    issues: 'text',
    attempts: 'int',
    created_at: 'big',
    updated_at: 'big',
  },
  // One letter a path: the newest failure is the one that matters.
  conflict: `on conflict (repo_id, collection, rkey) do update set rev = excluded.rev, action = excluded.action,
    cid = excluded.cid, body = excluded.body, kind = excluded.kind, error = excluded.error, issues = excluded.issues,
    attempts = excluded.attempts, updated_at = excluded.updated_at`,
}

/** Values: repo_id, collection, rkey. */
const DELETE: BulkDelete = {
  table: 'lextap_dead_letter',
  keys: { repo_id: 'int', collection: 'text', rkey: 'text' },
}

/** Ops that could not be applied (P6): never dropped silently, never retried for ever. */
export class DeadLetters {
  readonly #db: Database
  /** False while the table is known to be empty: nothing to supersede. */
  #any = true

  constructor(db: Database) {
    this.#db = db
  }

  /** Whether there may be any. */
  get any(): boolean {
    return this.#any
  }

  async load(): Promise<void> {
    this.#any = (await this.#db.reader.all('select 1 as one from lextap_dead_letter limit 1')).length > 0
  }

  /** There are some: another process wrote them. */
  noticed(): void {
    this.#any = true
  }

  /** Newest first; `before` is the id of the last one seen. */
  async list(
    options: {
      before?: number
      limit?: number
      kind?: DeadLetterKind
      collection?: string
      did?: string
    } = {},
  ): Promise<DeadLetter[]> {
    const params: Param[] = [options.before ?? Number.MAX_SAFE_INTEGER, options.limit ?? 100]
    let where = 'id < $1'
    for (const field of ['kind', 'collection', 'did'] as const) {
      const value = options[field]
      if (value !== undefined) where += ` and ${field} = $${params.push(value)}`
    }
    const rows = await this.#db.reader.all<RawDeadLetter>(
      `select * from lextap_dead_letter where ${where} order by id desc limit $2`,
      params,
    )
    return rows.map(toDeadLetter)
  }

  /** In a transaction it is ours alone until that ends: whoever else retries it waits, and finds it gone. */
  async get(id: number, session: Session = this.#db.reader): Promise<DeadLetter | null> {
    const lock = session === this.#db.reader ? '' : this.#db.sql.forUpdate
    const sql = `select * from lextap_dead_letter where id = $1 ${lock}`
    const [raw] = await session.all<RawDeadLetter>(sql, [id])
    if (raw === undefined) return null
    this.#any = true
    return toDeadLetter(raw)
  }

  /** Whether it was there. */
  async drop(id: number): Promise<boolean> {
    return (await this.#db.run('delete from lextap_dead_letter where id = $1', [id])) > 0
  }

  async counts(): Promise<{ total: number; kinds: Record<DeadLetterKind, number> }> {
    const rows = await this.#db.reader.all<{ kind: DeadLetterKind; n: number }>(
      'select kind, count(*) as n from lextap_dead_letter group by kind',
    )
    const kinds = { undecodable: 0, invalid: 0, handler: 0, timeout: 0 }
    for (const { kind, n } of rows) kinds[kind] = n
    return { total: rows.reduce((sum, row) => sum + row.n, 0), kinds }
  }

  async add(tx: Session, letters: readonly NewDeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    this.#any = true
    const now = Date.now()
    await tx.insertMany(
      INSERT,
      letters.map((letter) => [
        letter.repoId,
        letter.did,
        letter.collection,
        letter.rkey,
        letter.rev,
        letter.action,
        letter.cid,
        letter.body,
        letter.kind,
        letter.error,
        letter.issues,
        letter.attempts,
        now,
        now,
      ]),
    )
  }

  /** The event of a repo's letter of this kind, as JSON; null when there is none. */
  async changeOf(tx: Session, repoId: number, kind: 'identity' | 'account'): Promise<Uint8Array | null> {
    const rows = await tx.all<{ body: Uint8Array }>(
      "select body from lextap_dead_letter where repo_id = $1 and collection = '' and rkey = $2",
      [repoId, kind],
    )
    return rows[0]?.body ?? null
  }

  /** Paths of these repos that have a letter, as `repoId/collection/rkey`, and what it is about. */
  async pathsOf(tx: Session, repoIds: readonly number[]): Promise<Map<string, DeadLetterAction>> {
    if (!this.#any || repoIds.length === 0) return new Map()
    const rows = await tx.all<{
      repo_id: number
      collection: string
      rkey: string
      action: DeadLetterAction
    }>(
      `select repo_id, collection, rkey, action from lextap_dead_letter where ${this.#db.sql.anyOf('repo_id', 1, 'int')}`,
      [repoIds],
    )
    return new Map(rows.map((row) => [`${row.repo_id}/${row.collection}/${row.rkey}`, row.action]))
  }

  /** A later event for the path was applied: the older failure does not matter any more. */
  async supersede(
    tx: Session,
    paths: readonly { repoId: number; collection: string; rkey: string }[],
  ): Promise<void> {
    await tx.deleteMany(
      DELETE,
      paths.map(({ repoId, collection, rkey }) => [repoId, collection, rkey]),
    )
  }
}

function toDeadLetter(raw: RawDeadLetter): DeadLetter {
  return {
    id: raw.id,
    repoId: raw.repo_id,
    did: raw.did,
    collection: raw.collection,
    rkey: raw.rkey,
    rev: raw.rev,
    action: raw.action,
    cid: raw.cid,
    body: raw.body,
    kind: raw.kind,
    error: raw.error,
    issues: raw.issues,
    attempts: raw.attempts,
    createdAt: raw.created_at,
    updatedAt: raw.updated_at,
    uri: raw.collection === '' ? `at://${raw.did}` : `at://${raw.did}/${raw.collection}/${raw.rkey}`,
  }
}
