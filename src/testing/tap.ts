import type { Kysely } from 'kysely'
import { sleep } from '../async/signal.ts'
import {
  createObserver,
  createTap,
  type HandlerDefinition,
  type Observer,
  type RecordSchema,
  resolveConfig,
  type Tap,
  type TapConfig,
} from '../index.ts'
import type { Network } from './network.ts'

export interface TestTapOptions {
  /** What `on(…)`, `onIdentity(…)` and `onAccount(…)` returned. */
  readonly handlers: readonly HandlerDefinition[]
  /** `schemas` of `generated/handlers.ts`. */
  readonly schemas: Readonly<Record<string, RecordSchema>>
  /** Folder of your migrations. Default: none. */
  readonly migrations?: string
  /** Default `sqlite::memory:`. */
  readonly database?: string
  /** Anything else of `tap.config.ts`. Default: follows the whole sandbox network. */
  readonly config?: TapConfig
  /** Default: silent. */
  readonly observer?: Observer
}

/** A tap that follows a sandbox network. */
export interface TestTap<DB> extends AsyncDisposable {
  readonly tap: Tap
  /** Your tables, as the handlers left them. */
  readonly db: Kysely<DB>
  /** Resolves when everything the network has announced so far is committed. */
  level(): Promise<void>
  stop(): Promise<void>
}

/**
 * Runs your handlers against a sandbox network, with real signatures and real transactions:
 *
 * ```ts
 * await using network = await startNetwork({ seed: 'my test' })
 * await using app = await createTestTap<Database>(network, { handlers: [status], schemas, migrations: './migrations' })
 * const alice = network.createRepo()
 * alice.create('xyz.statusphere.status', { $type: 'xyz.statusphere.status', status: '🦋', createdAt: network.now() })
 * await app.level()
 * expect(await app.db.selectFrom('status').selectAll().execute()).toMatchObject([{ status: '🦋' }])
 * ```
 */
export async function createTestTap<DB>(network: Network, options: TestTapOptions): Promise<TestTap<DB>> {
  const { handlers, schemas, migrations, database = 'sqlite::memory:', config = {}, observer } = options
  const own: TapConfig = {
    track: { network: 'full' },
    ...config,
    database,
    relay: network.relay,
    plc: network.plc,
    backfill: { ...config.backfill, allowPrivateHosts: true },
    ...(migrations === undefined ? {} : { migrations }),
  }
  const tap = createTap(resolveConfig(own, { root: process.cwd(), file: null }), {
    observer: observer ?? createObserver({ level: 'silent', format: 'json' }),
    definitions: handlers,
    schemas,
    handles: { resolve: network.resolveHandle },
  })
  await tap.start()
  // Without a cursor the stream begins where we connect: whatever the test does next must come after that.
  while (!(await tap.status()).relay.connected) await Promise.race([sleep(5), tap.finished])
  const first = network.relayStream.seq
  const stop = () => tap.stop()
  return {
    tap,
    db: tap.store.kysely as Kysely<DB>,
    async level() {
      await network.relayIdle()
      // What was announced before we came is in what we fetch; the stream itself may have nothing for us.
      const { seq } = network.relayStream
      await tap.settled(seq > first ? { seq } : {})
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
