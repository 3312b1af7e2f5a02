import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { boundKysely, type DialectParts, transactionOver, wentOnAfter } from '../../bound-kysely.ts'
import type { StatementFailure, UserSide } from '../../database.ts'
import type { RowStatement } from '../../row-statements.ts'
import type { RowTables } from '../../rows.ts'
import {
  controlRefused,
  controlsTransaction,
  copiesIn,
  copyRefused,
  defersConstraints,
  type Leaves,
  leavesOf,
} from '../../statement-words.ts'
import type { RowWriter } from '../../types.ts'
import { FreshRows } from './fresh-rows.ts'
import { explainSeveral } from './one-statement.ts'
import { type KnownInsert, knownInsert, type MergeShape, shapeOfRow } from './shapes.ts'
import { wireJson, wireValue } from './values.ts'
import type { Wire, WireResult, WireValue } from './wire.ts'
import { WriteBuffer } from './write-buffer.ts'

/** What a side sends its statements by. */
export interface SideWire {
  send(text: string, values: readonly WireValue[]): Promise<WireResult>
  readonly copy: Wire['copy']
}

/** Statements remembered for each set of tables. */
const MAX_KNOWN = 1000

interface KnownStatement {
  /** It would begin or end a transaction. */
  readonly controls: boolean
  /** It would wait for data. */
  readonly copies: boolean
  /** It may put constraints off. */
  readonly defers: boolean
  readonly leaves: Leaves
  readonly insert: KnownInsert | null
}

/** What was found out about statements; shared by all transactions, made anew when the tables change. */
export class KnownStatements {
  readonly tables: RowTables
  /** Constraints that are checked at the end of a transaction. */
  readonly deferred: readonly string[]
  /** What makes a connection's settings what they were when it was opened. */
  readonly settings: readonly string[]
  readonly fresh: FreshRows = new FreshRows()
  readonly #statements = new Map<string, KnownStatement>()
  readonly #rows = new WeakMap<RowStatement, MergeShape | null>()

  /** `opening`: statements that every connection began with. */
  constructor(tables: RowTables, deferred: readonly string[] = [], opening: readonly string[] = []) {
    this.tables = tables
    this.deferred = deferred
    this.settings = ['reset session authorization', 'reset role', 'reset all', ...opening]
  }

  /** Checks every constraint now, and leaves them as they are when a transaction begins. */
  get checks(): readonly string[] {
    const again = this.deferred.length === 0 ? [] : [`set constraints ${this.deferred.join(', ')} deferred`]
    return ['set constraints all immediate', ...again]
  }

  of(query: CompiledQuery): KnownStatement {
    const found = this.#statements.get(query.sql)
    if (found !== undefined) return found
    const made = {
      controls: controlsTransaction(query.sql),
      copies: copiesIn(query.sql),
      defers: defersConstraints(query.sql),
      leaves: leavesOf(query.sql),
      insert: knownInsert(query, this.tables.infos),
    }
    if (this.#statements.size >= MAX_KNOWN) this.#statements.clear()
    this.#statements.set(query.sql, made)
    return made
  }

  row(statement: RowStatement): MergeShape | null {
    const found = this.#rows.get(statement)
    if (found !== undefined) return found
    const made = shapeOfRow(statement)
    this.#rows.set(statement, made)
    return made
  }
}

const DONE = Promise.resolve()
const NO_ROWS: never[] = []

/**
 * The handlers' side of a Postgres transaction. Writes whose result is known beforehand are answered at once
 * and sent behind the handler's back, merged with their like; everything else first sends what waits and
 * then waits for its own answer. Handlers still run one after another and read their own writes: it is
 * only errors that come late, and then the attempt is repeated `exact`, where nothing is done early.
 */
export class PostgresSide implements UserSide, DatabaseConnection {
  readonly tx: UserSide['tx']
  readonly rows: Record<string, RowWriter>
  readonly #wire: SideWire
  readonly #exact: boolean
  readonly #known: KnownStatements
  readonly #buffer: WriteBuffer
  #over = false
  /** Something may be checked later than when it is done. */
  #deferring: boolean
  /** Statements that take away what the event left behind. */
  readonly #undoing = new Set<string>()
  #failed: StatementFailure | null = null
  #outstanding = 0
  #settled: (() => void) | null = null

  constructor(wire: SideWire, parts: DialectParts, known: KnownStatements, exact: boolean) {
    this.#wire = wire
    this.#exact = exact
    this.#known = known
    this.#deferring = known.deferred.length > 0
    this.tx = boundKysely(this, parts)
    this.rows = known.tables.writers((statement, values) => this.#write(statement, values))
    const { copy } = wire
    this.#buffer = new WriteBuffer(known.fresh, {
      send: (text, values, fresh) => this.#behind(fresh, () => wire.send(text, values)),
      copy: copy && ((text, lines, fresh) => this.#behind(fresh, () => copy(text, lines))),
    })
  }

