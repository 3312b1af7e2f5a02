import { createServer } from 'node:http'
import { startPostgres, type TestServer } from './databases.ts'

/**
 * One PostgreSQL server for all the test files of a run, started when the first of them asks. They ask over HTTP: each
 * is a process of its own, and ends before the run does.
 */
export default async function setup(): Promise<() => Promise<void>> {
  let server: Promise<TestServer> | null = null
  const door = createServer(async (_request, response) => {
    server ??= startPostgres(['max_connections=200'])
    try {
      response.end((await server).url)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening))
  const address = door.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.env.LEXTAP_TEST_POSTGRES = `http://127.0.0.1:${port}/`
  return async () => {
    door.closeAllConnections()
    door.close()
    await (await server)?.stop()
  }
}
