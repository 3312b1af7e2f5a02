import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely'
import { transactionOver, wentOnAfter } from '../../bound-kysely.ts'
import type { BulkDelete, BulkInsert, BulkUpdate, Param, StatementFailure } from '../../database.ts'
import { controlRefused, controlsTransaction, leavesOf, severalStatements } from '../../statement-words.ts'
import { whenFree } from './when-free.ts'

/** Statements kept ready; preparing one costs four times what running it does. */
const MAX_STATEMENTS = 1000

interface Reading {
  readonly statement: StatementSync
  /** What its rows hold when they come as arrays, see `toRow`; null when they come as objects. Empty when it returns none. */
  readonly columns: readonly string[] | null
}

export interface Prepared extends Reading {
  /** Whether it would begin or end a transaction. */
  readonly controls: boolean
  /** It may make a temporary table. */
  readonly temporary: boolean
}

/** One `node:sqlite` connection with its prepared statements. Everything here is synchronous. */
export class SqliteHandle {
  readonly db: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()
  readonly #own = new Map<string, Prepared>()

  constructor(db: DatabaseSync) {
    this.db = db
  }

  /** A statement as the user wrote it. */
  prepare(sql: string): Prepared {
    let found = this.#prepared.get(sql)
    if (found === undefined) {
      found = this.fresh(sql)
      if (this.#prepared.size >= MAX_STATEMENTS) {
        const oldest = this.#prepared.keys().next().value
        if (oldest !== undefined) this.#prepared.delete(oldest)
      }
      this.#prepared.set(sql, found)
    }
    return found
  }

  /** One of our own, with `$n` parameters. Those are few, and never evicted. */
  own(sql: string): Prepared {
    let found = this.#own.get(sql)
    if (found === undefined) {
      found = this.fresh(sql.replace(/\$(\d+)/g, '?$1'))
      this.#own.set(sql, found)
    }
    return found
  }

  all<T>(sql: string, params: readonly Param[]): T[] {
    return rowsOf<T>(this.own(sql), bindAll(params))
  }

  run(sql: string, params: readonly Param[]): number {
    const { statement, columns } = this.own(sql)
    if (columns?.length !== 0) return statement.all(...bindAll(params)).length
    return Number(statement.run(...bindAll(params)).changes)
  }

  /** Runs one of our own statements, which returns no rows, for each row. */
  many(sql: string, rows: readonly (readonly Param[])[]): void {
    if (rows.length === 0) return
    const { statement } = this.own(sql)
    for (const row of rows) silently(statement, row as SQLInputValue[])
  }

  /** Rows written since the connection was opened. */
  get written(): number {
    return this.all<{ rows: number }>('select total_changes() as rows', [])[0]?.rows ?? 0
  }

  /** A statement that nobody else uses. */
  fresh(sql: string): Prepared {
    const statement = this.db.prepare(sql)
    requireOne(sql, statement)
    return { ...reading(statement), controls: controlsTransaction(sql), temporary: leavesOf(sql).temporary }
  }

  /** Takes away what only this connection sees. */
  dropTemporary(): void {
    const text =
      "select type, name from sqlite_temp_schema where type in ('table', 'view') and name not like 'sqlite_%'"
    for (const { type, name } of this.all<{ type: string; name: string }>(text, []))
      this.db.exec(`drop ${type} if exists temp."${name.replaceAll('"', '""')}"`)
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }
}

/**
 * Runs a statement that returns no rows, for its effect alone. `run` would make an object of the number of changes,
 * a twelfth of what an upsert costs (measured); the first step of such a statement is its last.
 */
export function silently(statement: StatementSync, params: readonly SQLInputValue[]): void {
  statement.get(...params)
}

/** Of a `*` other columns may come once the schema has changed; every other text names its own. */
function reading(statement: StatementSync): Reading {
  const columns = statement.columns().map(({ name }) => name)
  const named = !statement.sourceSQL.includes('*') && !columns.includes('__proto__')
  statement.setReturnArrays(named)
  return { statement, columns: named || columns.length === 0 ? columns : null }
}

const rowsOf = <R>({ statement, columns }: Reading, params: readonly SQLInputValue[]): R[] =>
  statement.all(...params).map((row) => toRow<R>(columns, row))

/**
 * Objects that `node:sqlite` makes have a hidden class of their own each: 72 bytes of V8's old space, which only a full
 * collection frees. Reading a million DIDs left 70 MB.
 */
function toRow<R>(columns: Reading['columns'], values: object): R {
  if (columns === null) return { ...values } as R
  const row: Record<string, unknown> = {}
  for (let i = 0; i < columns.length; i++) row[columns[i] as string] = (values as unknown[])[i]
  return row as R
}