  failed(): StatementFailure | null {
    return this.#failed
  }

  async flush(): Promise<void> {
    this.#buffer.flush()
    await this.settled()
    if (this.#failed !== null) throw this.#failed.error
  }

  /**
   * In a transaction of its own the event would have met its deferred constraints here, not what later events make of them;
   * and its settings, temporary tables and cursors would have ended with it.
   */
  eventOver(): void {
    if (!this.#deferring && this.#undoing.size === 0) return
    this.#buffer.flush()
    const checks = this.#deferring ? this.#known.checks : []
    for (const text of [...checks, ...this.#undoing]) this.#behind(null, () => this.#wire.send(text, []))
    this.#undoing.clear()
  }

  #undoLater({ settings, temporary, cursors }: Leaves): void {
    if (cursors) this.#undoing.add('close all')
    if (settings) for (const text of this.#known.settings) this.#undoing.add(text)
    if (temporary) this.#undoing.add('discard temp')
  }

  end(): void {
    this.#over = true
    this.#buffer.clear()
  }

  /** When every statement sent has been answered. */
  settled(): Promise<void> {
    if (this.#outstanding === 0) return DONE
    return new Promise((resolve) => {
      const before = this.#settled
      this.#settled = () => {
        before?.()
        resolve()
      }
    })
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#over) throw transactionOver()
    const { controls, copies, defers, leaves, insert } = this.#known.of(query)
    if (controls) throw controlRefused(query.sql)
    if (copies) throw copyRefused(query.sql)
    this.#deferring ||= defers
    this.#undoLater(leaves)
    // The server would say no more than that the transaction is aborted.
    if (this.#failed !== null) throw wentOnAfter(this.#failed.error)
    const values = query.parameters.map(wireValue)
    if (!this.#exact) {
      if (insert !== null) {
        const { shape, repeats } = insert
        if (shape !== null && saysAgain(values, shape.columns, repeats)) {
          this.#buffer.add(shape, values.slice(0, shape.columns).map(kept))
        } else this.#buffer.alone(insert.table, query.sql, values.map(kept))
        return { rows: NO_ROWS, numAffectedRows: insert.rows }
      }
      this.#buffer.flush()
    }
    const { rows, count } = await this.#sent(() => this.#wire.send(query.sql, values))
    return { rows: rows as R[], ...(count === null ? {} : { numAffectedRows: BigInt(count) }) }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // A cursor would keep the connection from being pipelined; the rows come at once.
    const { rows } = await this.executeQuery<R>(query)
    for (const row of rows) yield { rows: [row] }
  }

  #write(statement: RowStatement, values: unknown[]): Promise<void> {
    if (this.#over) return Promise.reject(transactionOver())
    const row = toWire(statement, values)
    const { table, text } = statement
    if (this.#exact) {
      const done = this.#sent(() => this.#wire.send(text, row)).then(() => {})
      done.catch(() => {}) // `failed` has it; a handler that does not await must not end the process
      return done
    }
    const shape = this.#known.row(statement)
    if (shape === null || shape.plain?.(row) === false) this.#buffer.alone(table, text, row)
    else this.#buffer.add(shape, row)
    return DONE
  }

  /** A merged statement, which no handler waits for. */
  #behind(fresh: MergeShape | null, send: () => Promise<WireResult>): void {
    this.#sent(send, true).catch((error) => fresh && this.#known.fresh.failed(fresh, error))
  }

  async #sent(send: () => Promise<WireResult>, late = false): Promise<WireResult> {
    this.#outstanding++
    try {
      return await send()
    } catch (reason) {
      const error = explainSeveral(reason)
      this.#failed ??= { error, late }
      throw error
    } finally {
      if (--this.#outstanding === 0) {
        this.#settled?.()
        this.#settled = null
      }
    }
  }
}

/** Bytes are the handler's, who may use them again before they are sent: they are copied. */
const kept = (value: WireValue): WireValue => (Buffer.isBuffer(value) ? Buffer.from(value) : value)

/** Whether the parameters after the row's own repeat the values they would overwrite. */
function saysAgain(values: readonly WireValue[], columns: number, repeats: readonly number[]): boolean {
  return repeats.every((place, i) => values[place] === values[columns + i])
}

/** Turns the values into what the wire takes, in place: most are texts already. */
function toWire({ table, columns, keys }: RowStatement, values: unknown[]): WireValue[] {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'string') continue
    const type = table.columns.get(columns[i] ?? keys[i - columns.length] ?? '')
    values[i] = type === 'json' || type === 'jsonb' ? wireJson(value) : kept(wireValue(value))
  }
  return values as WireValue[]
}
