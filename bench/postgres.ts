import { startPostgres, type TestServer } from '../test/support/databases.ts'

/** A PostgreSQL server from npm, durable as it comes: only its memory is that of a small machine. */
export const benchServer = (): Promise<TestServer> =>
  startPostgres(['fsync=on', 'shared_buffers=512MB', 'max_wal_size=4GB'])
