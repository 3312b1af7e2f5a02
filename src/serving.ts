import type { ResolvedConfig } from './config/types.ts'
import { Channel } from './delivery/channel.ts'
import { Delivery } from './delivery/delivery.ts'
import { publisher } from './delivery/publish.ts'
import { Webhook } from './delivery/webhook.ts'
import type { Publisher } from './dispatch/publish.ts'
import type { Observer } from './observe/observer.ts'
import { Health, type Probe } from './server/health.ts'
import type { ServerPorts } from './server/ports.ts'
import { type Listener, startMetricsServer, startServer } from './server/server.ts'
import type { Store } from './store/store.ts'

export interface ServingOptions {
  readonly config: ResolvedConfig
  readonly store: Store
  readonly observer: Observer
  /** Whether the project handles anything itself. */
  readonly handlers: boolean
}

/** The side that faces other programs: outbox, `/channel` or webhook, HTTP. Everything of it may be switched off. */
export class Serving {
  /** Makes events of what is committed; undefined when nobody is to get them. */
  readonly publish: Publisher | undefined
  readonly #options: ServingOptions
  readonly #delivery: Delivery | null
  readonly #channel: Channel | null
  readonly #webhook: Webhook | null
  readonly #listeners: Listener[] = []
  #health: Health | null = null
  #saidNobodyTakes = false

  constructor(options: ServingOptions) {
    const { config, store, observer, handlers } = options
    const { delivery, server } = config
    this.#options = options
    const sinks = server !== null || delivery.webhook !== null
    this.publish = sinks && (delivery.records ?? !handlers) ? publisher : undefined
    this.#delivery = sinks
      ? new Delivery({ outbox: store.outbox, observer, capacity: delivery.capacity })
      : null
    const common = this.#delivery === null ? null : { delivery: this.#delivery, observer }
    this.#webhook =
      common === null || delivery.webhook === null
        ? null
        : new Webhook({
            ...common,
            url: delivery.webhook,
            password: server?.password ?? null,
            concurrency: delivery.concurrency,
            attempts: delivery.webhookAttempts,
            timeoutMs: delivery.webhookTimeoutMs,
          })
    const { acks, retryTimeoutMs } = delivery
    this.#channel =
      common === null || this.#webhook !== null ? null : new Channel({ ...common, acks, retryTimeoutMs })
  }

  /** What is served where; null without a server. */
  get url(): string | null {
    return this.#listeners[0]?.url ?? null
  }

  /** Facts for `status`; null when nothing is delivered. */
  get outbox(): { waiting: number; inFlight: number; clients: number; full: boolean } | null {
    if (this.#delivery === null) return null
    const { pending, inFlight, full } = this.#delivery
    return { waiting: pending, inFlight, clients: this.#channel?.clients ?? 0, full }
  }

  /** For health; see `Delivery.progress`. */
  get delivering(): { open: number; done: number } {
    return this.#delivery?.progress ?? { open: 0, done: 0 }
  }

  /** What the source has to wait for, in words. */
  get waitingFor(): string | null {
    if (this.#delivery?.full !== true) return null
    return 'room in the outbox: events are not taken, or too slowly'
  }

  /** Resolves when more may be written to the outbox; undefined when it may at once. */
  room(): Promise<void> | undefined {
    return this.#delivery?.room()
  }

  /** A transaction committed so many outbox events. */
  committed(events: number): void {
    if (this.#delivery !== null) this.#delivery.committed(events)
    else if (events > 0) this.#sayNobodyTakes()
  }

  /** Listens and delivers. Throws UserError when an address cannot be had. */
  async start(ports: ServerPorts, probes: Readonly<Record<string, Probe>>): Promise<void> {
    const { config, store, observer } = this.#options
    const { server, metrics } = config
    await this.#delivery?.start()
    if (server !== null) {
      this.#health = new Health({ probes })
      this.#health.start()
      const { host, port, password } = server
      const noChannel = this.#noChannel()
      this.#listeners.push(
        await startServer({
          ...{ host, port, password, observer, store, ports, noChannel },
          health: this.#health,
          channel: this.#channel,
        }),
      )
    }
    if (metrics !== null) this.#listeners.push(await startMetricsServer({ ...metrics, observer }))
    this.#webhook?.start()
    if (this.#delivery === null && (await store.outbox.count()) > 0) this.#sayNobodyTakes()
  }

  async stop(): Promise<void> {
    this.#health?.stop()
    this.#channel?.close()
    await this.#webhook?.stop()
    await this.#delivery?.stop()
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  /** Once: what handlers emit is kept, for as long as it takes, and the table grows. */
  #sayNobodyTakes(): void {
    if (this.#saidNobodyTakes) return
    this.#saidNobodyTakes = true
    this.#options.observer.log.warn(
      'the outbox holds events and nobody is to get them: set server or delivery.webhook',
    )
  }

  /** A client that would wait for ever for what nobody sends is told so. */
  #noChannel(): { records: string | null; all: string | null } {
    const webhook = this.#webhook === null ? null : 'websocket not available in webhook mode'
    const records =
      this.publish === undefined
        ? 'records are handled in here and not delivered; set the option delivery.records to deliver them too, or connect to /channel?emit=only'
        : null
    return { all: webhook, records: webhook ?? records }
  }
}
