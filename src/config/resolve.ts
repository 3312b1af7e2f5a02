import { existsSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import { UserError } from '../errors.ts'
import type { EnvLayer } from './env.ts'
import { describeIssues } from './problems.ts'
import { configSchema } from './schema.ts'
import type { ResolvedConfig, TapConfig } from './types.ts'

export interface ResolveContext {
  /** Relative paths start here. */
  readonly root: string
  readonly file: string | null
  readonly env?: EnvLayer
  readonly overrides?: TapConfig
  /** Decides the default of `log.format`. */
  readonly interactive?: boolean
}

type Resolver = (config: TapConfig, context: ResolveContext) => Partial<ResolvedConfig>

/** Each fills in one part; together they leave no optional. */
const RESOLVERS: readonly Resolver[] = [
  resolveProject,
  resolveDatabase,
  resolveTracking,
  resolveNetwork,
  resolveSync,
  resolvePolicy,
  resolveServing,
  resolveLog,
]

/** Checks `input` and completes it. Throws one UserError with everything that is wrong. */
export function resolveConfig(input: unknown, context: ResolveContext): ResolvedConfig {
  const own = configSchema.safeParse(input)
  const problems = own.success ? [] : describeIssues(own.error.issues, input)
  const layered = structuredClone(own.success ? own.data : {})
  problems.push(...(context.env?.problems ?? []), ...layEnvironment(layered, context.env))
  layOver(layered, context.overrides ?? {})
  if (problems.length > 0) throw refuse(problems, context)
  // Overrides come from flags: whatever is wrong by now is theirs.
  const whole = configSchema.safeParse(layered)
  if (!whole.success) throw refuse(describeIssues(whole.error.issues, layered), context)
  const parts = RESOLVERS.map((part) => part(whole.data, context))
  return Object.assign({ root: context.root, file: context.file }, ...parts) as ResolvedConfig
}

function refuse(problems: readonly string[], context: ResolveContext): UserError {
  const where = context.file === null ? 'the environment' : relative(process.cwd(), context.file)
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  return new UserError([`${count} in the config (${where}):`, ...problems.map((p) => `  ${p}`)].join('\n'), {
    code: 'config',
  })
}

/** Puts the environment over the file, one variable at a time, so that an error names the variable. */
function layEnvironment(config: TapConfig, env: EnvLayer | undefined): string[] {
  const problems: string[] = []
  for (const [option, value] of env?.values ?? []) {
    const alone = configSchema.safeParse(put({}, option, value))
    if (alone.success) put(config as Record<string, unknown>, option, value)
    else
      problems.push(
        ...describeIssues(alone.error.issues, put({}, option, value)).map(
          (p) => `${env?.origins.get(option)}: ${p}`,
        ),
      )
  }
  return problems
}

function put(target: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const keys = path.split('.')
  const last = keys.pop() ?? ''
  let at = target
  for (const key of keys) {
    const child = at[key]
    at = at[key] = (typeof child === 'object' && child !== null ? child : {}) as Record<string, unknown>
  }
  if (value === undefined) delete at[last]
  else at[last] = value
  return target
}

/** Objects are merged key by key, everything else is replaced. */
function layOver(target: object, over: object): void {
  const into = target as Record<string, unknown>
  for (const [key, value] of Object.entries(over)) {
    const both = isPlain(value) && isPlain(into[key])
    if (both) layOver(into[key] as object, value as object)
    else if (value !== undefined) into[key] = value
  }
}

const isPlain = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const toList = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T]

function resolveProject(config: TapConfig, { root }: ResolveContext): Partial<ResolvedConfig> {
  const handlers = config.handlers ?? './src/handlers'
  const migrations = resolve(root, config.migrations ?? './migrations')
  return {
    lexicons: resolve(root, config.lexicons ?? './lexicons'),
    generated: resolve(root, config.generated ?? './generated'),
    handlers: toList(handlers).map((path) => resolve(root, path)),
    migrations: config.migrations === undefined && !existsSync(migrations) ? null : migrations,
  }
}

function resolveDatabase(config: TapConfig, { root }: ResolveContext): Partial<ResolvedConfig> {
  return {
    database: resolveDatabaseUrl(config.database ?? 'sqlite:./.lextap/app.db', root),
    databaseConnections: config.databaseConnections ?? 8,
    records: config.records ?? 'keep',
  }
}

/** `sqlite:./a.db`, Tap's `sqlite://./a.db` and `sqlite:///abs/a.db` become `sqlite:/abs/a.db`. */
function resolveDatabaseUrl(url: string, root: string): string {
  const match = /^(sqlite|pglite):(?:\/\/)?(.*)$/s.exec(url)
  if (match === null) return url
  const [, kind, path = ''] = match
  return path === ':memory:' || isAbsolute(path) ? `${kind}:${path}` : `${kind}:${resolve(root, path)}`
}

