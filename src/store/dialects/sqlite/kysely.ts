import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** SQLite's schema changes are transactional, whatever Kysely's adapter says: a failed migration leaves nothing. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
  /** It has one connection, and the lease is what waits for it: Kysely's own lock would stay shut after a lease that fails. */
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** `lease` waits for the one connection and gives it back. */
export class SqliteKyselyDialect implements Dialect {
  readonly #lease: () => Promise<{ connection: DatabaseConnection; release: () => void }>

  constructor(lease: () => Promise<{ connection: DatabaseConnection; release: () => void }>) {
    this.#lease = lease
  }

  createDriver(): Driver {
    const releases = new Map<DatabaseConnection, () => void>()
    const run = (text: string) => async (connection: DatabaseConnection) => {
      await connection.executeQuery(CompiledQuery.raw(text))
    }
    return {
      init: async () => {},
      acquireConnection: async () => {
        const { connection, release } = await this.#lease()
        releases.set(connection, release)
        return connection
      },
      releaseConnection: async (connection) => {
        releases.get(connection)?.()
        releases.delete(connection)
      },
      beginTransaction: run('begin immediate'),
      commitTransaction: run('commit'),
      rollbackTransaction: run('rollback'),
      destroy: async () => {},
    }
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }
  createAdapter(): DialectAdapter {
    return new Adapter()
  }
  // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}
