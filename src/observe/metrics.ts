import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Metrics made on first use, one registry for each running tap. Labels stay low in cardinality: never a DID. */
export class Metrics {
  readonly registry: Registry = new Registry()
  readonly #made = new Map<string, Counter | Gauge | Histogram>()

  #get<T extends Counter | Gauge | Histogram>(name: string, make: () => T): T {
    let metric = this.#made.get(name) as T | undefined
    if (metric === undefined) {
      metric = make()
      this.#made.set(name, metric)
    }
    return metric
  }

  count(name: string, help: string, labels: Record<string, string> = {}, by = 1): void {
    const registers = [this.registry]
    this.#get(name, () => new Counter({ name, help, labelNames: Object.keys(labels), registers })).inc(
      labels,
      by,
    )
  }

  /** The values of a counter by label set; empty while nothing was counted. */
  async values(name: string): Promise<{ labels: Record<string, string>; value: number }[]> {
    const metric = this.#made.get(name)
    if (!(metric instanceof Counter)) return []
    const { values } = await metric.get()
    return values.map(({ labels, value }) => ({ labels: labels as Record<string, string>, value }))
  }

  gauge(name: string, help: string, value: number, labels: Record<string, string> = {}): void {
    const registers = [this.registry]
    this.#get(name, () => new Gauge({ name, help, labelNames: Object.keys(labels), registers })).set(
      labels,
      value,
    )
  }

  /** Seconds. */
  time(name: string, help: string, seconds: number, labels: Record<string, string> = {}): void {
    const registers = [this.registry]
    this.#get(
      name,
      () =>
        new Histogram({
          name,
          help,
          labelNames: Object.keys(labels),
          registers,
          buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
        }),
    ).observe(labels, seconds)
  }
}