function resolveTracking(config: TapConfig): Partial<ResolvedConfig> {
  return {
    track: {
      dids: [...new Set(config.track?.dids ?? [])],
      signal: [...new Set(toList(config.track?.signal))],
      full: config.track?.network === 'full',
    },
    collections: config.collections === undefined ? null : [...new Set(config.collections)],
    discovery: {
      relistMs: config.discovery?.relistMs ?? 3_600_000,
      reconcileMs: config.discovery?.reconcileMs ?? 86_400_000,
      reconcileGraceMs: config.discovery?.reconcileGraceMs ?? 60_000,
    },
  }
}

const bare = (url: string) => url.replace(/\/+$/, '')

function resolveSource(source: TapConfig['source']): ResolvedConfig['source'] {
  if (source === undefined) return { kind: 'relay' }
  if (source.kind === 'jetstream') return { kind: 'jetstream', url: bare(source.url).replace(/^http/, 'ws') }
  return { kind: 'tap', url: bare(source.url), password: source.password ?? null }
}

function resolveNetwork(config: TapConfig): Partial<ResolvedConfig> {
  const relay = bare(config.relay ?? 'wss://relay1.us-east.bsky.network').replace(/^http/, 'ws')
  return {
    source: resolveSource(config.source),
    relay,
    plc: bare(config.plc ?? 'https://plc.directory'),
    upstream: {
      lists: bare(config.upstream?.lists ?? relay.replace(/^ws/, 'http')),
      repos: config.upstream?.repos === undefined ? null : bare(config.upstream.repos),
    },
    identity: {
      cacheSize: config.identity?.cacheSize ?? 10_000,
      ttlMs: config.identity?.ttlMs ?? 86_400_000,
      refreshMs: config.identity?.refreshMs ?? 10_000,
    },
  }
}

function resolveSync({ stream = {}, backfill = {} }: TapConfig): Partial<ResolvedConfig> {
  return {
    stream: {
      concurrency: stream.concurrency ?? 512,
      maxQueued: stream.maxQueued ?? 4096,
      cursorIntervalMs: stream.cursorIntervalMs ?? 1000,
      noReplay: stream.noReplay ?? false,
      reconnectMs: spanOf(stream.reconnectMs, 500, 30_000),
    },
    backfill: {
      concurrency: backfill.concurrency ?? 8,
      perHost: backfill.perHost ?? 4,
      maxBytes: backfill.maxBytes ?? 4 * 1024 ** 3,
      stallMs: backfill.stallMs ?? 300_000,
      allowPrivateHosts: backfill.allowPrivateHosts ?? false,
      retryMs: spanOf(backfill.retryMs, 60_000, 3_600_000),
      resyncsPerMinute: backfill.resyncsPerMinute ?? 5,
      bufferFrames: backfill.bufferFrames ?? 20_000,
      bufferBytes: backfill.bufferBytes ?? 128 * 1024 ** 2,
      leaseMs: backfill.leaseMs ?? 30_000,
      thread: backfill.thread ?? true,
    },
  }
}

/** The longest wait is never shorter than the first: the one that is not given makes way. */
function spanOf(given: { first?: number; longest?: number } = {}, first: number, longest: number) {
  return {
    first: given.first ?? Math.min(first, given.longest ?? first),
    longest: given.longest ?? Math.max(longest, given.first ?? longest),
  }
}

function resolvePolicy({ policy = {}, handling = {} }: TapConfig): Partial<ResolvedConfig> {
  const invalid = typeof policy.invalid === 'string' ? { '*': policy.invalid } : policy.invalid
  return {
    policy: {
      legacy: policy.legacy ?? 'proven',
      authority: policy.authority ?? 'auto',
      invalid: { '*': 'dead-letter', ...invalid },
      legacyBlobs: policy.legacyBlobs ?? true,
    },
    handling: { attempts: handling.attempts ?? 3, timeoutMs: handling.timeoutMs ?? 30_000 },
  }
}

function resolveServing({ server, metrics, delivery = {} }: TapConfig): Partial<ResolvedConfig> {
  const LOOPBACK = '127.0.0.1'
  return {
    server: server
      ? {
          port: server.port ?? 2480,
          // Tap listens everywhere; without a password only this machine gets in unless somebody says otherwise.
          host: server.host ?? (server.password === undefined ? LOOPBACK : '::'),
          password: server.password ?? null,
        }
      : null,
    metrics: metrics ? { port: metrics.port ?? 2481, host: metrics.host ?? LOOPBACK } : null,
    delivery: {
      records: delivery.records ?? (delivery.webhook === undefined ? null : true),
      webhook: delivery.webhook ?? null,
      webhookAttempts: delivery.webhookAttempts ?? 16,
      webhookTimeoutMs: delivery.webhookTimeoutMs ?? 30_000,
      acks: delivery.acks ?? true,
      retryTimeoutMs: delivery.retryTimeoutMs ?? 60_000,
      concurrency: delivery.concurrency ?? 16,
      capacity: delivery.capacity ?? 100_000,
      outboxOnly: delivery.outboxOnly ?? false,
    },
  }
}

function resolveLog({ log = {} }: TapConfig, context: ResolveContext): Partial<ResolvedConfig> {
  return {
    log: { level: log.level ?? 'info', format: log.format ?? (context.interactive ? 'pretty' : 'json') },
  }
}
