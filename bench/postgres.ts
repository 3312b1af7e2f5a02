import pg from 'pg'
import { startPostgres, type TestServer } from '../test/support/databases.ts'

/**
 * A PostgreSQL server from npm, durable as it comes: only its memory is that of a small machine. It has run for a while:
 * its log goes into files that are there already, which a server that was only just born has to make first.
 */
export async function benchServer(): Promise<TestServer> {
  const server = await startPostgres([
    'fsync=on',
    'shared_buffers=512MB',
    'max_wal_size=4GB',
    'min_wal_size=2GB',
  ])
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query('create table worn (bytes bytea)')
  await client.query('alter table worn alter bytes set storage external')
  const twoGigabytes =
    'insert into worn select bytes from (select convert_to(repeat($1, 1000000), $2) as bytes) b, generate_series(1, 2000)'
  await client.query(twoGigabytes, ['x', 'UTF8'])
  await client.query('drop table worn')
  await client.query('checkpoint')
  await client.end()
  return server
}
