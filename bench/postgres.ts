import pg from 'pg'
import { startPostgres, type TestServer } from '../test/support/databases.ts'

const FLAGS = ['fsync=on', 'shared_buffers=512MB', 'max_wal_size=4GB', 'min_wal_size=2GB']
const TWO_GIGABYTES = `insert into worn
  select bytes from (select convert_to(repeat('x', 1000000), 'UTF8') as bytes) as b, generate_series(1, 2000)`

/**
 * A PostgreSQL server from npm, durable as it comes: only its memory is that of a small machine. It has run for a while:
 * its log goes into files that are there already, which a server that was only just born has to make first.
 */
export async function benchServer(): Promise<TestServer> {
  const server = await startPostgres(FLAGS)
  await run(server.url, [
    'create table worn (bytes bytea)',
    'alter table worn alter bytes set storage external',
    TWO_GIGABYTES,
    'drop table worn',
  ])
  const create = async () => {
    // The files of what was measured before can be written over.
    await run(server.url, ['checkpoint'])
    return server.create()
  }
  return { ...server, create }
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}
