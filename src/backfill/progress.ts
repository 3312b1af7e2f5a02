/** What was fetched so far, and how fast. */
export interface FetchProgress {
  /** Repos fetched, fetches that failed. */
  readonly done: number
  readonly failed: number
  /** Read from repos, also from those that are not through yet. */
  readonly records: number
  readonly bytes: number
  /** Over the last minute at most; null before anything can be said. */
  readonly perSecond: { readonly repos: number; readonly records: number; readonly bytes: number } | null
  /** Of the repos fetched so far; null before the first. */
  readonly mean: { readonly records: number; readonly bytes: number } | null
}

/** What the scheduler is at, for status pages. */
export interface SchedulerProgress extends FetchProgress {
  /** Under way; `idle` of them wait for a silent host and take up no place. */
  readonly fetching: number
  readonly idle: number
  /** Claimed: being looked up, or in the queue of their host. */
  readonly waiting: number
  /** Hosts that are silent, paused or failed last time, and the repos of ours that wait for them. */
  readonly stuck: { readonly hosts: number; readonly repos: number }
}

/** What is left to fetch; estimates are null before anything can be said. */
export interface Estimate {
  readonly repos: number
  /** As many as the repos fetched so far had. */
  readonly records: number | null
  readonly bytes: number | null
  /**
   * At the speed of the last minute, ms; of what waits for nobody. Null while nothing moves, and when all that is left
   * waits for hosts.
   */
  readonly etaMs: number | null
  /** Those that wait for a host or for their time, and the hosts. */
  readonly waiting: { readonly repos: number; readonly hosts: number }
  /** Not among the `repos`: their last fetch failed, and they are tried again when their time comes. */
  readonly failing: number
}

interface Sample {
  readonly at: number
  readonly repos: number
  readonly records: number
  readonly bytes: number
}

const WINDOW_MS = 60_000
const SAMPLE_MS = 1_000

/** Counts what fetches bring, and remembers the last minute of it. */
export class Progress {
  done = 0
  failed = 0
  records = 0
  bytes = 0
  /** Of whole repos, for the mean size of one. */
  #finished = { records: 0, bytes: 0 }
  #samples: Sample[] = []

  finished(records: number, bytes: number): void {
    this.done++
    this.#finished.records += records
    this.#finished.bytes += bytes
  }

  /** Call now and then; one sample a second is kept. */
  sample(now: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && now - last.at < SAMPLE_MS) return
    this.#samples.push({ at: now, repos: this.done, records: this.records, bytes: this.bytes })
    if (now - (this.#samples[0]?.at ?? now) > WINDOW_MS) this.#samples.shift()
  }

  report(now: number): FetchProgress {
    const { done, failed, records, bytes } = this
    const first = this.#samples[0]
    const seconds = first === undefined ? 0 : (now - first.at) / 1000
    const rate = (before: number, after: number) => (after - before) / seconds
    return {
      ...{ done, failed, records, bytes },
      mean:
        done === 0 ? null : { records: this.#finished.records / done, bytes: this.#finished.bytes / done },
      perSecond:
        first === undefined || seconds < 1
          ? null
          : {
              repos: rate(first.repos, done),
              records: rate(first.records, records),
              bytes: rate(first.bytes, bytes),
            },
    }
  }
}

/** Repos that are to be fetched, of those the ones that are not due yet, and besides those that failed. */
export interface Left {
  readonly repos: number
  readonly postponed: number
  readonly failing: number
}

/** What `repos` more will bring and take, `postponed` of which are not due yet. Pure. */
export function estimate(
  { perSecond, mean, stuck }: Pick<SchedulerProgress, 'perSecond' | 'mean' | 'stuck'>,
  { repos, postponed, failing }: Left,
): Estimate {
  const waiting = { repos: Math.min(repos, postponed + stuck.repos), hosts: stuck.hosts }
  const moving = repos - waiting.repos
  const rate = perSecond?.repos ?? 0
  const of = (each: number | undefined) => (each === undefined ? null : Math.round(each * repos))
  const etaMs = repos === 0 ? 0 : moving === 0 || rate === 0 ? null : Math.round((moving / rate) * 1000)
  return { repos, records: of(mean?.records), bytes: of(mean?.bytes), etaMs, waiting, failing }
}
