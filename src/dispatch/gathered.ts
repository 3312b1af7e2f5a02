import type { RecordEvent } from './event.ts'
import type { Job } from './job.ts'
import type { HandlerFunction } from './route.ts'

interface Group {
  readonly puts: HandlerFunction
  readonly events: RecordEvent[]
  readonly uris: Set<string>
  /** The job of the first event: whom the log lines are about. */
  readonly first: Job
}

/** Historical puts waiting for the function that takes many. */
export class Gathered {
  #groups = new Map<HandlerFunction, Group>()

  get size(): number {
    return this.#groups.size
  }

  /** Whether a put of this record waits already: the second must come after it. */
  holds(puts: HandlerFunction, uri: string): boolean {
    return this.#groups.get(puts)?.uris.has(uri) ?? false
  }

  add(puts: HandlerFunction, event: RecordEvent, job: Job): void {
    let group = this.#groups.get(puts)
    if (group === undefined) {
      group = { puts, events: [], uris: new Set(), first: job }
      this.#groups.set(puts, group)
    }
    group.events.push(event)
    group.uris.add(event.uri)
  }

  take(): Group[] {
    if (this.#groups.size === 0) return []
    const groups = [...this.#groups.values()]
    this.#groups = new Map()
    return groups
  }
}
