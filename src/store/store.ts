import type { Kysely } from 'kysely'
import { Collections } from './collections.ts'
import { Cursors } from './cursors.ts'
import type { Database, Session, Transaction } from './database.ts'
import { DeadLetters } from './dead-letters.ts'
import { Excluded } from './excluded.ts'
import { IdentityDue } from './identity-due.ts'
import { Kept } from './kept.ts'
import { Meta } from './meta.ts'
import { Outbox } from './outbox.ts'
import { OwedDeletes } from './owed-deletes.ts'
import { Records } from './records.ts'
import { Rejections } from './rejections.ts'
import { Repos } from './repos.ts'
import { type BufferLimits, ResyncBuffer } from './resync-buffer.ts'
import type { DialectName, UserDatabase } from './types.ts'
import { Uncreated } from './uncreated.ts'

/** Everything lextap remembers. Open one with `openStore`. */
export class Store {
  readonly dialect: DialectName
  /** Without its password. */
  readonly url: string
  readonly db: Database
  readonly repos: Repos
  readonly collections: Collections
  readonly records: Records
  readonly buffer: ResyncBuffer
  readonly cursors: Cursors
  readonly deadLetters: DeadLetters
  readonly uncreated: Uncreated
  readonly excluded: Excluded
  readonly identityDue: IdentityDue
  readonly kept: Kept
  readonly owedDeletes: OwedDeletes
  readonly outbox: Outbox
  readonly meta: Meta
  readonly rejections: Rejections
  /** We stop: from `graceMs` on nothing waits for a database that is full, locked or gone. */
  readonly leave: (graceMs: number) => void
  readonly #release: () => void
  #closing: Promise<void> | null = null

  constructor(
    db: Database,
    options: {
      guest: boolean
      url: string
      release: () => void
      leave: (graceMs: number) => void
      buffer?: BufferLimits
    },
  ) {
    this.leave = options.leave
    this.db = db
    this.dialect = db.dialect
    this.url = options.url
    this.#release = options.release
    this.collections = new Collections(db)
    this.repos = new Repos(db, options.guest)
    this.records = new Records(db, this.collections)
    this.buffer = new ResyncBuffer(db, options.buffer)
    this.cursors = new Cursors(db)
    this.deadLetters = new DeadLetters(db)
    this.excluded = new Excluded(db)
    this.identityDue = new IdentityDue(db)
    this.kept = new Kept(db)
    this.owedDeletes = new OwedDeletes(db)
    this.uncreated = new Uncreated(db, () => this.deadLetters.any)
    this.outbox = new Outbox(db)
    this.meta = new Meta(db)
    this.rejections = new Rejections(this.meta)
  }

  /** Fills what is kept in memory. */
  async load(): Promise<void> {
    await this.collections.load()
    await this.repos.load()
    await this.deadLetters.load()
    await this.uncreated.load()
  }

  /**
   * Notices dead letters and uncreated records of other processes on Postgres. Call in a transaction that holds the
   * locks of its repos: what is written about those is written by then.
   */
  async notice(tx: Session): Promise<void> {
    if (this.dialect !== 'postgres' || (this.deadLetters.any && this.uncreated.any)) return
    const [found] = await tx.all<{ letters: boolean; uncreated: boolean }>(
      `select exists (select 1 from lextap_dead_letter) as letters,
         exists (select 1 from lextap_uncreated) as uncreated`,
    )
    if (found?.letters === true) this.deadLetters.noticed()
    if (found?.uncreated === true) this.uncreated.noticed()
  }

  /** For reading and writing the user's tables outside handlers; takes turns with the dispatcher. */
  get kysely(): Kysely<UserDatabase> {
    return this.db.kysely
  }

  /** Commits when `fn` returns, rolls back when it throws. Use `tx` alone inside, never the store. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.db.transaction(fn)
  }

  /** Waits for the transaction under way. Twice is fine. */
  close(): Promise<void> {
    this.#closing ??= this.db.close().finally(this.#release)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
