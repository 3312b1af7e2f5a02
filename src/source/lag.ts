import type { Observer } from '../observe/observer.ts'
import { lagSeen } from '../observe/source-events.ts'
import { peekTime } from '../protocol/frame.ts'

/** Most frames are not decoded: a look a second is enough, ms. */
const EVERY_MS = 1000

/** How old events are by the time they are read: grows while the reading cannot keep up, or makes up for an outage. */
export class Lag {
  readonly #observer: Observer
  readonly #now: () => number
  #ms: number | null = null
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(observer: Observer, now: () => number = Date.now) {
    this.#observer = observer
    this.#now = now
  }

  /** Of the event looked at last; null before the first. A clock behind the relay's counts as none. */
  get ms(): number | null {
    return this.#ms
  }

  /** The newest frame that was read. */
  read(frame: Uint8Array): void {
    const now = this.#now()
    if (now - this.#lookedAt < EVERY_MS) return
    const time = peekTime(frame)
    if (time === null) return
    this.#lookedAt = now
    this.#ms = Math.max(0, now - time)
    lagSeen(this.#observer, this.#ms / 1000)
  }
}
