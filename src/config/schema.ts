import { z } from 'zod'
import { isDid, isNsid } from '../protocol/syntax.ts'
import type { TapConfig } from './types.ts'

/** What a leaf may be, in words; shown in errors and in docs/config.md. */
const allowed = z.registry<{ allowed: string }>()

function leaf<T extends z.ZodType>(schema: T, words: string): z.ZodOptional<T> {
  const optional = z.optional(schema)
  allowed.add(optional, { allowed: words })
  return optional
}

const text = z.string().trim().min(1)
const listOf = (item: z.ZodString) => z.union([item, z.array(item)])
const path = leaf(text, 'a path')
const flag = leaf(z.boolean(), 'true or false')
const port = leaf(z.int().min(0).max(65_535), 'a port, 0 to 65535 (0: any free one)')
const host = leaf(text, 'an address to bind to, such as 127.0.0.1 or 0.0.0.0')
const count = (min: number, max: number) =>
  leaf(z.int().min(min).max(max), `a whole number, ${min} to ${max}`)
const ms = (min: number) =>
  leaf(z.int().min(min).max(MAX_MS), `milliseconds, a whole number, ${min} to ${MAX_MS}`)
const oneOf = <const T extends string>(values: readonly T[]) => leaf(z.enum(values), choices(values))

function choices(values: readonly string[]): string {
  const quoted = values.map((v) => `'${v}'`)
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** setTimeout's limit: longer timers fire at once. */
const MAX_MS = 2_147_483_647
/** First and longest wait of a back-off. */
const span = z.optional(
  z
    .strictObject({ first: ms(1), longest: ms(1) })
    .refine(({ first, longest }) => first === undefined || longest === undefined || longest >= first, {
      path: ['longest'],
      params: { allowed: 'milliseconds, at least as many as `first`' },
    }),
)
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const INVALID = ['dead-letter', 'deliver', 'skip'] as const

const isPattern = (s: string) => isNsid(s) || (s.endsWith('.*') && isNsid(`${s.slice(0, -1)}x`)) || isTop(s)
/** `app.*`: two segments are too few for an NSID and enough for a pattern. */
const isTop = (s: string) => /^[a-z][a-z0-9-]*\.\*$/.test(s)
const pattern = text.refine(isPattern)
const collection = text.refine((s) => s === '*' || isPattern(s))
const http = text.refine((s) => hasScheme(s, ['http:', 'https:']))
const stream = text.refine((s) => hasScheme(s, ['http:', 'https:', 'ws:', 'wss:']))
const database = text.refine(isDatabaseUrl)

const HTTP = 'an http:// or https:// URL'
const DATABASE = 'sqlite:<file>, postgres://user@host/name or pglite:<folder>'
const PATTERN = 'an NSID such as xyz.statusphere.status or a pattern such as xyz.statusphere.*'

/** Shape of a config file. `types.ts` is the same for the compiler; `schema.test.ts` holds the two together. */
export const configSchema: z.ZodType<TapConfig> = z.strictObject({
  lexicons: path,
  generated: path,
  handlers: leaf(listOf(text), 'a path or a list of paths'),
  migrations: path,
  database: leaf(database, DATABASE),
  databaseConnections: count(1, 1000),
  track: z.optional(
    z.strictObject({
      dids: leaf(z.array(text.refine(isDid)), 'a list of DIDs such as did:plc:ewvi7nxzyoun6zhxrhs64oiz'),
      signal: leaf(listOf(pattern), `${PATTERN}, or a list of them`),
      network: oneOf(['full']),
    }),
  ),
  collections: leaf(z.array(collection), `a list: ${PATTERN}, or * for all`),
  records: oneOf(['keep', 'index']),
  source: leaf(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('tap'), url: http, password: z.optional(text) }),
      z.strictObject({ kind: z.literal('jetstream'), url: stream }),
    ]),
    "tap('http://…', { password }) or jetstream('wss://…') from lextap/config",
  ),
  relay: leaf(stream, 'a ws://, wss://, http:// or https:// URL'),
  plc: leaf(http, HTTP),
  upstream: z.optional(z.strictObject({ lists: leaf(http, HTTP), repos: leaf(http, HTTP) })),
  stream: z.optional(
    z.strictObject({
      concurrency: count(1, 100_000),
      maxQueued: count(1, 1_000_000),
      cursorIntervalMs: ms(10),
      noReplay: flag,
      reconnectMs: span,
    }),
  ),
  identity: z.optional(
    z.strictObject({ cacheSize: count(1, 100_000_000), ttlMs: ms(1000), refreshMs: ms(1) }),
  ),
  discovery: z.optional(
    z.strictObject({ relistMs: ms(1000), reconcileMs: ms(1000), reconcileGraceMs: ms(0) }),
  ),
  policy: z.optional(
    z.strictObject({
      legacy: oneOf(['proven', 'resync', 'reject']),
      authority: oneOf(['auto', 'relay', 'pds']),
      invalid: leaf(
        z.union([z.enum(INVALID), z.record(collection, z.enum(INVALID))]),
        "'dead-letter', 'deliver' or 'skip', or an object from NSIDs and patterns to those",
      ),
      legacyBlobs: flag,
    }),
  ),
  backfill: z.optional(
    z.strictObject({
      concurrency: count(1, 10_000),
      perHost: count(1, 1000),
      maxBytes: leaf(z.int().min(1024), 'bytes, a whole number, at least 1024'),
      stallMs: ms(100),
      allowPrivateHosts: flag,
      retryMs: span,
      resyncsPerMinute: count(1, 1_000_000),
      bufferFrames: count(1, 100_000_000),
      bufferBytes: leaf(z.int().min(1024), 'bytes, a whole number, at least 1024'),
      leaseMs: ms(1000),
      thread: flag,
    }),
  ),
  handling: z.optional(z.strictObject({ attempts: count(1, 100), timeoutMs: ms(10) })),
  server: leaf(
    z.union([z.literal(false), z.strictObject({ port, host, password: leaf(text, 'a password') })]),
    'false, or { port, host, password }',
  ),
  metrics: leaf(z.union([z.literal(false), z.strictObject({ port, host })]), 'false, or { port, host }'),
  delivery: z.optional(
    z.strictObject({
      records: flag,
      webhook: leaf(http, HTTP),
      webhookAttempts: count(1, 1000),
      webhookTimeoutMs: ms(100),
      acks: flag,
      retryTimeoutMs: ms(100),
      concurrency: count(1, 10_000),
      capacity: count(1, 100_000_000),
      outboxOnly: flag,
    }),
  ),
  log: z.optional(z.strictObject({ level: oneOf(LEVELS), format: oneOf(['pretty', 'json']) })),
}) as z.ZodType<TapConfig>