const NOTHING = /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*$/

/** SQLite prepares the first statement of a text and forgets the rest without a word. */
function requireOne(sql: string, statement: StatementSync): void {
  const rest = sql.slice(statement.sourceSQL.length)
  if (NOTHING.test(rest)) return
  throw severalStatements({ rest })
}

type Bulk = BulkInsert | BulkUpdate | BulkDelete
const texts = new WeakMap<Bulk, string>()

function memo<B extends Bulk>(make: (bulk: B) => string): (bulk: B) => string {
  return (bulk) => {
    const found = texts.get(bulk)
    if (found !== undefined) return found
    const text = make(bulk)
    texts.set(bulk, text)
    return text
  }
}

const equals = (names: readonly string[], glue: string, from = 1) =>
  names.map((name, i) => `${name} = $${from + i}`).join(glue)

export const insertText: (bulk: BulkInsert) => string = memo(({ table, columns, conflict }) => {
  const names = Object.keys(columns)
  return `insert into ${table} (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) ${conflict}`
})

export const updateText: (bulk: BulkUpdate) => string = memo(({ table, keys, columns }) => {
  const names = Object.keys(keys)
  return `update ${table} set ${equals(Object.keys(columns), ', ', names.length + 1)} where ${equals(names, ' and ')}`
})

export const deleteText: (bulk: BulkDelete) => string = memo(
  ({ table, keys }) => `delete from ${table} where ${equals(Object.keys(keys), ' and ')}`,
)

function bindAll(params: readonly Param[]): SQLInputValue[] {
  return params.map((value) => (Array.isArray(value) ? JSON.stringify(value) : (value as SQLInputValue)))
}

/** Values as SQLite knows them: booleans are 0 and 1, dates ISO text, objects JSON. */
export function sqliteValue(value: unknown): SQLInputValue {
  if (value === null || value === undefined) return null
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'object':
      if (ArrayBuffer.isView(value)) return value as NodeJS.ArrayBufferView
      if (value instanceof Date) return value.toISOString()
      return JSON.stringify(value)
    default:
      throw new TypeError(`a ${typeof value} cannot be stored`)
  }
}

/** Told of the errors of statements, in a transaction of the handlers'. */
export interface StatementWatch {
  failed(): StatementFailure | null
  onError(error: unknown): void
}

/** Kysely's way to a handle; `watch` only inside a transaction of the handlers'. */
export class SqliteConnection implements DatabaseConnection {
  readonly #handle: SqliteHandle
  readonly #watch: StatementWatch | null
  #over = false
  /** Temporary tables may be there. */
  temporary = false

  constructor(handle: SqliteHandle, watch: StatementWatch | null) {
    this.#handle = handle
    this.#watch = watch
  }

  end(): void {
    this.#over = true
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#requireUsable()
    const params = query.parameters.map(sqliteValue)
    // Inside our transaction the file is ours.
    return this.#watch === null
      ? await whenFree(this.#handle.db, () => this.#execute(query, params))
      : this.#watched(query.sql, () => this.#execute(query, params))
  }

  #requireUsable(): void {
    if (this.#over) throw transactionOver()
    const failed = this.#watch?.failed() ?? null
    if (failed !== null) throw wentOnAfter(failed.error)
  }

  /** SQLite calls ways to begin a transaction that it does not know a syntax error; the answer is the same. */
  #watched<T>(sql: string, run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (this.#watch !== null && controlsTransaction(sql)) throw controlRefused(sql)
      this.#watch?.onError(error)
      throw error
    }
  }

  #usable(prepared: Prepared): Prepared {
    if (prepared.controls && this.#watch !== null) throw controlRefused(prepared.statement.sourceSQL)
    this.temporary ||= prepared.temporary
    return prepared
  }

  #execute<R>(query: CompiledQuery, params: readonly SQLInputValue[]): QueryResult<R> {
    const prepared = this.#usable(this.#handle.prepare(query.sql))
    if (prepared.columns?.length !== 0) return { rows: rowsOf<R>(prepared, params) }
    const { changes, lastInsertRowid } = prepared.statement.run(...params)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    this.#requireUsable()
    const params = query.parameters.map(sqliteValue)
    // A statement of its own: an iterator that is still open must not be reset by the same text elsewhere.
    const { statement, columns } = this.#watched(query.sql, () => this.#usable(this.#handle.fresh(query.sql)))
    const rows = this.#watched(query.sql, () => statement.iterate(...params))
    try {
      for (;;) {
        const next = this.#watched(query.sql, () => rows.next())
        if (next.done === true) return
        yield { rows: [toRow<R>(columns, next.value)] }
        if (this.#over) throw transactionOver()
      }
    } finally {
      rows.return?.()
    }
  }
}
