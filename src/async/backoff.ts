import { sleep } from './signal.ts'

export interface BackoffOptions {
  /** First delay, ms. */
  readonly baseMs: number
  /** Longest delay, ms. */
  readonly maxMs: number
  /** Growth per attempt. Default 2. */
  readonly factor?: number
  /** Share of the delay that is random: 0 none, 0.5 (default) between half and the whole. */
  readonly jitter?: number
  /** Default `Math.random`. */
  readonly random?: () => number
}

/** Delay in ms before attempt `attempt + 1` (0 for the first failure): exponential, capped, jittered downwards. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { baseMs, maxMs, factor = 2, jitter = 0.5, random = Math.random } = options
  // factor ** attempt overflows to Infinity for large attempts, which min() turns into the cap.
  const full = Math.min(maxMs, baseMs * factor ** Math.max(0, attempt))
  return Math.round(full * (1 - jitter * random()))
}

/** Counts consecutive failures. `reset` after a success; `wait` sleeps the next delay. */
export class Backoff {
  readonly #options: BackoffOptions
  #attempt = 0

  constructor(options: BackoffOptions) {
    this.#options = options
  }

  /** Failures since the last `reset`. */
  get attempt(): number {
    return this.#attempt
  }

  /** The next delay in ms; counts one failure. */
  next(): number {
    return backoffMs(this.#attempt++, this.#options)
  }

  reset(): void {
    this.#attempt = 0
  }

  /** Sleeps the next delay, or `atLeastMs` when a host asked for more (never beyond the option `maxMs`). */
  wait(signal?: AbortSignal, atLeastMs = 0): Promise<void> {
    return sleep(Math.max(this.next(), Math.min(atLeastMs, this.#options.maxMs)), signal)
  }
}
