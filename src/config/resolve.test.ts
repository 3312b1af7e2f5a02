import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { full } from '../../test/support/full-config.ts'
import { UserError } from '../errors.ts'
import { readEnv } from './env.ts'
import { resolveConfig } from './resolve.ts'
import type { TapConfig } from './types.ts'

const root = '/project'
const context = { root, file: resolve('tap.config.ts') }

function problemsOf(input: unknown, env: Record<string, string> = {}): string[] {
  try {
    resolveConfig(input, { ...context, env: readEnv(env) })
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return (error as Error).message.split('\n').map((line) => line.trim())
  }
  return []
}

test('the defaults are complete and are these', () => {
  expect(resolveConfig({}, { root, file: null })).toMatchInlineSnapshot(`
    {
      "backfill": {
        "allowPrivateHosts": false,
        "bufferBytes": 134217728,
        "bufferFrames": 20000,
        "concurrency": 8,
        "leaseMs": 30000,
        "maxBytes": 4294967296,
        "perHost": 4,
        "resyncsPerMinute": 5,
        "retryMs": {
          "first": 60000,
          "longest": 3600000,
        },
        "stallMs": 300000,
        "thread": true,
      },
      "collections": null,
      "database": "sqlite:/project/.lextap/app.db",
      "databaseConnections": 8,
      "delivery": {
        "acks": true,
        "capacity": 100000,
        "concurrency": 16,
        "outboxOnly": false,
        "records": null,
        "retryTimeoutMs": 60000,
        "webhook": null,
        "webhookAttempts": 16,
        "webhookTimeoutMs": 30000,
      },
      "discovery": {
        "reconcileGraceMs": 60000,
        "reconcileMs": 86400000,
        "relistMs": 3600000,
      },
      "file": null,
      "generated": "/project/generated",
      "handlers": [
        "/project/src/handlers",
      ],
      "handling": {
        "attempts": 3,
        "timeoutMs": 30000,
      },
      "identity": {
        "cacheSize": 10000,
        "refreshMs": 10000,
        "ttlMs": 86400000,
      },
      "lexicons": "/project/lexicons",
      "log": {
        "format": "json",
        "level": "info",
      },
      "metrics": null,
      "migrations": null,
      "plc": "https://plc.directory",
      "policy": {
        "authority": "auto",
        "invalid": {
          "*": "dead-letter",
        },
        "legacy": "proven",
        "legacyBlobs": true,
      },
      "records": "keep",
      "relay": "wss://relay1.us-east.bsky.network",
      "root": "/project",
      "server": null,
      "source": {
        "kind": "relay",
      },
      "stream": {
        "concurrency": 512,
        "cursorIntervalMs": 1000,
        "maxQueued": 4096,
        "noReplay": false,
        "reconnectMs": {
          "first": 500,
          "longest": 30000,
        },
      },
      "track": {
        "dids": [],
        "full": false,
        "signal": [],
      },
      "upstream": {
        "lists": "https://relay1.us-east.bsky.network",
        "repos": null,
      },
    }
  `)
})

test('no option is lost on the way', () => {
  const resolved = resolveConfig(full, context)
  expect(resolved).toMatchObject({
    lexicons: '/project/lex',
    generated: '/project/gen',
    handlers: ['/project/a', '/project/b.ts'],
    migrations: '/project/m',
    database: full.database,
    databaseConnections: 3,
    track: { dids: full.track.dids, signal: ['app.bsky.*'], full: true },
    collections: ['*'],
    records: 'index',
    relay: 'wss://relay.example',
    plc: 'https://plc.example',
    upstream: full.upstream,
    stream: full.stream,
    identity: full.identity,
    discovery: full.discovery,
    policy: {
      legacy: 'reject',
      invalid: { '*': 'dead-letter', 'app.bsky.*': 'deliver' },
      legacyBlobs: false,
    },
    backfill: full.backfill,
    handling: full.handling,
    server: full.server,
    metrics: full.metrics,
    delivery: full.delivery,
    log: full.log,
  })
  expect(Object.keys(resolved).sort()).toEqual([...Object.keys(full), 'root', 'file'].sort())
})

