/** The batch that ended last. */
export interface LastBatch {
  /** It was several pieces of live work. */
  readonly company: boolean
  /** Ms of the steady clock. */
  readonly endedAt: number
}

/** How far apart transactions of live work stand, ms, and how many pieces are worth one at once. */
const PAUSE_MS = 4
const ENOUGH = 128

/**
 * Ms until the next batch should begin; 0 or less: now. A transaction costs what ten commits in it do, so live work
 * that comes in company waits a little for more of it, while the thread verifies the next ones. What comes alone,
 * and what is historical, does not wait.
 */
export function pauseBefore(
  last: LastBatch,
  waiting: { readonly live: boolean; readonly works: number },
  now: number,
): number {
  if (!last.company || !waiting.live || waiting.works >= ENOUGH) return 0
  return last.endedAt + PAUSE_MS - now
}
