/** What the network's process and the indexer's have in common. */

/** Steady and the same for all processes of the machine, ms. */
export const machineNow = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

const LETTERS: Readonly<Record<string, string>> = { 0: 'w', 1: 'x', 8: 'y', 9: 'z' }

/** The n-th account that is nobody's. */
export const strangerDid = (n: number): string =>
  `did:plc:${n
    .toString(32)
    .padStart(24, '0')
    .replaceAll(/[0189]/g, (digit) => LETTERS[digit] as string)}`