test.each([
  ['sqlite:./a.db', 'sqlite:/project/a.db'],
  ['sqlite:a.db', 'sqlite:/project/a.db'],
  ['sqlite://./tap.db', 'sqlite:/project/tap.db'],
  ['sqlite:///var/tap.db', 'sqlite:/var/tap.db'],
  ['sqlite::memory:', 'sqlite::memory:'],
  ['pglite:./dir', 'pglite:/project/dir'],
  ['postgres://a:b@c/d', 'postgres://a:b@c/d'],
])('the database %s becomes %s', (database, expected) => {
  expect(resolveConfig({ database }, { root, file: null }).database).toBe(expected)
})

test('the relay gives the lists too unless told otherwise', () => {
  const config = resolveConfig({ relay: 'ws://127.0.0.1:2583/' }, { root, file: null })
  expect(config.relay).toBe('ws://127.0.0.1:2583')
  expect(config.upstream).toEqual({ lists: 'http://127.0.0.1:2583', repos: null })
})

test('one word for invalid records goes for all collections', () => {
  const config = resolveConfig({ policy: { invalid: 'skip' } }, { root, file: null })
  expect(config.policy.invalid).toEqual({ '*': 'skip' })
})

test.each([
  [{ first: 100_000 }, { first: 100_000, longest: 100_000 }],
  [{ first: 10 }, { first: 10, longest: 30_000 }],
  [{ longest: 10 }, { first: 10, longest: 10 }],
  [{ longest: 60_000 }, { first: 500, longest: 60_000 }],
  [
    { first: 7, longest: 7 },
    { first: 7, longest: 7 },
  ],
])('of the waits %j the one that is left out makes way for the other', (reconnectMs, expected) => {
  const config = resolveConfig({ stream: { reconnectMs } }, { root, file: null })
  expect(config.stream.reconnectMs).toEqual(expected)
})

test('a longest wait below the first one is refused', () => {
  const wrong = { first: 1000, longest: 10 }
  expect(problemsOf({ backfill: { retryMs: wrong }, stream: { reconnectMs: wrong } }).slice(1)).toEqual([
    'stream.reconnectMs.longest: 10 is not allowed; allowed: milliseconds, at least as many as `first`',
    'backfill.retryMs.longest: 10 is not allowed; allowed: milliseconds, at least as many as `first`',
  ])
})

test('every problem is told at once: option, value, what is allowed, the name that was meant', () => {
  const wrong = {
    records: 'kep',
    recrods: 'keep',
    relay: 'relay.example',
    concurrency: 5,
    database: 'mysql://me:secret@host/db',
    track: {
      dids: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz', 'alice.example'],
      signal: 'not an nsid',
      network: 'all',
    },
    collections: 'app.bsky.feed.post',
    backfill: { concurrency: 0, perhost: 3, maxBytes: 1.5 },
    policy: { invalid: { 'app.bsky.*': 'delivr', 'no nsid': 'skip' } },
    server: { port: 70_000, pasword: 'x' },
    metrics: 'yes',
    handlers: 7,
    log: { level: 'inof' },
  }
  expect(problemsOf(wrong)).toMatchInlineSnapshot(`
    [
      "19 problems in the config (tap.config.ts):",
      "handlers: 7 is not allowed; allowed: a path or a list of paths",
      "database: "mysql://me:***@host/db" is not allowed; allowed: sqlite:<file>, postgres://user@host/name or pglite:<folder>",
      "track.dids[1]: "alice.example" is not allowed; allowed: a list of DIDs such as did:plc:ewvi7nxzyoun6zhxrhs64oiz",
      "track.signal: "not an nsid" is not allowed; allowed: an NSID such as xyz.statusphere.status or a pattern such as xyz.statusphere.*, or a list of them",
      "track.network: "all" is not allowed; allowed: 'full'",
      "collections: "app.bsky.feed.post" is not allowed; allowed: a list: an NSID such as xyz.statusphere.status or a pattern such as xyz.statusphere.*, or * for all",
      "records: "kep" is not allowed; allowed: 'keep' or 'index'; did you mean "keep"?",
      "relay: "relay.example" is not allowed; allowed: a ws://, wss://, http:// or https:// URL",
      "policy.invalid["app.bsky.*"]: "delivr" is not allowed; allowed: 'dead-letter', 'deliver' or 'skip', or an object from NSIDs and patterns to those; did you mean "deliver"?",
      "policy.invalid: "no nsid" is not allowed as a key; allowed: 'dead-letter', 'deliver' or 'skip', or an object from NSIDs and patterns to those",
      "backfill.concurrency: 0 is not allowed; allowed: a whole number, 1 to 10000",
      "backfill.maxBytes: 1.5 is not allowed; allowed: bytes, a whole number, at least 1024",
      "backfill.perhost: there is no such option; did you mean "perHost"?",
      "server.port: 70000 is not allowed; allowed: a port, 0 to 65535 (0: any free one)",
      "server.pasword: there is no such option; did you mean "password"?",
      "metrics: "yes" is not allowed; allowed: false, or { port, host }",
      "log.level: "inof" is not allowed; allowed: 'trace', 'debug', 'info', 'warn', 'error' or 'silent'; did you mean "info"?",
      "recrods: there is no such option; did you mean "records"?",
      "concurrency: there is no such option; did you mean "stream.concurrency"?",
    ]
  `)
})

