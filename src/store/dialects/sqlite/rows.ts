import type { SQLInputValue } from 'node:sqlite'
import { transactionOver } from '../../bound-kysely.ts'
import type { RowTables } from '../../rows.ts'
import type { RowWriter } from '../../types.ts'
import { type SqliteHandle, silently, sqliteValue } from './connection.ts'

export interface SideRows {
  readonly writers: Record<string, RowWriter>
  end(): void
}

const DONE = Promise.resolve()

/**
 * Row writers on SQLite run each statement at once: it is prepared, in process and cheaper than buffering
 * it (measured), so order and read-your-writes are exact by nature.
 */
export function sqliteRows(
  handle: SqliteHandle,
  tables: RowTables,
  onError: (error: unknown) => void,
): SideRows {
  let over = false
  const fail = (error: unknown): Promise<never> => {
    onError(error)
    const rejected = Promise.reject(error)
    rejected.catch(() => {}) // the attempt reports it; a handler that does not await must not end the process
    return rejected
  }
  const writers = tables.writers((statement, values) => {
    if (over) return Promise.reject(transactionOver())
    try {
      for (let i = 0; i < values.length; i++) {
        const type = typeof values[i]
        if (type !== 'string' && type !== 'number') values[i] = sqliteValue(values[i])
      }
      silently(handle.prepare(statement.text).statement, values as SQLInputValue[])
      return DONE
    } catch (error) {
      return fail(error)
    }
  })
  return {
    writers,
    end() {
      over = true
    },
  }
}
