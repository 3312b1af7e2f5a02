import type { Observer } from '../observe/observer.ts'
import { hostPaused } from '../observe/sync-events.ts'
import type { RateLimit } from '../protocol/xrpc-error.ts'

interface Host {
  running: number
  /** Since it last failed, or since we first asked it. */
  answered: boolean
  failures: number
  pausedUntil: number
  /** Requests left until `resetAt`, as the host told; null when it tells nothing. */
  tokens: number | null
  resetAt: number
}

/** `new` has not answered yet · `good` did · `bad` failed last time. */
export type HostRecord = 'new' | 'good' | 'bad'

/**
 * What each host can bear: one repo until it answers, then repos fetched at once, the request budget it tells of, and pauses it asked for (429,
 * Retry-After) or earned (5xx, unreachable). None of it is ever a repo's failure (rule F8).
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
    if (state === undefined) return true
    const most = state.answered ? this.#perHost : 1
    return state.running < most && state.pausedUntil <= now && !spent(state, now)
  }

  recordOf(host: string): HostRecord {
    const state = this.#hosts.get(host)
    if (state === undefined) return 'new'
    return state.answered ? 'good' : state.failures > 0 ? 'bad' : 'new'
  }

  /** Until when the host is left alone; 0 when it is not. */
  pausedUntil(host: string): number {
    const state = this.#hosts.get(host)
    if (state === undefined) return 0
    return spent(state, Date.now()) ? Math.max(state.pausedUntil, state.resetAt) : state.pausedUntil
  }

  /** Hosts that are paused, or failed last time. */
  troubled(now: number): string[] {
    return [...this.#hosts].flatMap(([host, state]) =>
      state.pausedUntil > now || spent(state, now) || (state.failures > 0 && !state.answered) ? [host] : [],
    )
  }

  enter(host: string): void {
    const state = this.#get(host)
    state.running++
    if (state.tokens !== null) state.tokens--
  }

  /** The host answers, and may tell what is left of our budget. Whether that is new of it. */
  told(host: string, limit: RateLimit | null): boolean {
    const state = this.#get(host)
    const isNew = !state.answered
    state.answered = true
    if (limit !== null && limit.remaining !== null && limit.resetAt !== null) {
      state.tokens = limit.remaining
      state.resetAt = limit.resetAt
    }
    return isNew
  }

  /** A fetch ended well or in a way that says nothing of the host. */
  leave(host: string, answered: boolean): void {
    const state = this.#get(host)
    const now = Date.now()
    state.running--
    if (answered) {
      state.failures = 0
      state.answered = true
    }
    const told = state.tokens !== null && state.resetAt > now
    if (state.running === 0 && state.failures === 0 && state.pausedUntil <= now && !told)
      this.#hosts.delete(host)
  }

  /** The host asked for rest or failed. `askedMs` is clamped to an hour; without it the pause doubles from the first. */
  pause(host: string, reason: string, askedMs: number | null, now: number): void {
    const state = this.#get(host)
    state.failures++
    state.answered = false
    const { first, longest } = this.#pauseMs
    const own = Math.min(first * 2 ** Math.min(state.failures - 1, 20), longest) * (0.75 + Math.random() / 2)
    const forMs = askedMs === null ? own : Math.min(Math.max(askedMs, Math.min(first, 1_000)), 3_600_000)
    state.pausedUntil = now + forMs
    hostPaused(this.#observer, { host, reason, forMs })
  }

  #get(host: string): Host {
    let state = this.#hosts.get(host)
    if (state === undefined) {
      state = { running: 0, answered: false, failures: 0, pausedUntil: 0, tokens: null, resetAt: 0 }
      this.#hosts.set(host, state)
    }
    return state
  }
}

/** The budget is used up and not given anew yet. */
const spent = ({ tokens, resetAt }: Host, now: number) => tokens !== null && tokens <= 0 && resetAt > now
