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

/** Batches that hold work of a repo. */
interface Running {
  batches: number
  /** All of it may run beside more of its kind. */
  apart: boolean
}

/**
 * Gathers work of many repos into batches. Work of one repo stays in order and is never in two batches at
 * once, but for chunks of one fetch, which may be in several. Live work goes first, but historical work gets
 * every second turn while both wait.
 */
export class Gatherer {
  readonly #limits: BatchLimits
  readonly #lines = new Map<number, Line>()
  /** Lines that may be taken from, by the kind of their head, oldest first. */
  readonly #ready: { live: Set<Line>; historical: Set<Line> } = { live: new Set(), historical: new Set() }
  readonly #running = new Map<number, Running>()
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

  /** Whether all that is ready is live. */
  get isLive(): boolean {
    return this.#ready.live.size > 0 && this.#ready.historical.size === 0
  }

  push(work: Work): void {
    let line = this.#lines.get(work.repoId)
    if (line === undefined) {
      line = { repoId: work.repoId, works: [] }
      this.#lines.set(work.repoId, line)
    }
    line.works.push(work)
    this.#size++
    if (line.works.length === 1) this.#makeReady(line)
  }

  /** The next batch; `done` gives its repos free. Empty when nothing is ready. */
  take(): Work[] {
    const { live, historical } = this.#ready
    const turn = live.size > 0 && (historical.size === 0 || !this.#lastWasLive) ? live : historical
    this.#lastWasLive = turn === live
    const batch: Work[] = []
    let ops = 0
    for (const line of turn) {
      const from = batch.length
      let fits = true
      for (
        let head = line.works[0];
        head !== undefined && this.#mayTake(line, head, turn === live);
        head = line.works[0]
      ) {
        fits = batch.length < this.#limits.maxWorks && ops + head.size <= this.#limits.maxOps
        // One that is too big for any batch goes alone.
        if (!fits && batch.length > 0) break
        batch.push(head)
        ops += head.size
        line.works.shift()
      }
      this.#took(line, batch.slice(from))
      if (!fits) break
    }
    this.#size -= batch.length
    return batch
  }

  #mayTake(line: Line, head: Work, live: boolean): boolean {
    if (head.live !== live) return false
    const running = this.#running.get(line.repoId)
    return running === undefined || (running.apart && head.apart)
  }

  #took(line: Line, works: readonly Work[]): void {
    if (works.length === 0) return
    const running = this.#running.get(line.repoId) ?? { batches: 0, apart: true }
    running.batches++
    running.apart &&= works.every((work) => work.apart)
    this.#running.set(line.repoId, running)
    this.#ready.live.delete(line)
    this.#ready.historical.delete(line)
    this.#makeReady(line)
  }

  /** The batch has ended, however it did. */
  done(batch: readonly Work[]): void {
    for (const repoId of new Set(batch.map((work) => work.repoId))) {
      const running = this.#running.get(repoId)
      if (running !== undefined && --running.batches === 0) this.#running.delete(repoId)
      const line = this.#lines.get(repoId)
      if (line === undefined) continue
      if (line.works.length > 0) this.#makeReady(line)
      else if (!this.#running.has(repoId)) this.#lines.delete(repoId)
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

  /** Puts a line where it can be taken from, when its head may go now. */
  #makeReady(line: Line): void {
    const head = line.works[0]
    if (head !== undefined && this.#mayTake(line, head, head.live)) {
      this.#ready[head.live ? 'live' : 'historical'].add(line)
    }
  }
}
