/** One row of the bench table; `bench/results.json` holds them by id. */
export interface Figure {
  readonly id: string
  /** Median of the rounds. */
  readonly value: number
  readonly unit: string
  /** What it should reach, as text for the table. */
  readonly target: string
  /** Lowest and highest of the rounds. */
  readonly spread: readonly [number, number]
  /** The same work by others: name → value, in the same unit. */
  readonly peers: Readonly<Record<string, number>>
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** How often everything is measured. `BENCH_ROUNDS=1` for a quick look. */
export const ROUNDS: number = Number(process.env.BENCH_ROUNDS ?? 3)
