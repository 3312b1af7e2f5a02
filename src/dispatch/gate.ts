/** Many may be inside together, or one alone. Whoever wants to be alone waits for those inside and holds up newcomers. */
export class Gate {
  #inside = 0
  #alone = false
  readonly #waiting: { alone: boolean; enter: () => void }[] = []

  async run<T>(alone: boolean, fn: () => Promise<T>): Promise<T> {
    await this.#enter(alone)
    try {
      return await fn()
    } finally {
      this.#inside--
      this.#alone = false
      this.#admit()
    }
  }

  #enter(alone: boolean): Promise<void> {
    return new Promise((enter) => {
      this.#waiting.push({ alone, enter })
      this.#admit()
    })
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#alone || (next.alone && this.#inside > 0)) return
      this.#waiting.shift()
      this.#inside++
      this.#alone = next.alone
      next.enter()
    }
  }
}
