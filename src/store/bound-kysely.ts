import {
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type KyselyPlugin,
  type QueryCompiler,
  type QueryExecutor,
  type QueryId,
  type QueryResult,
  type RootOperationNode,
  Transaction,
} from 'kysely'
import { UserError } from '../errors.ts'
import { InsertCompiler } from './insert-compiler.ts'
import type { UserDatabase } from './types.ts'

/** What of Kysely's options for a statement counts here; 0.28 gives none. */
interface Abortable {
  readonly signal?: AbortSignal | undefined
}

/**
 * Kysely bound to one connection that is already inside a transaction. Kysely's own `Transaction` goes
 * through a connection provider with four promises to a query and, in some versions, a mutex that
 * wakes every waiter; this executor goes straight to the connection.
 */
export class BoundExecutor implements QueryExecutor {
  readonly plugins: readonly KyselyPlugin[]
  readonly #connection: DatabaseConnection
  readonly #compiler: QueryCompiler
  readonly #adapter: DialectAdapter

  constructor(connection: DatabaseConnection, dialect: DialectParts, plugins: readonly KyselyPlugin[] = []) {
    this.#connection = connection
    this.#compiler = dialect.compiler
    this.#adapter = dialect.adapter
    this.#parts = dialect
    this.plugins = plugins
  }
  readonly #parts: DialectParts

  get adapter(): DialectAdapter {
    return this.#adapter
  }

  transformQuery<T extends RootOperationNode>(node: T, queryId: QueryId): T {
    let now: RootOperationNode = node
    for (const plugin of this.plugins) now = plugin.transformQuery({ node: now, queryId })
    return now as T
  }

  compileQuery<R = unknown>(node: RootOperationNode, queryId: QueryId): CompiledQuery<R> {
    return this.#compiler.compileQuery(node, queryId) as CompiledQuery<R>
  }

  /** A signal keeps a statement from being sent; one that was sent is waited for, as the transaction needs its outcome. */
  executeQuery<R>(query: CompiledQuery<R>, options?: Abortable): Promise<QueryResult<R>> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason)
    const result = this.#connection.executeQuery<R>(query)
    return this.plugins.length === 0 ? result : this.#transformed(result, query.queryId)
  }

  async #transformed<R>(result: Promise<QueryResult<R>>, queryId: QueryId): Promise<QueryResult<R>> {
    let now: QueryResult<unknown> = await result
    for (const plugin of this.plugins) {
      now = (await plugin.transformResult({
        result: now as QueryResult<never>,
        queryId,
      })) as QueryResult<unknown>
    }
    return now as QueryResult<R>
  }

  async *stream<R>(
    query: CompiledQuery<R>,
    chunkSize: number,
    options?: Abortable,
  ): AsyncIterableIterator<QueryResult<R>> {
    for await (const rows of this.#connection.streamQuery<R>(query, chunkSize)) {
      options?.signal?.throwIfAborted()
      yield rows
    }
  }

  provideConnection<T>(consumer: (connection: DatabaseConnection) => Promise<T>): Promise<T> {
    return consumer(this.#connection)
  }

  withPlugins(plugins: readonly KyselyPlugin[]): QueryExecutor {
    return new BoundExecutor(this.#connection, this.#parts, [...this.plugins, ...plugins])
  }
  withPlugin(plugin: KyselyPlugin): QueryExecutor {
    return this.withPlugins([plugin])
  }
  withPluginAtFront(plugin: KyselyPlugin): QueryExecutor {
    return new BoundExecutor(this.#connection, this.#parts, [plugin, ...this.plugins])
  }
  withoutPlugins(): QueryExecutor {
    return new BoundExecutor(this.#connection, this.#parts)
  }
  withConnectionProvider(_provider: ConnectionProvider): QueryExecutor {
    throw new UserError('this Kysely instance is bound to an open transaction and cannot leave it')
  }
}

/** The parts of a dialect that hold no connection; one set serves every transaction. */
export interface DialectParts {
  readonly dialect: Dialect
  readonly compiler: QueryCompiler
  readonly adapter: DialectAdapter
  readonly driver: Driver
}

export function dialectParts(dialect: Dialect): DialectParts {
  return {
    dialect,
    compiler: new InsertCompiler(dialect.createQueryCompiler()),
    adapter: dialect.createAdapter(),
    driver: nestingRefused,
  }
}

const nested = async (): Promise<never> => {
  throw new UserError('handlers run inside a transaction already; use `tx` itself')
}

/** Kysely 0.28 asks the driver, only for `startTransaction()` on a bound instance; 0.29 refuses that by itself. */
const nestingRefused: Driver = {
  init: async () => {},
  acquireConnection: nested,
  beginTransaction: nested,
  commitTransaction: nested,
  rollbackTransaction: nested,
  releaseConnection: async () => {},
  destroy: async () => {},
}

/** `transaction()` and `startTransaction()` on the result throw: it is inside one. */
export function boundKysely(connection: DatabaseConnection, parts: DialectParts): Transaction<UserDatabase> {
  return new Transaction<UserDatabase>({
    config: { dialect: parts.dialect },
    dialect: parts.dialect,
    driver: parts.driver,
    executor: new BoundExecutor(connection, parts),
  })
}

/**
 * The error of a handler whose statement failed and that went on, whether it caught the error or did not await the
 * statement. Postgres refuses everything after such a failure; the other databases do as it does.
 */
export function wentOnAfter(error: unknown): UserError {
  const what = error instanceof Error ? error.message : String(error)
  return new UserError(
    `an earlier statement of this handler failed, and a transaction cannot go on after that: ${what}; let the error through, or write the statement so that it cannot fail (\`onConflict\`, \`rows.<table>.upsert\`)`,
    { code: 'statement-failed', cause: error },
  )
}

/** The error of whoever uses a transaction after its end. */
export function transactionOver(): UserError {
  return new UserError(
    'this transaction is over: the handler kept `tx` or `rows` after it returned or timed out; await every query',
    { code: 'transaction-over' },
  )
}
