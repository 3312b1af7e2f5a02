import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { ResolvedConfig, TapConfig } from '../../src/config/types.ts'
import type { HandlerDefinition, RecordSchema } from '../../src/dispatch/handler.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import type { Observer } from '../../src/observe/observer.ts'
import type { HandleResolver } from '../../src/protocol/handles.ts'
import { createTap, type Tap } from '../../src/tap.ts'
import type { Network } from '../../src/testing/index.ts'
import { plainHandlers, schemas } from './plain-handlers.ts'

export interface RunTapOptions {
  readonly network: Pick<Network, 'relay' | 'relayHttp' | 'plc' | 'resolveHandle'>
  readonly config?: TapConfig
  readonly definitions?: readonly HandlerDefinition[]
  readonly schemas?: Readonly<Record<string, RecordSchema>>
  readonly fingerprints?: Readonly<Record<string, string>>
  readonly migrations?: string
  readonly database?: string
  readonly handles?: HandleResolver
  readonly resetCursor?: boolean
  /** Default: one that says nothing. */
  readonly observer?: Observer
}

export interface RunningTap {
  readonly tap: Tap
  readonly config: ResolvedConfig
  readonly observer: Observer
  /** Every row of a table of the user's, ordered by all its columns. */
  rows(table: string): Promise<Record<string, unknown>[]>
  [Symbol.asyncDispose](): Promise<void>
}

export function tempDatabase(): string {
  return `sqlite:${join(mkdtempSync(join(tmpdir(), 'lextap-test-')), 'app.db')}`
}

export function quietObserver(): Observer {
  return { log: pino({ level: process.env.LOG ?? 'silent' }), metrics: new Metrics() }
}

/** The config of a tap that follows a sandbox network. */
export function sandboxConfig(options: RunTapOptions): ResolvedConfig {
  const { network } = options
  const config: TapConfig = {
    database: options.database ?? tempDatabase(),
    migrations: options.migrations ?? resolve('test/support/migrations'),
    relay: network.relay,
    plc: network.plc,
    track: { network: 'full' },
    stream: { cursorIntervalMs: 20 },
    ...options.config,
    backfill: { allowPrivateHosts: true, ...options.config?.backfill },
  }
  return resolveConfig(config, { root: process.cwd(), file: null })
}

export async function runTap(options: RunTapOptions): Promise<RunningTap> {
  const config = sandboxConfig(options)
  const observer = options.observer ?? quietObserver()
  const tap = createTap(config, {
    observer,
    definitions: options.definitions ?? plainHandlers(),
    schemas: options.schemas ?? schemas,
    fingerprints: options.fingerprints ?? {},
    handles: options.handles ?? { resolve: options.network.resolveHandle },
    resetCursor: options.resetCursor ?? false,
  })
  await tap.start()
  const rows = async (table: string) => {
    const found = (await tap.store.kysely.selectFrom(table).selectAll().execute()) as Record<
      string,
      unknown
    >[]
    return found.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }
  return { tap, config, observer, rows, [Symbol.asyncDispose]: () => tap.stop() }
}
