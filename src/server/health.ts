/** How far one kind of work has come. */
export interface Progress {
  /** Things begun and not finished. */
  readonly open: number
  /** Another value whenever something was finished. */
  readonly done: string
  /** What it is right to wait for (a full outbox), or null. */
  readonly waitingFor: string | null
  /** The work may stand still so long, ms. */
  readonly stuckMs: number
}
export type Probe = () => Progress

export type Verdict =
  | { readonly ok: true; readonly waitingFor: string | null }
  | { readonly ok: false; readonly reason: string }

export interface HealthOptions {
  /** By name of the work. */
  readonly probes: Readonly<Record<string, Probe>>
  /** ms. Default `performance.now`. */
  readonly now?: () => number
}

/** Sick is: something is to be done, nothing is done, and nobody outside is to blame. */
export class Health {
  readonly #probes: readonly (readonly [string, Probe])[]
  readonly #now: () => number
  /** When each work last moved, and what it had done by then. */
  readonly #last = new Map<string, { done: string; at: number }>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: HealthOptions) {
    this.#probes = Object.entries(options.probes)
    this.#now = options.now ?? (() => performance.now())
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
    let waitingFor: string | null = null
    const stuck: string[] = []
    for (const [name, probe] of this.#probes) {
      const progress = probe()
      waitingFor ??= progress.waitingFor
      const forMs = this.#still(name, progress)
      if (forMs < progress.stuckMs) continue
      stuck.push(
        `${name}: nothing was finished for ${Math.round(forMs / 1000)} s, ${progress.open} under way`,
      )
    }
    return stuck.length === 0 ? { ok: true, waitingFor } : { ok: false, reason: stuck.join('; ') }
  }

  /** How long work has been waiting without moving. */
  #still(name: string, { open, done, waitingFor }: Progress): number {
    const now = this.#now()
    const last = this.#last.get(name)
    if (last !== undefined && open > 0 && done === last.done && waitingFor === null) return now - last.at
    this.#last.set(name, { done, at: now })
    return 0
  }
}
