import { expect, test } from 'vitest'
import { readEnv } from './env.ts'
import { ENV_NAMES } from './env-names.ts'
import { resolveConfig } from './resolve.ts'
import { listOptions } from './schema.ts'

const resolved = (env: Record<string, string>) =>
  resolveConfig({}, { root: '/project', file: null, env: readEnv(env) })

test('every option a variable sets exists', () => {
  const known = listOptions().map((o) => o.path)
  expect(ENV_NAMES.flatMap((e) => e.options).filter((o) => !known.includes(o))).toEqual([])
})

test('every name of the README of Tap is taken, with the values it documents', () => {
  const config = resolved({
    TAP_DATABASE_URL: 'sqlite://./tap.db',
    TAP_MAX_DB_CONNS: '32',
    TAP_BIND: ':2480',
    TAP_PLC_URL: 'https://plc.directory',
    TAP_RELAY_URL: 'https://relay1.us-east.bsky.network',
    TAP_FIREHOSE_PARALLELISM: '10',
    TAP_RESYNC_PARALLELISM: '5',
    TAP_OUTBOX_PARALLELISM: '1',
    TAP_CURSOR_SAVE_INTERVAL: '1s',
    TAP_REPO_FETCH_TIMEOUT: '300s',
    TAP_IDENT_CACHE_SIZE: '2000000',
    TAP_OUTBOX_CAPACITY: '100000',
    TAP_FULL_NETWORK: 'false',
    TAP_SIGNAL_COLLECTION: 'app.bsky.actor.profile',
    TAP_COLLECTION_FILTERS: 'app.bsky.feed.post,app.bsky.graph.*',
    TAP_DISABLE_ACKS: 'true',
    TAP_WEBHOOK_URL: 'http://localhost:3000/hook',
    TAP_OUTBOX_ONLY: 'false',
    TAP_ADMIN_PASSWORD: 'pw',
    TAP_RETRY_TIMEOUT: '60s',
    TAP_LOG_LEVEL: 'WARN',
    TAP_METRICS_LISTEN: 'localhost:9100',
    TAP_NO_REPLAY: '1',
  })
  expect(config).toMatchObject({
    database: 'sqlite:/project/tap.db',
    databaseConnections: 32,
    server: { host: '::', port: 2480, password: 'pw' },
    plc: 'https://plc.directory',
    relay: 'wss://relay1.us-east.bsky.network',
    stream: { concurrency: 10, cursorIntervalMs: 1000, noReplay: true },
    backfill: { concurrency: 5, stallMs: 300_000 },
    delivery: {
      concurrency: 1,
      capacity: 100_000,
      acks: false,
      webhook: 'http://localhost:3000/hook',
      outboxOnly: false,
      retryTimeoutMs: 60_000,
    },
    identity: { cacheSize: 2_000_000 },
    track: { signal: ['app.bsky.actor.profile'], full: false },
    collections: ['app.bsky.feed.post', 'app.bsky.graph.*'],
    log: { level: 'warn' },
    metrics: { host: 'localhost', port: 9100 },
  })
})

test.each([
  ['500ms', 500],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['2s500ms', 2500],
])('the duration %s is %d ms', (text, expected) => {
  expect(resolved({ TAP_RETRY_TIMEOUT: text }).delivery.retryTimeoutMs).toBe(expected)
})

test.each([
  ['TAP_RETRY_TIMEOUT', '60'],
  ['TAP_RETRY_TIMEOUT', '1 minute'],
  ['TAP_BIND', '2480'],
  ['TAP_BIND', ':99999'],
  ['TAP_MAX_DB_CONNS', '3.5'],
  ['TAP_MAX_DB_CONNS', '-1'],
  ['TAP_FULL_NETWORK', 'yes'],
  ['TAP_SIGNAL_COLLECTION', 'profile'],
  ['TAP_COLLECTION_FILTERS', 'a.b.c,*.d'],
  ['TAP_LOG_LEVEL', 'loud'],
  ['TAP_PLC_URL', 'plc.directory'],
  ['TAP_DATABASE_URL', 'tap.db'],
])('%s=%s is refused by name', (name, value) => {
  expect(() => resolved({ [name]: value })).toThrow(new RegExp(`^one problem.*\n  ${name}: .*allowed: `))
})

test('whole numbers may have the underscores of Go', () => {
  expect(resolved({ TAP_OUTBOX_CAPACITY: '1_000_000' }).delivery.capacity).toBe(1_000_000)
  expect(() => resolved({ TAP_OUTBOX_CAPACITY: '1__0' })).toThrow('TAP_OUTBOX_CAPACITY')
})

test('addresses bind as they say, brackets and all', () => {
  expect(resolved({ TAP_BIND: '[::1]:8080' }).server).toEqual({ host: '::1', port: 8080, password: null })
  expect(resolved({ TAP_BIND: '10.0.0.1:80' }).server).toEqual({ host: '10.0.0.1', port: 80, password: null })
})

test('empty values count as not set', () => {
  expect(resolved({ TAP_BIND: '', TAP_WEBHOOK_URL: ' ' })).toEqual(resolved({}))
})

test('the second names Tap reads are read where the first is absent', () => {
  expect(resolved({ ATP_PLC_HOST: 'https://a.example' }).plc).toBe('https://a.example')
  expect(resolved({ RELAY_IDENT_CACHE_SIZE: '7' }).identity.cacheSize).toBe(7)
  expect(resolved({ LOG_LEVEL: 'debug' }).log.level).toBe('debug')
  expect(resolved({ LOG_LEVEL: 'verbose' }).log.level).toBe('info')
  expect(readEnv({ LOG_LEVEL: 'debug', TAP_LOG_LEVEL: 'info' }).warnings).toEqual([])
  const both = { TAP_PLC_URL: 'https://b.example', ATP_PLC_HOST: 'https://a.example' }
  expect(resolved(both).plc).toBe('https://b.example')
  expect(readEnv(both).warnings).toEqual(['TAP_PLC_URL and ATP_PLC_HOST differ: TAP_PLC_URL wins'])
})

test('unknown names are reported with the nearest known one', () => {
  expect(readEnv({ TAP_RELAY_URI: 'x', TAP_ZEBRA: 'y', TAP_BIN: '/bin/tap', OTHER: 'z' }).warnings).toEqual([
    'TAP_RELAY_URI: there is no such variable, it is ignored; did you mean "TAP_RELAY_URL"?',
    'TAP_ZEBRA: there is no such variable, it is ignored',
  ])
})

test('names that contradict each other are reported', () => {
  const warnings = readEnv({
    TAP_FULL_NETWORK: 'true',
    TAP_SIGNAL_COLLECTION: 'a.b.c',
    TAP_DISABLE_ACKS: 'true',
    TAP_WEBHOOK_URL: 'https://hook.example',
    TAP_OUTBOX_ONLY: 'true',
    TAP_NO_REPLAY: '1',
  }).warnings
  expect(warnings.map((w) => w.split(' ')[0])).toEqual([
    'TAP_SIGNAL_COLLECTION',
    'TAP_DISABLE_ACKS',
    'TAP_NO_REPLAY',
    'TAP_FULL_NETWORK',
    'TAP_SIGNAL_COLLECTION',
  ])
  expect(readEnv({ TAP_FULL_NETWORK: 'false', TAP_SIGNAL_COLLECTION: 'a.b.c' }).warnings).toEqual([])
})

test('a wrong password is not printed', () => {
  const url = 'mysql://me:hunter2@host/db'
  expect(() => resolved({ TAP_DATABASE_URL: url })).toThrow(/mysql:\/\/me:\*\*\*@host/)
})
