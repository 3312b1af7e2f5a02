import type { Kysely } from 'kysely'
import { backoffMs } from '../async/backoff.ts'
import { sleep } from '../async/signal.ts'
import { type LextapError, TemporaryError, UserError } from '../errors.ts'
import type { Observer } from '../observe/observer.ts'
import { databaseDamaged, databaseFailed } from '../observe/store-events.ts'
import type {
  BulkDelete,
  BulkInsert,
  BulkUpdate,
  Database,
  Fault,
  Param,
  Rows,
  Session,
  SqlWords,
  Transaction,
} from './database.ts'
import type { TableInfo } from './tables.ts'
import type { DialectName, UserDatabase } from './types.ts'

const DAMAGED = { code: 'database' }
const WAITS = { baseMs: 50, maxMs: 10_000 }

export interface PatientOptions {
  readonly observer: Observer
  /** How often a statement is tried again; a command line tool gives up, a running process does not. */
  readonly retries: number
  /** What is stored is broken. Called once; whoever meets it gets the same error, which says what to do. */
  readonly onDamage?: (error: LextapError) => void
}

/**
 * A database whose single statements wait out trouble that is not theirs: a lost connection, a lock held
 * elsewhere, a full disk. Transactions are not repeated here: only who began one knows how. Nothing waits for a
 * damaged database to mend.
 */
export class PatientDatabase implements Database {
  readonly dialect: DialectName
  readonly concurrency: number
  readonly kysely: Kysely<UserDatabase>
  readonly sql: SqlWords
  readonly reader: Session
  readonly #db: Database
  readonly #options: PatientOptions
  readonly #closing = new AbortController()
  #leaving: NodeJS.Timeout | undefined
  #damage: LextapError | null = null

  constructor(db: Database, options: PatientOptions) {
    this.#db = db
    this.#options = options
    this.dialect = db.dialect
    this.concurrency = db.concurrency
    this.kysely = db.kysely
    this.sql = db.sql
    this.reader = this.#patient(db.reader)
  }

  all<T>(text: string, params?: readonly Param[]): Promise<T[]> {
    return this.#try(() => this.#db.all<T>(text, params))
  }
  run(text: string, params?: readonly Param[]): Promise<number> {
    return this.#try(() => this.#db.run(text, params))
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#try(() => this.#db.insertMany(insert, rows))
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    return this.#try(() => this.#db.updateMany(update, rows))
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.#try(() => this.#db.deleteMany(del, rows))
  }
  async transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    let opened: Transaction | null = null
    try {
      return await this.#db.transaction((tx) => {
        opened = tx
        return fn(tx)
      })
    } catch (error) {
      // Whoever wrote in it may have made something else of the error.
      const { fault } = (opened ?? {}) as { fault?: Fault | null }
      throw fault === 'damaged' || this.#db.faultOf(error) === 'damaged' ? this.#damaged(error) : error
    }
  }
  faultOf(error: unknown): Fault | null {
    return this.#db.faultOf(error)
  }
  doubts(error: unknown): boolean {
    return this.#db.doubts(error)
  }
  explain(error: unknown): LextapError {
    return this.#db.explain(error)
  }
  introspect(): Promise<readonly TableInfo[]> {
    return this.#db.introspect()
  }

  /** We stop: from `graceMs` on nobody waits for the database any more. What still works goes on. */
  leave(graceMs: number): void {
    this.#leaving ??= setTimeout(() => this.#stopWaiting(), graceMs)
  }

  /** Whoever waits is told that we stop. */
  close(): Promise<void> {
    clearTimeout(this.#leaving)
    this.#stopWaiting()
    return this.#db.close()
  }

  #stopWaiting(): void {
    this.#closing.abort(new TemporaryError('lextap is stopping', { code: 'stopping' }))
  }

  #patient(session: Session): Session {
    return {
      all: <T>(text: string, params?: readonly Param[]) => this.#try(() => session.all<T>(text, params)),
      run: (text, params) => this.#try(() => session.run(text, params)),
      insertMany: (insert, rows) => this.#try(() => session.insertMany(insert, rows)),
      updateMany: (update, rows) => this.#try(() => session.updateMany(update, rows)),
      deleteMany: (del, rows) => this.#try(() => session.deleteMany(del, rows)),
    }
  }

  #damaged(error: unknown): LextapError {
    if (this.#damage === null) {
      const said = this.#db.explain(rootOf(error))
      // A handler may have hidden what the database said.
      this.#damage = said.retry ? new UserError(`the database is damaged: ${said.message}`, DAMAGED) : said
      const { observer, onDamage } = this.#options
      // A command says so anyway when it ends.
      if (onDamage !== undefined) databaseDamaged(observer, this.#damage)
      onDamage?.(this.#damage)
    }
    return this.#damage
  }

  async #try<T>(run: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await run()
      } catch (error) {
        const fault = this.#db.faultOf(error)
        if (fault === 'damaged') throw this.#damaged(error)
        if (fault === null || failures >= this.#options.retries) throw error
        this.#closing.signal.throwIfAborted()
        const waitMs = backoffMs(failures, WAITS)
        databaseFailed(this.#options.observer, { fault, failures: failures + 1, waitMs, error })
        await sleep(waitMs, this.#closing.signal)
      }
    }
  }
}

/** What the database said, below what others made of it. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error
}
