import type { BulkDelete, BulkInsert, BulkUpdate, Param, Rows, Session } from '../../database.ts'
import { bulkParams, deleteText, insertText, updateText } from './bulk.ts'
import { copyRows, copyText } from './copy.ts'
import { arrayLiteral, wireValue } from './values.ts'
import type { Wire, WireResult, WireValue } from './wire.ts'

/** Rows of one bulk statement; beyond it the statement is repeated. Keeps parameters to a few megabytes. */
const MAX_ROWS = 2000

/**
 * Rows of one binary `copy`. The server gathers up to a thousand before it writes them, and finds the place of each
 * among those gathered by trying one after the other.
 */
const MAX_COPIED = 250

/** Our own statements over a wire. Everything may be sent without waiting for what was sent before. */
export class PostgresSession implements Session {
  readonly #send: Wire['query']
  readonly #copy: Wire['copy']

  constructor(send: Wire['query'], copy: Wire['copy'] = null) {
    this.#send = send
    this.#copy = copy
  }

  async all<T>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return (await this.#own(sql, params.map(paramValue))).rows as T[]
  }
  async run(sql: string, params: readonly Param[] = []): Promise<number> {
    return (await this.#own(sql, params.map(paramValue))).count ?? 0
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#many(insertText(insert), insert.columns, rows)
  }
  /** As `insertMany`, for rows of which none is there. */
  loadMany(insert: BulkInsert, rows: Rows): Promise<void> {
    const copy = this.#copy
    if (copy === null) return this.insertMany(insert, rows)
    const text = copyText(insert)
    return inPieces(rows, MAX_COPIED, (piece) => copy(text, copyRows(insert.columns, piece)))
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    return this.#many(updateText(update), { ...update.keys, ...update.columns }, rows)
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.#many(deleteText(del), del.keys, rows)
  }

  #many(text: string, columns: BulkInsert['columns'], rows: Rows): Promise<void> {
    return inPieces(rows, MAX_ROWS, (piece) => this.#own(text, bulkParams(columns, piece)))
  }

  #own(text: string, values: readonly WireValue[]): Promise<WireResult> {
    return this.#send(text, values, true)
  }
}

/** Everything is sent before this returns. */
async function inPieces(rows: Rows, size: number, send: (piece: Rows) => Promise<WireResult>): Promise<void> {
  const sent: Promise<WireResult>[] = []
  for (let i = 0; i < rows.length; i += size) sent.push(send(rows.slice(i, i + size)))
  await Promise.all(sent)
}

function paramValue(value: Param): WireValue {
  if (value === null) return null
  if (Array.isArray(value)) {
    const rows = value.map((item: string | number | null) => [wireValue(item)])
    return arrayLiteral(rows, 0)
  }
  return wireValue(value)
}
