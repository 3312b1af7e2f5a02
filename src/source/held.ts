/** Counts what was received and is not done; the reader waits while it is too much. */
export class Held {
  readonly #max: number
  #size = 0
  #wake: (() => void) | null = null

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  add(): void {
    this.#size++
  }

  done(count: number): void {
    this.#size -= count
    // Not at the first free place: reading and waiting would take turns event by event.
    if (this.#size * 2 <= this.#max) this.#wake?.()
  }

  /** Resolves when there is room, or when the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    if (this.#size < this.#max || signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#wake = null
  }
}
