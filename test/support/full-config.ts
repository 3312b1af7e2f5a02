import type { TapConfig } from '../../src/config/types.ts'

/** Every option with a value that is not its default. The compiler refuses it when an option is missing. */
type Full<T> = T extends object
  ? T extends readonly unknown[]
    ? T
    : { [K in keyof T]-?: Given<NonNullable<T[K]>> }
  : T
/** `false` only switches a group off. */
type Given<T> = Extract<T, object> extends never ? T : Full<Exclude<T, false>>

export const full: Full<TapConfig> = {
  lexicons: './lex',
  generated: './gen',
  handlers: ['./a', './b.ts'],
  migrations: './m',
  database: 'postgres://me:pw@db.example/app',
  databaseConnections: 3,
  track: { dids: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz'], signal: ['app.bsky.*'], network: 'full' },
  collections: ['*'],
  records: 'index',
  source: { kind: 'tap', url: 'https://tap.example/', password: 'secret' },
  relay: 'https://relay.example',
  plc: 'https://plc.example/',
  upstream: { lists: 'https://lists.example', repos: 'https://repos.example' },
  stream: {
    concurrency: 1,
    maxQueued: 2,
    cursorIntervalMs: 30,
    noReplay: true,
    reconnectMs: { first: 31, longest: 32 },
  },
  identity: { cacheSize: 4, ttlMs: 5000, refreshMs: 5 },
  discovery: { relistMs: 6000, reconcileMs: 7000, reconcileGraceMs: 8000 },
  policy: { legacy: 'reject', authority: 'pds', invalid: { 'app.bsky.*': 'deliver' }, legacyBlobs: false },
  backfill: {
    concurrency: 8,
    perHost: 9,
    maxBytes: 10_000,
    stallMs: 110,
    allowPrivateHosts: true,
    retryMs: { first: 111, longest: 112 },
    resyncsPerMinute: 113,
    bufferFrames: 115,
    bufferBytes: 116000,
    leaseMs: 30114,
    thread: false,
  },
  handling: { attempts: 12, timeoutMs: 13 },
  server: { port: 14, host: '0.0.0.0', password: 'secret' },
  metrics: { port: 15, host: '::1' },
  delivery: {
    records: false,
    webhook: 'https://hook.example',
    webhookAttempts: 150,
    webhookTimeoutMs: 151,
    acks: false,
    retryTimeoutMs: 160,
    concurrency: 17,
    capacity: 18,
    outboxOnly: true,
  },
  log: { level: 'trace', format: 'json' },
}
