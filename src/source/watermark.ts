/** One unfinished (or finished, but not yet passed) event of the stream. */
interface Ticket {
  seq: number
  done: boolean
}

/**
 * The highest seq that has nothing unfinished below it (rule A8, promise P8). Events close in any order; the
 * watermark rises only past the lowest open one. Memory is one ticket for each open event: closed neighbours
 * are folded into one.
 */
export class Watermark {
  #value: number | null
  #queue: Ticket[] = []
  #head = 0

  constructor(start: number | null) {
    this.#value = start
  }

  /** Null until the first event closed. */
  get value(): number | null {
    return this.#value
  }

  /** Events opened and not passed yet. */
  get open(): number {
    return this.#queue.length - this.#head
  }

  /** Lowest unfinished seq, or null when level. For the watchdog. */
  get waitingOn(): number | null {
    return this.#queue[this.#head]?.seq ?? null
  }

  /** The stream begins after `seq`: where there was no cursor, this is the first one worth saving. */
  startAt(seq: number): void {
    this.#value ??= seq
  }

  /** Begins an event. Seqs must rise (rule A6 is checked before). Call the returned function once its effects are committed. */
  begin(seq: number): () => void {
    const ticket: Ticket = { seq, done: false }
    this.#queue.push(ticket)
    return () => {
      if (ticket.done) return
      ticket.done = true
      this.#advance()
    }
  }

  /** An event with no effects: over as soon as everything before it is. */
  skip(seq: number): void {
    const last = this.#queue[this.#queue.length - 1]
    if (last === undefined) this.#value = seq
    else if (last.done) last.seq = seq
    else this.#queue.push({ seq, done: true })
  }

  #advance(): void {
    let head = this.#head
    while (head < this.#queue.length) {
      const ticket = this.#queue[head] as Ticket
      if (!ticket.done) break
      this.#value = ticket.seq
      head++
    }
    this.#head = head
    if (head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (head > 1024 && head * 2 > this.#queue.length) {
      this.#queue.splice(0, head)
      this.#head = 0
    }
  }
}
