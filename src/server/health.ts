/** How far the work has come. */
export interface Progress {
  /** Things begun and not finished. */
  readonly open: number
  /** Another value whenever something was finished. */
  readonly done: string
  /** What it is right to wait for (a full outbox, an unreachable database), or null. */
  readonly waitingFor: string | null
}

export type Verdict =
  | { readonly ok: true; readonly waitingFor: string | null }
  | { readonly ok: false; readonly reason: string }

export interface HealthOptions {
  readonly progress: () => Progress
  /** Work may stand still so long, ms. Default 120000. */
  readonly stuckMs?: number
  readonly now?: () => number
}

/** Sick is: something is to be done, nothing is done, and nobody outside is to blame. */
export class Health {
  readonly #options: HealthOptions
  #done = ''
  #since: number
  #timer: NodeJS.Timeout | null = null

  constructor(options: HealthOptions) {
    this.#options = options
    this.#since = this.#now()
  }

  /** Looks every second, or work that ended between two questions would look like none. */
  start(): void {
    this.#timer ??= setInterval(() => void this.check(), 1000)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  check(): Verdict {
    const { progress, stuckMs = 120_000 } = this.#options
    const { open, done, waitingFor } = progress()
    const now = this.#now()
    if (open === 0 || done !== this.#done || waitingFor !== null) {
      this.#done = done
      this.#since = now
      return { ok: true, waitingFor }
    }
    const forMs = now - this.#since
    if (forMs < stuckMs) return { ok: true, waitingFor: null }
    return {
      ok: false,
      reason: `nothing was finished for ${Math.round(forMs / 1000)} s while ${open} things are under way`,
    }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }
}
