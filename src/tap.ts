import { sleep } from './async/signal.ts'
import { importUserModule } from './config/module.ts'
import type { ResolvedConfig } from './config/types.ts'
import type { RetryOutcome } from './dispatch/work.ts'
import { LextapError, UserError } from './errors.ts'
import type { TapOptions } from './options.ts'
import { Parts } from './parts.ts'
import type { TapStatus } from './status.ts'
import { openStore } from './store/open.ts'
import type { Store } from './store/store.ts'

export type { TapOptions, TapStatus }

/**
 * One running indexer: the composition root. `start` opens the database and begins to follow; `stop` finishes
 * what is under way, saves the cursor and closes everything. Both may be called twice.
 */
export class Tap {
  readonly #config: ResolvedConfig
  readonly #options: TapOptions
  #parts: Parts | null = null
  #starting: Promise<void> | null = null
  #stopping: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null
  readonly #finished: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(config: ResolvedConfig, options: TapOptions) {
    this.#config = config
    this.#options = options
    this.#finished.promise.catch(() => {})
  }

  /** Settles once everything is closed: resolves after `stop`, rejects when following failed for good. */
  get finished(): Promise<void> {
    return this.#finished.promise
  }

  get store(): Store {
    return this.#running().store
  }

  /** Resolves when the database is open and following began (not when the relay answered). */
  start(): Promise<void> {
    if (this.#stopping !== null)
      return Promise.reject(new UserError('this tap was stopped; create a new one'))
    this.#starting ??= this.#start()
    return this.#starting
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await this.#starting?.catch(() => {})
      const trouble = await this.#parts?.stop().then(
        () => null,
        (error: unknown) => ({ error }),
      )
      this.#failure ??= trouble ?? null
      if (this.#failure === null) this.#finished.resolve()
      else this.#finished.reject(this.#failure.error)
      if (this.#failure !== null && this.#failure === trouble) throw trouble.error
    })()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Where the server is reached from this machine; null without one. */
  get serverUrl(): string | null {
    return this.#parts?.serving.url ?? null
  }

  async status(): Promise<TapStatus> {
    return this.#running().status()
  }

  /**
   * Resolves when nothing is left to do: the stream was followed up to `seq` (default: as far as it was
   * received), every repo is fetched or failed, and all effects are committed. For tests and tools. Rejects when the
   * tap ends first.
   */
  async settled(options: { seq?: number; signal?: AbortSignal } = {}): Promise<void> {
    const parts = this.#running()
    while (!(await parts.isSettled(options.seq ?? null))) {
      await Promise.race([sleep(20, options.signal), this.#finished.promise])
      // Nothing is going to change any more, and asking on would not even let the event loop turn.
      if (this.#stopping !== null) {
        await this.#finished.promise
        throw new LextapError('the tap was stopped before it was settled', { code: 'stopped' })
      }
    }
  }

  /** Starts following these accounts; returns how many were new. Throws UserError naming every invalid DID. */
  async addRepos(dids: readonly string[]): Promise<number> {
    return this.#running().addRepos(dids)
  }

  /**
   * Stops following an account; its records go through delete events unless `keepRows`. Discovery leaves it alone
   * from then on (`exclude: false` lets it find it again), until it is added or tracked by name. False when it is not
   * followed.
   */
  async removeRepo(did: string, options: { keepRows?: boolean; exclude?: boolean } = {}): Promise<boolean> {
    const { keepRows = false, exclude = true } = options
    return this.#running().remove(did, { keepRows, exclude })
  }

  /**
   * Reads all lists anew and compares revs and standings (rules A4, E10, F12). What differs may be on its way to
   * us: it is looked at again after `graceMs` (default: the config's). Returns how many repos were found: new
   * ones, those behind, those whose standing had changed.
   */
  async reconcile(options: { graceMs?: number } = {}): Promise<number> {
    return this.#running().reconcile(options.graceMs ?? this.#config.discovery.reconcileGraceMs)
  }

  /** Applies a dead letter again, after its cause was mended. */
  async retryDeadLetter(id: number): Promise<RetryOutcome> {
    return this.#running().retryDeadLetter(id)
  }

  /** Fetches a repo anew. */
  async resync(did: string): Promise<boolean> {
    if (this.#config.source.kind === 'jetstream')
      throw new UserError('a Jetstream has no history: nothing can be fetched from it')
    return this.#running().resync(did)
  }

  #running(): Parts {
    if (this.#parts === null) throw new LextapError('this tap is not running', { code: 'not-running' })
    return this.#parts
  }

  #fail(error: unknown): void {
    this.#failure ??= { error }
    void this.stop()
  }

  async #start(): Promise<void> {
    const { observer } = this.#options
    const { database, databaseConnections: connections, migrations, backfill } = this.#config
    const store = await openStore(database, {
      ...{ observer, migrations, connections },
      buffer: { frames: backfill.bufferFrames, bytes: backfill.bufferBytes },
      importModule: importUserModule,
      onDamage: (error) => this.#fail(error),
    })
    try {
      const parts = new Parts(this.#config, this.#options, store)
      this.#parts = parts
      await parts.start((error) => this.#fail(error))
    } catch (error) {
      const parts = this.#parts
      this.#parts = null
      await parts?.serving.stop()
      await store.close()
      throw error
    }
  }
}

/** See {@link Tap}. */
export function createTap(config: ResolvedConfig, options: TapOptions): Tap {
  return new Tap(config, options)
}
