import { Flights, IDLE_MS } from './flight.ts'

/**
 * A look-up that takes longer gives its place to others, ms. Whoever is known by then is not kept waiting by a directory
 * or a host that is slow.
 */
export const SLOW_MS = 300
/** Slow look-ups beside the quick ones, as a multiple of those. */
const MAX_SLOW = 8
/** Silent look-ups at one host after which others there are not begun. */
const MAX_SILENT = 8

/** The accounts that are being looked up: who they are and where they live. */
export class Lookups {
  readonly #most: number
  readonly #flights = new Flights(SLOW_MS)

  /** `most` quick ones at once. */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#flights.size
  }

  /** Those that are not slow. */
  get quick(): number {
    return this.#flights.busy
  }

  /** Those that seem to get no answer at all. */
  silent(now: number): number {
    return this.#flights.waitingFor(IDLE_MS, now)
  }

  /** How many more may begin. */
  room(now: number): number {
    this.#flights.look(now)
    const { size, busy } = this.#flights
    return size - busy >= this.#most * MAX_SLOW ? 0 : this.#most - busy
  }

  /**
   * Null when the DID's own host answers nobody at the moment. The PLC directory is never left alone: hardly anybody
   * lives elsewhere.
   */
  begin(did: string): { readonly end: () => void } | null {
    const host = ownHostOf(did)
    if (host !== null && this.#flights.idleAt(host) >= MAX_SILENT) return null
    return this.#flights.begin(host)
  }
}

/** Where a did:web has its document. */
const ownHostOf = (did: string) => (did.startsWith('did:web:') ? (did.split(':')[2] ?? null) : null)
