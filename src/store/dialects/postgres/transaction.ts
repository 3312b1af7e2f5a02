import { LextapError } from '../../../errors.ts'
import type { DialectParts } from '../../bound-kysely.ts'
import type {
  BulkDelete,
  BulkInsert,
  BulkUpdate,
  Fault,
  Param,
  Rows,
  Transaction,
  UserSide,
} from '../../database.ts'
import { statementFault } from './faults.ts'
import { type Mark, WRITE_MARK } from './marks.ts'
import { PostgresSession } from './session.ts'
import { type KnownStatements, PostgresSide } from './user-side.ts'
import type { Wire, WireResult, WireValue } from './wire.ts'

/** How long statements of an ended attempt may run on before the server is asked to break them off, ms. */
const PATIENCE_MS = 50

/** An open transaction on one connection. */
export class PostgresTransaction implements Transaction {
  fault: Fault | null = null
  doubt: Fault | null = null
  /** A statement of ours failed: the server will refuse to commit. */
  failed = false
  readonly #wire: Wire
  readonly #parts: DialectParts
  readonly #known: KnownStatements
  readonly #session: PostgresSession
  readonly #sides = new Set<PostgresSide>()

  constructor(wire: Wire, parts: DialectParts, known: KnownStatements) {
    this.#wire = wire
    this.#parts = parts
    this.#known = known
    const { copy } = wire
    this.#session = new PostgresSession(
      (text, values) => this.#own(wire.query(text, values, true)),
      copy && ((text, data) => this.#own(copy(text, data))),
    )
  }

  all<T>(sql: string, params?: readonly Param[]): Promise<T[]> {
    return this.#session.all<T>(sql, params)
  }
  run(sql: string, params?: readonly Param[]): Promise<number> {
    return this.#session.run(sql, params)
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#session.insertMany(insert, rows)
  }
  loadMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#session.loadMany(insert, rows)
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    return this.#session.updateMany(update, rows)
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.#session.deleteMany(del, rows)
  }

  async savepoint(): Promise<void> {
    // Not waited for: what follows is answered after it on the same connection.
    this.#own(this.#wire.query('savepoint lextap', [], true)).catch(() => {})
  }
  async rollbackToSavepoint(): Promise<void> {
    await this.#quiet()
    this.#own(this.#wire.query('rollback to savepoint lextap', [], true)).catch(() => {})
    await this.#own(this.#wire.query('release savepoint lextap', [], true))
    this.failed = false
    this.doubt = null
  }
  async releaseSavepoint(): Promise<void> {
    await this.#user(this.#wire.query('release savepoint lextap', [], true))
  }
  async checkDeferred(): Promise<void> {
    for (const text of this.#known.checks) await this.#user(this.#wire.query(text, [], true))
  }

  userSide(options: { readonly exact?: boolean } = {}): UserSide {
    const send = (text: string, values: readonly WireValue[]) =>
      this.#user(this.#wire.query(text, values, false))
    const { copy } = this.#wire
    const side = new PostgresSide(
      { send, copy: copy && ((text, lines) => this.#user(copy(text, lines))) },
      this.#parts,
      this.#known,
      options.exact ?? false,
    )
    this.#sides.add(side)
    return side
  }

  /** Nothing of the handlers' runs or can start any more. */
  async end(): Promise<void> {
    for (const side of this.#sides) side.end()
    await this.#quiet()
  }

  /** A statement under way would keep everything behind it waiting. */
  async #quiet(): Promise<void> {
    for (const side of this.#sides) {
      const timer = setTimeout(() => void this.#wire.cancel().catch(() => {}), PATIENCE_MS)
      await side.settled()
      clearTimeout(timer)
      this.#sides.delete(side)
    }
  }

  async #own(result: Promise<WireResult>): Promise<WireResult> {
    try {
      return await result
    } catch (error) {
      this.fault ??= this.#wire.faultOf(error)
      this.failed = true
      throw error
    }
  }

  /** A statement of a handler's, or one that its doings decide. */
  async #user(result: Promise<WireResult>): Promise<WireResult> {
    try {
      return await result
    } catch (error) {
      const met = statementFault(error)
      if (this.#wire.broken || met?.whole === true) this.fault ??= this.#wire.faultOf(error)
      else this.doubt ??= met?.fault ?? null
      throw error
    }
  }
}

/** The answer to a `commit` was lost with the connection: whether it happened has to be asked. */
export class CommitInDoubt<T> extends Error {
  /** What the transaction returns if it was committed. */
  readonly result: T
  readonly xid: string
  /** Null when it wrote none. */
  readonly mark: Mark | null
  constructor(result: T, xid: string, mark: Mark | null, cause: unknown) {
    super('the connection was lost during commit', { cause })
    this.result = result
    this.xid = xid
    this.mark = mark
  }
}

/**
 * Runs `fn` between `begin` and `commit`; whatever happens, the connection is outside a transaction afterwards.
 * @throws CommitInDoubt when nobody can tell without asking the server again.
 */
export async function inTransaction<T>(
  wire: Wire,
  parts: DialectParts,
  known: KnownStatements,
  fn: (tx: Transaction) => Promise<T>,
  mark: Mark | null = null,
): Promise<T> {
  const tx = new PostgresTransaction(wire, parts, known)
  wire.query('begin', [], true).catch(() => {})
  const xid =
    mark === null
      ? wire.query('select pg_current_xact_id()::text as xid', [], true)
      : wire.query(WRITE_MARK, [mark.key, mark.value], true)
  xid.catch(() => {}) // the statements after it fail as well
  try {
    const result = await fn(tx)
    await tx.end()
    const { rows } = await xid
    await commit(wire, tx).catch((error) => {
      throw wire.broken ? new CommitInDoubt(result, String(rows[0]?.xid), mark, error) : error
    })
    return result
  } catch (error) {
    await tx.end()
    if (!wire.broken) await wire.query('rollback', [], true).catch(() => {})
    throw error
  }
}

async function commit(wire: Wire, tx: PostgresTransaction): Promise<void> {
  const { command } = await wire.query(tx.failed ? 'rollback' : 'commit', [], true)
  // Postgres answers `commit` with a rollback and no error when a statement had failed before.
  if (tx.failed || command === 'ROLLBACK') {
    throw new LextapError('the transaction was rolled back', { code: 'rolled-back' })
  }
}
