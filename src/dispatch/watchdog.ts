import { LextapError } from '../errors.ts'

/** A handler call took longer than it may. */
export class HandlerTimeout extends LextapError {
  override readonly name = 'HandlerTimeout'
  constructor(timeoutMs: number) {
    super(`the handler did not finish in ${timeoutMs} ms; option=handling.timeoutMs`, {
      code: 'handler-timeout',
    })
  }
}

/**
 * One timer for many calls: calls come by the hundred thousand a second, and a timer for each would cost
 * more than most handlers. A call is found out between one and two times the limit late at most.
 */
export class Watchdog {
  /** Rejects when a call is overdue. */
  readonly expired: Promise<never>
  readonly #timeoutMs: number
  readonly #reject: (error: HandlerTimeout) => void
  #timer: NodeJS.Timeout | null
  #since = 0
  #calling = false

  constructor(timeoutMs: number) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    this.expired = promise
    this.#reject = reject
    this.#timeoutMs = timeoutMs
    this.#timer = setTimeout(this.#look, timeoutMs)
  }

  enter(): void {
    this.#since = performance.now()
    this.#calling = true
  }
  leave(): void {
    this.#calling = false
  }

  readonly #look = (): void => {
    const passed = this.#calling ? performance.now() - this.#since : 0
    // Timers may fire a fraction of a millisecond early by the other clock.
    if (passed >= this.#timeoutMs - 1) this.#reject(new HandlerTimeout(this.#timeoutMs))
    else this.#timer = setTimeout(this.#look, this.#timeoutMs - passed)
  };

  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
