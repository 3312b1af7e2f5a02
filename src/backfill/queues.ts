import type { RepoRow } from '../store/repo-row.ts'
import type { Resolved } from './claims.ts'

/** A repo whose account is known, waiting for its host. */
export interface Ready {
  readonly row: RepoRow
  readonly identity: Resolved
}

/** Repos that are ready to be fetched, by host. The hosts take turns. */
export class Queues {
  readonly #queues = new Map<string, Ready[]>()
  #size = 0

  /** Repos in all queues. */
  get size(): number {
    return this.#size
  }

  get hosts(): string[] {
    return [...this.#queues.keys()]
  }

  sizeOf(host: string): number {
    return this.#queues.get(host)?.length ?? 0
  }

  add(host: string, ready: Ready): void {
    const queue = this.#queues.get(host)
    if (queue === undefined) this.#queues.set(host, [ready])
    else queue.push(ready)
    this.#size++
  }

  /** The longest waiting repo of a host. */
  next(host: string): Ready | undefined {
    return this.cut(host, 0, 1)[0]
  }

  /** Takes out `count` repos of a host (default: all) behind the first `keep`. */
  cut(host: string, keep: number, count: number = Number.POSITIVE_INFINITY): Ready[] {
    const queue = this.#queues.get(host)
    const taken = queue?.splice(keep, count) ?? []
    if (queue?.length === 0) this.#queues.delete(host)
    this.#size -= taken.length
    return taken
  }
}