test('a config that is not an object is refused', () => {
  expect(problemsOf('hello')[1]).toBe('the config: "hello" is not allowed; allowed: an object')
})

test('the environment wins over the file, flags win over both', () => {
  const env = readEnv({
    TAP_RELAY_URL: 'https://env.example',
    TAP_COLLECTION_FILTERS: 'a.b.c, d.e.*',
    TAP_FULL_NETWORK: 'false',
  })
  const input: TapConfig = {
    relay: 'wss://file.example',
    track: { network: 'full', signal: 'a.b.c' },
    server: false,
  }
  const config = resolveConfig(input, { ...context, env, overrides: { relay: 'ws://flag.example' } })
  expect(config.relay).toBe('ws://flag.example')
  expect(config.collections).toEqual(['a.b.c', 'd.e.*'])
  expect(config.track).toEqual({ dids: [], signal: ['a.b.c'], full: false })
  expect(resolveConfig(input, { ...context, env }).relay).toBe('wss://env.example')
})

test('a wrong flag is refused like a wrong option', () => {
  const overrides = { database: 'oracle:x' }
  expect(() => resolveConfig({}, { ...context, overrides })).toThrow(/database: "oracle:x" is not allowed/)
})

test('the file is not changed by what is laid over it', () => {
  const input: TapConfig = { track: { signal: ['a.b.c'] }, server: { port: 1 } }
  resolveConfig(input, { ...context, env: readEnv({ TAP_BIND: ':5', TAP_SIGNAL_COLLECTION: 'x.y.z' }) })
  expect(input).toEqual({ track: { signal: ['a.b.c'] }, server: { port: 1 } })
})

test('a wrong value of the environment names the variable and the option, beside the problems of the file', () => {
  expect(
    problemsOf(
      { plc: 'x' },
      { TAP_RESYNC_PARALLELISM: '0', TAP_RELAY_URL: 'relay', TAP_DISABLE_ACKS: 'maybe' },
    ),
  ).toEqual([
    '4 problems in the config (tap.config.ts):',
    'plc: "x" is not allowed; allowed: an http:// or https:// URL',
    'TAP_DISABLE_ACKS: "maybe" is not allowed; allowed: true or false',
    'TAP_RELAY_URL: relay: "relay" is not allowed; allowed: a ws://, wss://, http:// or https:// URL',
    'TAP_RESYNC_PARALLELISM: backfill.concurrency: 0 is not allowed; allowed: a whole number, 1 to 10000',
  ])
})
