import { afterAll, afterEach, describe } from 'vitest'
import { DIALECTS, stopDatabases, type TestDatabase, type TestDialect } from './databases.ts'
import { type RunningTap, type RunTapOptions, runTap } from './run-tap.ts'

/** What the tests of one database work with. */
export interface OnDatabase {
  readonly name: TestDialect['name']
  /** The URL of an empty database; it goes with the test. */
  fresh(): Promise<string>
  /** A tap on a database of its own unless one is named. */
  runTap(options: RunTapOptions): Promise<RunningTap>
}

/** Defines the same tests for SQLite, PGlite and a real PostgreSQL server. */
export function onEachDatabase(define: (on: OnDatabase) => void): void {
  afterAll(stopDatabases)
  describe.each(DIALECTS)('on $name', (dialect) => {
    const made: TestDatabase[] = []
    afterEach(async () => {
      for (const database of made.splice(0)) await database[Symbol.asyncDispose]()
    })
    const fresh = async () => {
      const database = await dialect.fresh()
      made.push(database)
      return database.url
    }
    const run = async (options: RunTapOptions) =>
      runTap({ ...options, database: options.database ?? (await fresh()) })
    define({ name: dialect.name, fresh, runTap: run })
  })
}
