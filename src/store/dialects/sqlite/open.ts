import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import { type LextapError, UserError } from '../../../errors.ts'
import { dialectParts } from '../../bound-kysely.ts'
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
} from '../../database.ts'
import { isFolder, makeFolder } from '../../folder.ts'
import { Mutex } from '../../mutex.ts'
import { RowTables } from '../../rows.ts'
import type { TableInfo } from '../../tables.ts'
import type { UserDatabase } from '../../types.ts'
import { Checkpointer } from './checkpointer.ts'
import { deleteText, insertText, SqliteConnection, SqliteHandle, updateText } from './connection.ts'
import { explain } from './errors.ts'
import { sqliteFault } from './faults.ts'
import { introspect } from './introspect.ts'
import { SqliteKyselyDialect } from './kysely.ts'
import { SqliteTransaction } from './transaction.ts'
import { BLOCKING_MS, BUSY_MS, whenFree } from './when-free.ts'

const words: Omit<SqlWords, 'joined'> = {
  anyOf: (column, n) => `${column} in (select value from json_each($${n}))`,
  listOf: (n) => `json_each($${n})`,
  forUpdate: '',
  forShare: '',
  forUpdateSkipLocked: '',
  types: {
    // Never used twice: what is still under way for a repo that went must not reach the one that comes next.
    id: 'integer primary key autoincrement',
    serial: 'integer primary key autoincrement',
    int: 'integer',
    big: 'integer',
    bytes: 'blob',
    ascii: 'text',
  },
}

const CACHE_KIB = 16_384

const PAGE_BYTES = 8192

/** Pages in the write-ahead log after which the writer itself carries them over. */
const LOG_PAGES = { alone: 1000, helped: 8000 } as const

export interface SqliteOptions {
  readonly readOnly: boolean
}

/** `path` is a file, or `:memory:`. */
export async function openSqlite(path: string, options: SqliteOptions): Promise<Database> {
  const memory = path === ':memory:'
  try {
    if (!memory && !options.readOnly) makeFolder(dirname(path))
    const writer = connect(path, options)
    // A reader of its own sees committed data while a batch is open; a memory database has one connection only.
    const reader = memory ? writer : connect(path, { readOnly: true })
    // Whoever wants to write waits without holding up everybody else; readers never wait for a writer.
    writer.db.exec(`pragma busy_timeout = ${BLOCKING_MS}`)
    return new SqliteDatabase(path, writer, reader)
  } catch (error) {
    // What SQLite says of a folder depends on how it is opened.
    if (!memory && isFolder(path)) {
      const options = { code: 'database', cause: error }
      throw new UserError(`a folder stands where the database file should be; file=${path}`, options)
    }
    throw explain(error, path)
  }
}

function connect(path: string, { readOnly }: SqliteOptions): SqliteHandle {
  const db = new DatabaseSync(path, { readOnly, timeout: BUSY_MS })
  try {
    if (!readOnly) {
      // Before anything is written, or it stays as it is. A quarter less work per record than with pages of 4 KiB.
      db.exec(`pragma page_size = ${PAGE_BYTES}`)
      db.exec('pragma journal_mode = wal')
      db.exec('pragma synchronous = normal')
      // The pages of a large batch must fit: what does not goes to the log early, and again when it changes.
      db.exec(`pragma cache_size = -${CACHE_KIB}`)
    }
    db.exec('pragma temp_store = memory')
    // The first real read of the file: says now whether this is a database at all.
    db.prepare('select count(*) from sqlite_schema').get()
  } catch (error) {
    db.close()
    throw error
  }
  return new SqliteHandle(db)
}

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly concurrency = 1
  readonly sql: SqlWords
  readonly kysely: Kysely<UserDatabase>
  readonly reader: Session
  readonly #writer: SqliteHandle
  readonly #readHandle: SqliteHandle
  readonly #where: string
  readonly #turn = new Mutex()
  readonly #checkpointer: Checkpointer | null
  readonly #parts
  #tables = new RowTables([], 'sqlite')

  constructor(where: string, writer: SqliteHandle, reader: SqliteHandle) {
    this.#where = where
    this.sql = { ...words, joined: joinedIn(writer) }
    this.#writer = writer
    this.#readHandle = reader
    this.#checkpointer =
      writer === reader
        ? null
        : new Checkpointer(
            where,
            () => writer.written,
            (working) => {
              if (writer.db.isOpen) {
                writer.db.exec(`pragma wal_autocheckpoint = ${working ? LOG_PAGES.helped : LOG_PAGES.alone}`)
              }
            },
          )
    this.reader = writer === reader ? this : immediate(reader)
    const dialect = new SqliteKyselyDialect(async () => ({
      release: await this.#turn.lock(),
      connection: new SqliteConnection(writer, null),
    }))
    this.#parts = dialectParts(dialect)
    this.kysely = new Kysely({ dialect })
  }

  all<T>(text: string, params: readonly Param[] = []): Promise<T[]> {
    return this.#turn.run(() => whenFree(this.#writer.db, () => this.#writer.all<T>(text, params)))
  }
  run(text: string, params: readonly Param[] = []): Promise<number> {
    return this.#turn.run(async () => {
      const count = await whenFree(this.#writer.db, () => this.#writer.run(text, params))
      this.#checkpointer?.committed()
      return count
    })
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.transaction((tx) => tx.insertMany(insert, rows))
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    return this.transaction((tx) => tx.updateMany(update, rows))
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.transaction((tx) => tx.deleteMany(del, rows))
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#turn.run(async () => {
      await whenFree(this.#writer.db, () => this.#writer.run('begin immediate', []))
      const tx = new SqliteTransaction(this.#writer, this.#parts, this.#tables)
      try {
        const result = await fn(tx)
        tx.end()
        await whenFree(this.#writer.db, () => this.#writer.run('commit', []))
        this.#checkpointer?.committed()
        return result
      } catch (error) {
        tx.end()
        // Some errors (disk full, I/O) have rolled the transaction back already.
        if (this.#writer.db.isTransaction) this.#writer.run('rollback', [])
        throw error
      }
    })
  }

  faultOf(error: unknown): Fault | null {
    return sqliteFault(error)
  }

  /** Who holds the file's lock lets go of it. */
  doubts(): boolean {
    return false
  }

  explain(error: unknown): LextapError {
    return explain(error, this.#where)
  }

  async introspect(): Promise<readonly TableInfo[]> {
    const tables = await this.#turn.run(() => introspect(this.#writer))
    this.#tables = new RowTables(tables, 'sqlite')
    return tables
  }

  async close(): Promise<void> {
    await this.#turn.run(async () => {
      await this.#checkpointer?.close()
      this.#readHandle.close()
      this.#writer.close()
    })
  }
}

/** Joined bytes are text for a moment, and in UTF-16 that has an even number of them. */
function joinedIn(handle: SqliteHandle): SqlWords['joined'] {
  const [database] = handle.all<{ encoding: string }>('pragma encoding', [])
  return database?.encoding === 'UTF-8'
    ? (first, second) => `cast(${first} || ${second} as blob)`
    : (first, second) => `unhex(hex(${first}) || hex(${second}))`
}

function immediate(handle: SqliteHandle): Session {
  return {
    all: async (text, params = []) => handle.all(text, params),
    run: async (text, params = []) => handle.run(text, params),
    insertMany: async (insert, rows) => handle.many(insertText(insert), rows),
    updateMany: async (update, rows) => handle.many(updateText(update), rows),
    deleteMany: async (del, rows) => handle.many(deleteText(del), rows),
  }
}
