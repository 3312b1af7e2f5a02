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

const UNITS: Readonly<Record<string, number>> = { k: 1000, '': 1 }

/**
 * Whether the target is not reached: `>= 28 k`, `<= 5 s`, `>= 12x Tap` (of the first one beside it), `90 to 110: …`;
 * several with commas between. Texts without a number are nobody's target.
 */
export function missed({ value, target, peers }: Omit<Figure, 'id' | 'unit' | 'spread'>): boolean {
  const peer = Object.values(peers)[0] ?? Number.NaN
  const band = /^(\d+) to (\d+):/.exec(target)
  if (band !== null) return value < Number(band[1]) || value > Number(band[2])
  const said = target.replace(/\(.*\)/, '').replaceAll(/(\d),(\d{3})/g, '$1$2')
  return [...said.matchAll(/([<>])= ([\d.]+) ?(k|x)?/g)].some(([, sign, number, unit = '']) => {
    const bound = Number(number) * (unit === 'x' ? peer : (UNITS[unit] ?? 1))
    return sign === '<' ? value > bound : value < bound
  })
}

/** How often everything is measured. `BENCH_ROUNDS=1` for a quick look. */
export const ROUNDS: number = Number(process.env.BENCH_ROUNDS ?? 3)
