/** First come, first served. SQLite and PGlite have one connection that everybody shares. */
export class Mutex {
  #tail: Promise<void> = Promise.resolve()

  /** Resolves to the function that gives the turn on. */
  async lock(): Promise<() => void> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = promise
    await before
    return resolve
  }

  async run<T>(fn: () => T | Promise<T>): Promise<T> {
    const unlock = await this.lock()
    try {
      return await fn()
    } finally {
      unlock()
    }
  }
}
