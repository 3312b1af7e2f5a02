import { boundKysely, type DialectParts } from '../../bound-kysely.ts'
import type {
  BulkDelete,
  BulkInsert,
  BulkUpdate,
  Fault,
  Param,
  Rows,
  StatementFailure,
  Transaction,
  UserSide,
} from '../../database.ts'
import type { RowTables } from '../../rows.ts'
import { deleteText, insertText, SqliteConnection, type SqliteHandle, updateText } from './connection.ts'
import { sqliteFault } from './faults.ts'
import { sqliteRows } from './rows.ts'

/** An open transaction on the writer's connection. */
export class SqliteTransaction implements Transaction {
  fault: Fault | null = null
  /** Who holds the file's lock lets go of it, whichever statement asks. */
  readonly doubt = null
  readonly #handle: SqliteHandle
  readonly #parts: DialectParts
  readonly #tables: RowTables
  readonly #sides = new Set<UserSide>()

  constructor(handle: SqliteHandle, parts: DialectParts, tables: RowTables) {
    this.#handle = handle
    this.#parts = parts
    this.#tables = tables
  }

  async all<T>(sql: string, params: readonly Param[] = []): Promise<T[]> {
    return this.#watch(() => this.#handle.all<T>(sql, params))
  }
  async run(sql: string, params: readonly Param[] = []): Promise<number> {
    return this.#watch(() => this.#handle.run(sql, params))
  }
  async insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    this.#watch(() => this.#handle.many(insertText(insert), rows))
  }
  loadMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.insertMany(insert, rows)
  }
  async updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    this.#watch(() => this.#handle.many(updateText(update), rows))
  }
  async deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    this.#watch(() => this.#handle.many(deleteText(del), rows))
  }

  async savepoint(): Promise<void> {
    this.#handle.run('savepoint lextap', [])
  }
  async rollbackToSavepoint(): Promise<void> {
    if (!this.#handle.db.isTransaction) return // the fault rolled everything back; `fault` says so
    this.#handle.run('rollback to lextap', [])
    this.#handle.run('release lextap', [])
  }
  async releaseSavepoint(): Promise<void> {
    this.#handle.run('release lextap', [])
  }

  async checkDeferred(): Promise<void> {
    const broken = this.#handle.all<{ table: string; parent: string }>(
      'select "table", parent from pragma_foreign_key_check limit 1',
      [],
    )[0]
    if (broken !== undefined) {
      throw new Error(`foreign key constraint failed; table=${broken.table}; parent=${broken.parent}`)
    }
  }

  userSide(): UserSide {
    let failure: StatementFailure | null = null
    const failed = () => failure
    const onError = (error: unknown) => {
      failure ??= { error, late: false }
      this.fault ??= sqliteFault(error)
    }
    const connection = new SqliteConnection(this.#handle, { failed, onError })
    const rows = sqliteRows(this.#handle, this.#tables, onError)
    const side: UserSide = {
      tx: boundKysely(connection, this.#parts),
      rows: rows.writers,
      failed,
      flush: async () => {
        if (failure !== null) throw failure.error
      },
      // Looking for rows without their parent takes a walk through the whole table: that is left to the commit.
      eventOver: () => {
        if (connection.temporary) this.#handle.dropTemporary()
        connection.temporary = false
      },
      end: () => {
        connection.end()
        rows.end()
        this.#sides.delete(side)
      },
    }
    this.#sides.add(side)
    return side
  }

  end(): void {
    for (const side of this.#sides) side.end()
  }

  #watch<T>(fn: () => T): T {
    try {
      return fn()
    } catch (error) {
      this.fault ??= sqliteFault(error)
      throw error
    }
  }
}
