import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { type CompiledQuery, type DatabaseConnection, Kysely } from 'kysely'
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
import { postgresFault, statementFault } from '../postgres/faults.ts'
import { deferredConstraints, introspect } from '../postgres/introspect.ts'
import { words } from '../postgres/open.ts'
import { PostgresSession } from '../postgres/session.ts'
import { inTransaction } from '../postgres/transaction.ts'
import { KnownStatements } from '../postgres/user-side.ts'
import { wireValue } from '../postgres/values.ts'
import { explain } from './errors.ts'
import { PgliteKyselyDialect } from './kysely.ts'
import { PgliteWire } from './wire.ts'

/** `path` is a folder, or `:memory:`. PGlite is an optional peer: loaded here and nowhere else. */
export async function openPglite(path: string): Promise<Database> {
  try {
    const { PGlite } = await import('@electric-sql/pglite')
    if (path !== ':memory:') makeFolder(dirname(path))
    requireOwnFolder(path)
    const db = path === ':memory:' ? new PGlite() : new PGlite(path)
    await db.waitReady
    return new PgliteDatabase(path, db)
  } catch (error) {
    throw explain(error, path)
  }
}

/** Of a cluster, also one whose making was cut short, and what file systems and tools leave in any folder. */
const OWN = /^(?:\.|PG_VERSION$|base$|global$|pg_|postgresql\.|postmaster\.|lost\+found$)/

/** PGlite makes a database in whatever folder it is given. */
function requireOwnFolder(path: string): void {
  if (!isFolder(path)) return
  const names = readdirSync(path)
  const foreign = names.find((name) => !OWN.test(name))
  if (foreign === undefined || names.includes('PG_VERSION')) return
  throw new UserError(
    `the folder holds other files and no PGlite database: name a new or an empty one; folder=${path}; holds=${foreign}`,
    { code: 'database' },
  )
}

class PgliteDatabase implements Database {
  readonly dialect = 'pglite'
  readonly concurrency = 1
  readonly sql: SqlWords = words
  readonly kysely: Kysely<UserDatabase>
  readonly #db: PGlite
  readonly #wire: PgliteWire
  readonly #where: string
  readonly #turn = new Mutex()
  readonly #session: PostgresSession
  readonly #parts
  #known = new KnownStatements(new RowTables([], 'pglite'))

  constructor(where: string, db: PGlite) {
    this.#where = where
    this.#db = db
    this.#wire = new PgliteWire(db)
    this.#session = new PostgresSession((text, values) =>
      this.#turn.run(() => this.#wire.query(text, values, true)),
    )
    const connection = kyselyConnection(this.#wire)
    const dialect = new PgliteKyselyDialect(async () => ({ connection, release: await this.#turn.lock() }))
    this.#parts = dialectParts(dialect)
    this.kysely = new Kysely({ dialect })
  }

  get reader(): Session {
    return this.#session
  }

  all<T>(text: string, params?: readonly Param[]): Promise<T[]> {
    return this.#session.all<T>(text, params)
  }
  run(text: string, params?: readonly Param[]): Promise<number> {
    return this.#session.run(text, params)
  }
  insertMany(insert: BulkInsert, rows: Rows): Promise<void> {
    return this.#session.insertMany(insert, rows)
  }
  updateMany(update: BulkUpdate, rows: Rows): Promise<void> {
    return this.#session.updateMany(update, rows)
  }
  deleteMany(del: BulkDelete, rows: Rows): Promise<void> {
    return this.#session.deleteMany(del, rows)
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#turn.run(() => inTransaction(this.#wire, this.#parts, this.#known, fn))
  }

  faultOf(error: unknown): Fault | null {
    return postgresFault(error)
  }

  doubts(error: unknown): boolean {
    return statementFault(error)?.whole === false
  }

  explain(error: unknown): LextapError {
    return explain(error, this.#where)
  }

  async introspect(): Promise<readonly TableInfo[]> {
    const tables = await introspect(this.#session)
    const deferred = await deferredConstraints(this.#session)
    this.#known = new KnownStatements(new RowTables(tables, 'pglite'), deferred)
    return tables
  }

  async close(): Promise<void> {
    await this.#turn.run(() => this.#db.close())
  }
}

function kyselyConnection(wire: PgliteWire): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery) {
      const { rows, count } = await wire.query(query.sql, query.parameters.map(wireValue), false)
      return { rows: rows as R[], ...(count === null ? {} : { numAffectedRows: BigInt(count) }) }
    },
    async *streamQuery<R>(query: CompiledQuery) {
      const { rows } = await this.executeQuery<R>(query)
      for (const row of rows) yield { rows: [row] }
    },
  }
}
