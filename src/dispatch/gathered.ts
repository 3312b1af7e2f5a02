import type { RecordEvent } from './event.ts'
import type { Job } from './job.ts'
import type { HandlerFunction } from './route.ts'

/** Decoded records that wait outlive garbage collections, so not too many of them do. */
const MOST = 500

interface Group {
  readonly puts: HandlerFunction
  readonly events: RecordEvent[]
  /** The job of the first event: whom the log lines are about. */
  readonly first: Job
}

/** Historical puts waiting for the function that takes many. */
export class Gathered {
  #groups = new Map<HandlerFunction, Group>()

  #events = 0

  get empty(): boolean {
    return this.#events === 0
  }

  get full(): boolean {
    return this.#events >= MOST
  }

  add(puts: HandlerFunction, event: RecordEvent, job: Job): void {
    let group = this.#groups.get(puts)
    if (group === undefined) {
      group = { puts, events: [], first: job }
      this.#groups.set(puts, group)
    }
    group.events.push(event)
    this.#events++
  }

  take(): Group[] {
    if (this.#events === 0) return []
    this.#events = 0
    const groups = [...this.#groups.values()]
    this.#groups = new Map()
    return groups
  }
}
