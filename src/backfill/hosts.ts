import type { Observer } from '../observe/observer.ts'
import { hostPaused } from '../observe/sync-events.ts'

interface Host {
  running: number
  failures: number
  pausedUntil: number
}

/**
 * What each host can bear: repos fetched at once, and pauses it asked for (429, Retry-After, rate-limit
 * headers) or earned (5xx, unreachable). A pause is the host's state, never a repo's failure (rule F8).
 */
export class Hosts {
  readonly #perHost: number
  readonly #observer: Observer
  readonly #pauseMs: { readonly first: number; readonly longest: number }
  readonly #hosts = new Map<string, Host>()

  constructor(
    perHost: number,
    observer: Observer,
    pauseMs: { readonly first: number; readonly longest: number } = { first: 5_000, longest: 600_000 },
  ) {
    this.#perHost = perHost
    this.#observer = observer
    this.#pauseMs = pauseMs
  }

  /** Whether one more fetch may start now. */
  free(host: string, now: number): boolean {
    const state = this.#hosts.get(host)
    return state === undefined || (state.running < this.#perHost && state.pausedUntil <= now)
  }

  /** Until when the host is left alone; 0 when it is not. */
  pausedUntil(host: string): number {
    return this.#hosts.get(host)?.pausedUntil ?? 0
  }

  enter(host: string): void {
    this.#get(host).running++
  }

  /** A fetch ended well or in a way that says nothing of the host. */
  leave(host: string, answered: boolean): void {
    const state = this.#get(host)
    state.running--
    if (answered) state.failures = 0
    if (state.running === 0 && state.failures === 0 && state.pausedUntil <= Date.now())
      this.#hosts.delete(host)
  }

  /** The host asked for rest or failed. `askedMs` is clamped to an hour; without it the pause doubles from the first. */
  pause(host: string, reason: string, askedMs: number | null, now: number): void {
    const state = this.#get(host)
    state.failures++
    const { first, longest } = this.#pauseMs
    const own = Math.min(first * 2 ** Math.min(state.failures - 1, 20), longest) * (0.75 + Math.random() / 2)
    const forMs = askedMs === null ? own : Math.min(Math.max(askedMs, Math.min(first, 1_000)), 3_600_000)
    if (now + forMs <= state.pausedUntil) return
    state.pausedUntil = now + forMs
    hostPaused(this.#observer, { host, reason, forMs })
  }

  #get(host: string): Host {
    let state = this.#hosts.get(host)
    if (state === undefined) {
      state = { running: 0, failures: 0, pausedUntil: 0 }
      this.#hosts.set(host, state)
    }
    return state
  }
}
