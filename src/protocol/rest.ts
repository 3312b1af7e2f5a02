import { IdentityError } from './did-fetch.ts'
import { askedWait, XrpcError } from './xrpc-error.ts'

/** Failures in a row after which a directory is left alone though it did not ask for it. */
const MOST_FAILURES = 3

/** When a directory that everybody's look-ups go to is to be left alone: it said so, or it fails (rule F8). */
export class Rest {
  readonly #firstMs: number
  readonly #longestMs: number
  #failures = 0
  #until = 0

  /** First and longest rest of a directory that does not say how long, ms; each is twice the one before. */
  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** Ms since the epoch; 0 when it may be asked. */
  get until(): number {
    return this.#until
  }

  answered(): void {
    this.#failures = 0
    this.#until = 0
  }

  /** It did not answer well. What it says of one account is an answer. */
  failed(error: unknown, now: number): void {
    if (!(error instanceof IdentityError) || !error.retry) return
    const { cause } = error
    const limited = cause instanceof XrpcError && cause.status === 429
    this.#failures++
    // Those that were under way when the rest began say nothing new.
    if (now < this.#until) return
    const asked = cause instanceof XrpcError ? askedWait(cause, now) : null
    const times = this.#failures - (limited ? 1 : MOST_FAILURES)
    if (asked === null && times < 0) return
    const own = Math.min(this.#firstMs * 2 ** Math.min(times, 20), this.#longestMs)
    this.#until = now + (asked ?? own * (0.75 + Math.random() / 2))
  }
}
