import { Agent, type Dispatcher, request } from 'undici'
import { backoffMs } from '../async/backoff.ts'
import { DueQueue } from '../async/due-queue.ts'
import {
  eventGivenUp,
  eventsSent,
  eventsTaken,
  outboxTrouble,
  webhookAnswered,
  webhookFailed,
} from '../observe/delivery-events.ts'
import type { Observer } from '../observe/observer.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { Delivery, Sink } from './delivery.ts'
import type { Takes } from './window.ts'
import { wireEvent } from './wire-event.ts'

export interface WebhookOptions {
  readonly delivery: Delivery
  readonly observer: Observer
  readonly url: string
  /** Sent as Basic auth of `admin`, as Tap does. */
  readonly password: string | null
  /** Requests under way at once. */
  readonly concurrency: number
  /** Attempts before an event becomes a dead letter. Default 16, over about half an hour. */
  readonly attempts?: number
  /** A request may take so long, ms. Default 30000. */
  readonly timeoutMs?: number
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number }
  /** While so many events failed and wait for their next attempt, nothing new is sent. Default 20000. */
  readonly maxRetries?: number
}

/** So many repeats in a row may ask whether the endpoint is back before a new event does. */
const REPEATS = 2

/** The body of an answer may take so long, ms. */
const BODY_MS = 1000

/** An event that failed and waits for its next attempt. It is in flight all the time: its repo's others wait. */
interface Retry {
  readonly row: OutboxRow
  readonly attempts: number
  readonly due: number
}

interface Answer {
  readonly outcome: 'success' | 'refused' | 'unreachable'
  readonly error: string
  readonly retryAfterMs: number
}

/** `POST` of every event to one URL; 2xx takes it. Tap's body and headers. */
export class Webhook implements Sink {
  readonly takes: Takes = 'both'
  readonly #options: WebhookOptions
  readonly #agent: Agent
  readonly #headers: Record<string, string>
  readonly #abort = new AbortController()
  readonly #retries = new DueQueue<Retry>()
  readonly #active = new Set<Promise<void>>()
  /** Failures in a row of the endpoint itself: while it is down, one event at a time asks whether it is back. */
  #down = 0
  #pausedUntil = 0
  /** Requests in a row that were repeats. */
  #repeats = 0
  #timer: NodeJS.Timeout | null = null

  constructor(options: WebhookOptions) {
    this.#options = options
    const { url, password, concurrency, timeoutMs = 30_000 } = options
    this.#agent = new Agent({ connections: concurrency, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
    const target = new URL(url)
    const secret = password ?? (target.password === '' ? null : decodeURIComponent(target.password))
    const user = password === null ? decodeURIComponent(target.username) : 'admin'
    this.#headers = { 'content-type': 'application/json', 'user-agent': 'lextap' }
    if (secret !== null)
      this.#headers.authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`
  }

  start(): void {
    this.#options.delivery.addSink(this)
  }

  /** Ends requests under way; their events are sent again after a restart. */
  async stop(): Promise<void> {
    this.#options.delivery.removeSink(this)
    this.#abort.abort(new DOMException('stopped', 'AbortError'))
    if (this.#timer !== null) clearTimeout(this.#timer)
    await Promise.all(this.#active)
    await this.#agent.destroy()
  }

  ready(): void {
    while (this.#free) {
      const now = Date.now()
      if (now < this.#pausedUntil) {
        this.#wakeAt(this.#pausedUntil)
        return
      }
      const work = this.#next(now)
      if (work === null) break
      this.#run(work)
    }
    // Whoever ends looks again by itself.
    if (this.#free && this.#retries.size > 0) this.#wakeAt(this.#retries.next)
  }

  /**
   * The next request; null for none. While the endpoint is down one event asks for all: others should not use up
   * their attempts. Now and then that is a new one, for those that failed may be what brings it down.
   */
  #next(now: number): Promise<void> | null {
    const down = this.#down > 0
    let row = down && this.#repeats >= REPEATS ? this.#takeNew() : null
    const retry = row === null ? this.#retries.take(down ? Number.POSITIVE_INFINITY : now) : null
    if (retry !== null) {
      this.#repeats++
      return this.#again(retry)
    }
    row ??= this.#takeNew()
    this.#repeats = 0
    return row === null ? null : this.#attempt(row, row.body, 0)
  }

  #takeNew(): OutboxRow | null {
    const { delivery, maxRetries = 20_000 } = this.#options
    return this.#retries.size < maxRetries ? delivery.take('both') : null
  }

  /** Whether another request may begin. */
  get #free(): boolean {
    const most = this.#down > 0 ? 1 : this.#options.concurrency
    return !this.#abort.signal.aborted && this.#active.size < most
  }

