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
}

/** What is left to fetch; estimates are null before anything can be said. */
export interface Estimate {
  readonly repos: number
  /** As many as the repos fetched so far had. */
  readonly records: number | null
  readonly bytes: number | null
  /** At the speed of the last minute, ms. */
  readonly etaMs: number | null
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

  /** What `repos` more will bring and take. */
  estimate(repos: number, now: number): Estimate {
    const { perSecond } = this.report(now)
    const mean = (total: number) => (this.done === 0 ? null : Math.round((total / this.done) * repos))
    const etaMs =
      repos === 0
        ? 0
        : perSecond === null || perSecond.repos === 0
          ? null
          : Math.round((repos / perSecond.repos) * 1000)
    return { repos, records: mean(this.#finished.records), bytes: mean(this.#finished.bytes), etaMs }
  }
}
