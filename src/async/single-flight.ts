import { abortable } from './signal.ts'

interface Flight<V> {
  readonly result: Promise<V>
  readonly controller: AbortController
  waiting: number
}

/**
 * Callers that ask for the same key at the same time share one run. A caller whose signal aborts leaves
 * alone; the run itself is aborted only when the last caller has left. Nothing is kept once a run settles.
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>()

  /** Runs in progress. */
  get size(): number {
    return this.#flights.size
  }

  async do(key: K, run: (signal: AbortSignal) => Promise<V>, signal?: AbortSignal): Promise<V> {
    signal?.throwIfAborted()
    const flight = this.#flights.get(key) ?? this.#start(key, run)
    flight.waiting++
    try {
      return await abortable(flight.result, signal)
    } finally {
      if (--flight.waiting === 0) this.#leave(key, flight)
    }
  }

  #start(key: K, run: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const controller = new AbortController()
    const result = (async () => run(controller.signal))()
    const flight: Flight<V> = { result, controller, waiting: 0 }
    this.#flights.set(key, flight)
    // Settling frees the key before any caller goes on, so a retry in a catch block starts a new run.
    const free = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    result.then(free, free)
    return flight
  }

  #leave(key: K, flight: Flight<V>): void {
    // An abandoned run must not be joined by the next caller: it is about to fail.
    if (this.#flights.get(key) !== flight) return
    this.#flights.delete(key)
    flight.controller.abort(new DOMException('nobody waits for this any more', 'AbortError'))
  }
}
