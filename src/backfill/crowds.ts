import type { Flights } from './flight.ts'
import type { Hosts } from './hosts.ts'
import type { Queues, Ready } from './queues.ts'

export interface CrowdsDeps {
  readonly queues: Queues
  readonly flights: Flights
  readonly hosts: Hosts
  /** Repos fetched at once, in all and from one host. */
  readonly concurrency: number
  readonly perHost: number
  /** All repos come from one host: then there is nothing to share fairly. */
  readonly oneHost: boolean
  /** Gives repos back to the table, due at once. */
  readonly giveBack: (repos: readonly Ready[]) => Promise<void>
}

/** Nobody else had work when queues were cut last: not again for so long, ms. */
const CUT_AGAIN_MS = 5_000

/** Hosts of which more repos were claimed than they can serve: nothing more of them is claimed until they are worked off. */
export class Crowds {
  readonly #deps: CrowdsDeps
  readonly #crowded = new Set<string>()
  #cutAfter = 0

  constructor(deps: CrowdsDeps) {
    this.#deps = deps
  }

  /**
   * Workers are free and the queues full: of hosts that are at their limit. What they have too much of goes back to
   * the table, so that other hosts' repos can be claimed.
   */
  async cut(now: number): Promise<void> {
    const { queues, flights, hosts, concurrency, perHost, oneHost, giveBack } = this.#deps
    if (oneHost || flights.busy >= concurrency || now < this.#cutAfter) return
    const silent = flights.silentHosts()
    for (const host of queues.hosts) {
      // It takes more as soon as it answers.
      if (hosts.recordOf(host) === 'new' && !silent.has(host)) continue
      const surplus = queues.cut(host, this.#isStuck(host, silent, now) ? 0 : perHost)
      if (surplus.length === 0) continue
      this.#crowded.add(host)
      await giveBack(surplus)
    }
  }

  /** The hosts of which nothing is to be claimed now. */
  skipped(now: number): string[] {
    const { queues, flights, perHost } = this.#deps
    const silent = flights.silentHosts()
    for (const host of this.#crowded) {
      const few = queues.sizeOf(host) < perHost
      if (few && !this.#isStuck(host, silent, now)) this.#crowded.delete(host)
    }
    return [...this.#crowded]
  }

  /** Nothing else was due: cutting gains nothing for a while. */
  alone(now: number): void {
    if (this.#crowded.size > 0) this.#cutAfter = now + CUT_AGAIN_MS
  }

  /** At its limit with fetches that hear nothing: who knows when it takes more. */
  #isStuck(host: string, silent: ReadonlySet<string>, now: number): boolean {
    return silent.has(host) && !this.#deps.hosts.free(host, now)
  }
}