/** One option of the schema: its path, what it may be, the values where they can be listed. */
export interface Option {
  readonly path: string
  readonly allowed: string
  readonly values: readonly string[]
}

/** Every option, leaves only, in the order of the schema. */
export function listOptions(schema: unknown = configSchema, at: string = ''): Option[] {
  const words = allowed.get(schema as z.ZodType)?.allowed
  const inner = unwrap(schema)
  const own = words === undefined ? [] : [{ path: at, allowed: words, values: valuesOf(inner) }]
  return [
    ...own,
    ...Object.entries(shapeOf(inner)).flatMap(([key, child]) =>
      listOptions(child, at === '' ? key : `${at}.${key}`),
    ),
  ]
}

function unwrap(schema: unknown): unknown {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap()) : schema
}

function shapeOf(schema: unknown): Record<string, unknown> {
  if (schema instanceof z.ZodObject) return schema.shape
  if (schema instanceof z.ZodUnion) return Object.assign({}, ...schema.options.map(shapeOf))
  return {}
}

function valuesOf(schema: unknown): string[] {
  if (schema instanceof z.ZodEnum) return schema.options.map(String)
  return schema instanceof z.ZodUnion ? schema.options.flatMap(valuesOf) : []
}

function hasScheme(value: string, schemes: readonly string[]): boolean {
  return URL.canParse(value) && schemes.includes(new URL(value).protocol)
}

function isDatabaseUrl(value: string): boolean {
  if (/^(sqlite|pglite):./.test(value)) return true
  return hasScheme(value, ['postgres:', 'postgresql:'])
}