  #run(work: Promise<void>): void {
    const run = work
      .catch((err) => outboxTrouble(this.#options.observer, { what: 'webhook', err }))
      .finally(() => {
        this.#active.delete(run)
        this.ready()
      })
    this.#active.add(run)
  }

  /** The body is not kept while an event waits. */
  async #again({ row, attempts }: Retry): Promise<void> {
    let body: string | null
    try {
      body = await this.#options.delivery.body(row)
    } catch {
      // The table cannot be read now: that is not the event's failure.
      this.#retries.add({ row, attempts, due: Date.now() + 1000 })
      return
    }
    if (body === null) this.#options.delivery.ack(row.id)
    else await this.#attempt(row, body, attempts)
  }

  async #attempt(row: OutboxRow, body: string, attempts: number): Promise<void> {
    const answer = await this.#post(wireEvent(row.id, body))
    if (this.#abort.signal.aborted && answer.outcome !== 'success') return
    if (answer.outcome === 'unreachable') this.#pause(answer.retryAfterMs)
    else this.#down = 0
    if (answer.outcome === 'success') {
      eventsTaken(this.#options.observer, 'webhook', 1)
      this.#options.delivery.ack(row.id)
    } else await this.#failed(row, answer, attempts + 1)
  }

  async #failed(row: OutboxRow, { error, retryAfterMs }: Answer, attempts: number): Promise<void> {
    const {
      delivery,
      observer,
      attempts: most = 16,
      backoff = { baseMs: 1000, maxMs: 300_000 },
    } = this.#options
    const facts = { id: row.id, name: row.name, error, attempts }
    if (attempts >= most) {
      try {
        await delivery.fail(row.id, error, attempts)
        eventGivenUp(observer, facts)
        return
      } catch (err) {
        outboxTrouble(observer, { what: 'fail', err })
      }
    }
    const waitMs = Math.max(backoffMs(Math.min(attempts, most) - 1, backoff), retryAfterMs)
    delivery.failing(row.id)
    this.#retries.add({
      row: { ...row, body: '' },
      attempts: Math.min(attempts, most - 1),
      due: Date.now() + waitMs,
    })
    webhookFailed(observer, { ...facts, waitMs })
  }

  #pause(retryAfterMs: number): void {
    const { backoff = { baseMs: 1000, maxMs: 300_000 } } = this.#options
    // Requests that were under way together count as one failure.
    if (Date.now() < this.#pausedUntil) return
    this.#pausedUntil = Date.now() + Math.max(backoffMs(this.#down++, backoff), retryAfterMs)
  }

  async #post(text: string): Promise<Answer> {
    const { observer, url, timeoutMs = 30_000 } = this.#options
    const began = performance.now()
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)])
    eventsSent(observer, 'webhook', 1)
    let answer: Answer
    try {
      const target = new URL(url)
      target.username = ''
      target.password = ''
      const options = {
        method: 'POST',
        headers: this.#headers,
        body: text,
        signal,
        dispatcher: this.#agent,
      } as const
      answer = judge(await request(target, options))
    } catch (error) {
      const message = error instanceof Error ? error.message || error.name : String(error)
      answer = { outcome: 'unreachable', error: message, retryAfterMs: 0 }
    }
    webhookAnswered(observer, answer.outcome, (performance.now() - began) / 1000)
    return answer
  }

  #wakeAt(at: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.ready(), Math.max(1, Math.min(at - Date.now(), 2 ** 31 - 1)))
  }
}

/** 429 and 502 to 504 say that the endpoint cannot take anything; any other answer is about this event. */
function judge(response: Dispatcher.ResponseData): Answer {
  const { statusCode: status, headers } = response
  // Not read, and not kept from being reused either; one that does not end gives its connection back all the same.
  void response.body.dump({ limit: 64 * 1024, signal: AbortSignal.timeout(BODY_MS) }).catch(() => {})
  if (status >= 200 && status < 300) return { outcome: 'success', error: '', retryAfterMs: 0 }
  const after = Number(headers['retry-after'])
  const retryAfterMs = after > 0 ? Math.min(after * 1000, 3_600_000) : 0
  const closed = status === 429 || (status >= 502 && status <= 504)
  return {
    outcome: closed ? 'unreachable' : 'refused',
    error: `the webhook answered ${status}`,
    retryAfterMs,
  }
}
