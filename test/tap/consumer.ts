import { l } from '@atproto/lex'
import {
  LexIndexer,
  type RecordEvent,
  SimpleIndexer,
  Tap,
  type TapChannel,
  type TapEvent,
} from '@atproto/tap'
import type { TestRepo } from '../../src/testing/index.ts'

export const STATUS = 'xyz.statusphere.status'
export const status = (text: string): { $type: string; status: string; createdAt: string } => ({
  $type: STATUS,
  status: text,
  createdAt: '2026-01-01T00:00:00.000Z',
})

/** The lexicon as `@atproto/lex` builds it, for `LexIndexer`. */
export const statusSchema: ReturnType<typeof makeSchema> = makeSchema()
// biome-ignore lint/suspicious/noExplicitAny: its own type is unspeakable
function makeSchema(): any {
  return l.record(
    'tid',
    STATUS,
    l.object({ status: l.string({ maxGraphemes: 1 }), createdAt: l.string({ format: 'datetime' }) }),
  )
}

/** An app that keeps a copy of everything it is told, with the official client. */
export class Consumer {
  readonly tap: Tap
  readonly events: TapEvent[] = []
  readonly errors: Error[] = []
  /** URI → CID, as the events leave it. */
  readonly records = new Map<string, string>()
  /** Called before an event counts; may throw. */
  before: (event: TapEvent) => void | Promise<void> = () => {}
  #channel: TapChannel | null = null
  ended: Promise<void> = Promise.resolve()

  constructor(url: string, password?: string) {
    this.tap = new Tap(url, password === undefined ? {} : { adminPassword: password })
  }

  start(): void {
    const indexer = new SimpleIndexer()
      .record((event) => this.#take(event))
      .identity((event) => this.#take(event))
      .error((error) => void this.errors.push(error))
    // Quick, or a test of a restart takes a second for each attempt.
    this.#channel = this.tap.channel(indexer, { maxReconnectSeconds: 0.2, heartbeatIntervalMs: 200 })
    this.ended = this.#channel.start()
    this.ended.catch((error) => this.errors.push(error))
  }

  async #take(event: TapEvent): Promise<void> {
    await this.before(event)
    this.events.push(event)
    if (event.type === 'record') this.#apply(event)
  }

  #apply({ did, collection, rkey, action, cid }: RecordEvent): void {
    const uri = `at://${did}/${collection}/${rkey}`
    if (action === 'delete') this.records.delete(uri)
    else this.records.set(uri, cid ?? '')
  }

  of(repo: TestRepo): RecordEvent[] {
    return this.events.filter((event) => event.type === 'record').filter((event) => event.did === repo.did)
  }

  async stop(): Promise<void> {
    await this.#channel?.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

export { LexIndexer }
