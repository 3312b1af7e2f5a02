import { Flights, IDLE_MS } from './flight.ts'

/**
 * A look-up that takes longer gives its place to others, ms. Whoever is known by then is not kept waiting by a directory
 * that is slow.
 */
export const SLOW_MS = 300
/** Slow look-ups beside the quick ones, as a multiple of those. */
const MAX_SLOW = 8

/**
 * The accounts that are being looked up in the directory they share. Those of hosts of their own are somewhere else
 * (`WebLookups`): whatever those hosts do takes no place here.
 */
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

  /** Whether more accounts may be looked up of whom nothing is known. */
  hasRoom(now: number): boolean {
    this.#flights.look(now)
    const { size, busy } = this.#flights
    return size - busy < this.#most * MAX_SLOW
  }

  begin(): { readonly end: () => void } {
    return this.#flights.begin()
  }
}
