import type { BulkDelete, BulkInsert, BulkUpdate, Param, Rows, Session } from '../../database.ts'
import { deleteText, insertText, updateText } from './bulk.ts'
import { arrayLiteral, wireValue } from './values.ts'
import type { Wire, WireResult, WireValue } from './wire.ts'

/** Rows of one bulk statement; beyond it the statement is repeated. Keeps parameters to a few megabytes. */
const MAX_ROWS = 2000

/** Our own statements over a wire. Everything may be sent without waiting for what was sent before. */
export class PostgresSession implements Session {
  readonly #send: Wire['query']

  constructor(send: Wire['query']) {
    this.#send = send
  }

  async all<T>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return (await this.#own(sql, params.map(paramValue))).rows as T[]
  }
  async run(sql: string, params: readonly Param[] = []): Promise<number> {
    return (await this.#own(sql, params.map(paramValue))).count ?? 0
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#many(insertText(insert), rows, Object.keys(insert.columns).length)
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    const columns = Object.keys(update.keys).length + Object.keys(update.columns).length
    return this.#many(updateText(update), rows, columns)
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.#many(deleteText(del), rows, Object.keys(del.keys).length)
  }

  async #many(text: string, rows: Rows, columns: number): Promise<void> {
    const sent: Promise<WireResult>[] = []
    for (let i = 0; i < rows.length; i += MAX_ROWS) {
      const part = rows.slice(i, i + MAX_ROWS).map((row) => row.map(paramValue))
      const arrays = Array.from({ length: columns }, (_, column) => arrayLiteral(part, column))
      sent.push(this.#own(text, arrays))
    }
    await Promise.all(sent)
  }

  #own(text: string, values: readonly WireValue[]): Promise<WireResult> {
    return this.#send(text, values, true)
  }
}

function paramValue(value: Param): WireValue {
  if (value === null) return null
  if (Array.isArray(value)) {
    const rows = value.map((item: string | number | null) => [wireValue(item)])
    return arrayLiteral(rows, 0)
  }
  return wireValue(value)
}
