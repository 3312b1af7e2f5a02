export type ServiceState = 'new' | 'running' | 'stopping' | 'stopped'

/**
 * A long-lived loop with a defined beginning and end, used once. `start` twice, `stop` twice, `stop` before
 * `start` and `start` after `stop` are all fine and mean what they say.
 */
export class Service {
  /**
   * Resolves when the loop ended, by `stop` or by itself; rejects with the error that ended it. An error
   * while stopping counts as stopped when it is the abort itself.
   */
  readonly done: Promise<void>
  readonly #run: (signal: AbortSignal) => Promise<void>
  readonly #controller = new AbortController()
  readonly #settle: { resolve: () => void; reject: (error: unknown) => void }
  #state: ServiceState = 'new'

  constructor(run: (signal: AbortSignal) => Promise<void>) {
    this.#run = run
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.done = promise
    this.#settle = { resolve, reject }
  }

  get state(): ServiceState {
    return this.#state
  }

  /** Aborts when the service is asked to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  start(): void {
    if (this.#state !== 'new') return
    this.#state = 'running'
    void this.#loop()
  }

  /** Asks the loop to end and waits until it did. Never rejects: `done` has the error. */
  async stop(): Promise<void> {
    if (this.#state === 'new') {
      this.#state = 'stopped'
      this.#settle.resolve()
    }
    if (this.#state === 'running') this.#state = 'stopping'
    this.#controller.abort(new DOMException('stopped', 'AbortError'))
    await this.done.catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #loop(): Promise<void> {
    try {
      await this.#run(this.#controller.signal)
      this.#state = 'stopped'
      this.#settle.resolve()
    } catch (error) {
      this.#state = 'stopped'
      if (this.signal.aborted && error === this.signal.reason) this.#settle.resolve()
      else this.#settle.reject(error)
    }
  }
}
