import type { Work } from './work.ts'

export interface BatchLimits {
  readonly maxWorks: number
  readonly maxOps: number
}

/** What waits of one repo, in order of submission. */
interface Line {
  readonly repoId: number
  readonly works: Work[]
}

/**
 * Gathers work of many repos into batches. Work of one repo stays in order and is never in two batches at
 * once; live work goes first, but historical work gets every second turn while both wait.
 */
export class Gatherer {
  readonly #limits: BatchLimits
  readonly #lines = new Map<number, Line>()
  /** Lines that may be taken from, by the kind of their head, oldest first. */
  readonly #ready: { live: Set<Line>; historical: Set<Line> } = { live: new Set(), historical: new Set() }
  readonly #running = new Set<number>()
  #lastWasLive = false
  #size = 0

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  /** Works that wait, not counting those in a batch. */
  get size(): number {
    return this.#size
  }

  get hasReady(): boolean {
    return this.#ready.live.size > 0 || this.#ready.historical.size > 0
  }

  push(work: Work): void {
    let line = this.#lines.get(work.repoId)
    if (line === undefined) {
      line = { repoId: work.repoId, works: [] }
      this.#lines.set(work.repoId, line)
    }
    line.works.push(work)
    this.#size++
    if (line.works.length === 1 && !this.#running.has(line.repoId)) this.#makeReady(line)
  }

  /** The next batch; its repos are busy until `done`. Empty when nothing is ready. */
  take(): Work[] {
    const { live, historical } = this.#ready
    const turn = live.size > 0 && (historical.size === 0 || !this.#lastWasLive) ? live : historical
    this.#lastWasLive = turn === live
    const batch: Work[] = []
    let ops = 0
    for (const line of turn) {
      const isLive = turn === live
      for (let head = line.works[0]; head !== undefined && head.live === isLive; head = line.works[0]) {
        // One that is too big for any batch goes alone.
        if (
          batch.length > 0 &&
          (batch.length >= this.#limits.maxWorks || ops + head.size > this.#limits.maxOps)
        ) {
          return this.#taken(batch)
        }
        batch.push(head)
        ops += head.size
        line.works.shift()
        this.#running.add(line.repoId)
        turn.delete(line)
      }
    }
    return this.#taken(batch)
  }

  #taken(batch: Work[]): Work[] {
    this.#size -= batch.length
    return batch
  }

  /** The batch has ended, however it did. */
  done(batch: readonly Work[]): void {
    for (const { repoId } of batch) {
      if (!this.#running.delete(repoId)) continue
      const line = this.#lines.get(repoId)
      if (line === undefined) continue
      if (line.works.length === 0) this.#lines.delete(repoId)
      else this.#makeReady(line)
    }
  }

  /** Everything that waits, taken out for good. */
  drain(): Work[] {
    const all = [...this.#lines.values()].flatMap((line) => line.works.splice(0))
    this.#ready.live.clear()
    this.#ready.historical.clear()
    this.#lines.clear()
    this.#size = 0
    return all
  }

  #makeReady(line: Line): void {
    this.#ready[line.works[0]?.live === true ? 'live' : 'historical'].add(line)
  }
}
