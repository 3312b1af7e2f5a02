import {
  CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
} from 'kysely'

type Lease = () => Promise<{ connection: DatabaseConnection; release: () => void }>

/** Kysely on PGlite's only connection; `lease` waits for it. */
export class PgliteKyselyDialect implements Dialect {
  readonly #lease: Lease

  constructor(lease: Lease) {
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
      beginTransaction: run('begin'),
      commitTransaction: run('commit'),
      rollbackTransaction: run('rollback'),
      destroy: async () => {},
    }
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler()
  }
  createAdapter(): DialectAdapter {
    return new PostgresAdapter()
  }
  // biome-ignore lint/suspicious/noExplicitAny: Kysely's own signature
  createIntrospector(db: Kysely<any>): DatabaseIntrospector {
    return new PostgresIntrospector(db)
  }
}
