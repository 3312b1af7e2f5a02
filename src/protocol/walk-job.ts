import type { SignedCommit } from './commit.ts'
import {
  type PackedError,
  unpackError,
  unpackRecords,
  type WalkAnswer,
  type WalkRequest,
} from './walk-message.ts'
import type { Walked } from './walking.ts'

/** Bytes sent in one message: enough that the message costs nothing beside the walk. */
const PIECE = 1 << 18
/** Bytes sent whose records nobody has taken yet; more than that waits for room. */
const AHEAD = 1 << 20
/** Answers asked for at once when all was sent. */
const FINISHES = 2

export type Send = (request: WalkRequest) => void

/** One walk as the thread that reads the body sees it: bytes go out, answers come back in the same order. */
export class WalkJob {
  readonly #id: number
  readonly #send: Send
  #collected: Uint8Array[] = []
  #collectedBytes = 0
  /** Sizes of what was sent and not taken back yet; the first `#answers.length` of them are answered. */
  readonly #sizes: number[] = []
  readonly #answers: WalkAnswer[] = []
  #ahead = 0
  #opened = false
  #commit: SignedCommit | null = null
  #failure: { readonly error: unknown } | null = null
  /** The other side has let go of it. */
  #ended = false
  #closed = false
  #wakeTaker: (() => void) | null = null
  #wakePump: (() => void) | null = null

  constructor(id: number, send: Send) {
    this.#id = id
    this.#send = send
  }

  answered(answer: WalkAnswer): void {
    this.#answers.push(answer)
    this.#ended ||= answer.end
    this.#wakeTaker?.()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#wakeTaker?.()
    this.#wakePump?.()
  }

  /** Sends all of `pieces`, as fast as their records are taken. Never throws: what went wrong is for the taker. */
  async pump(pieces: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of pieces) {
        if (this.#over) return
        this.#collect(piece)
        while (this.#ahead >= AHEAD && !this.#over) await this.#room()
      }
      if (this.#over) return
      this.#flush()
      for (let i = 0; i < FINISHES; i++) this.#finish()
    } catch (error) {
      this.fail(error)
    }
  }

  /** What the walk proves, step by step, to its end. */
  async *taken(): AsyncGenerator<Walked, void, void> {
    for (;;) {
      const answer = await this.#next()
      if (answer.error !== null) throw unpackError(answer.error as PackedError)
      if (answer.end) return
      this.#commit ??= answer.commit
      yield {
        commit: this.#commit,
        records: answer.packed === null ? [] : unpackRecords(answer.packed),
      }
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    // A message more for each small repo would cost a fifth of what else its thread is told.
    if (!this.#ended) this.#send({ id: this.#id, kind: 'close' })
    this.#wakePump?.()
  }

  get #over(): boolean {
    return this.#closed || this.#failure !== null
  }

  #collect(piece: Uint8Array): void {
    this.#collected.push(piece)
    this.#collectedBytes += piece.length
    // A thread with nothing to do takes whatever there is.
    if (this.#collectedBytes >= PIECE || this.#sizes.length === this.#answers.length) this.#flush()
  }

  #flush(): void {
    const size = this.#collectedBytes
    if (size === 0) return
    // A buffer of its own: it moves to the other thread.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
    let at = 0
    for (const piece of this.#collected) {
      bytes.set(piece, at)
      at += piece.length
    }
    this.#collected = []
    this.#collectedBytes = 0
    this.#sizes.push(size)
    this.#ahead += size
    this.#send({ id: this.#id, kind: 'push', first: this.#isFirst(), bytes })
  }

  #finish(): void {
    this.#sizes.push(0)
    this.#send({ id: this.#id, kind: 'finish', first: this.#isFirst() })
  }

  #isFirst(): boolean {
    const first = !this.#opened
    this.#opened = true
    return first
  }

  async #next(): Promise<WalkAnswer> {
    while (this.#answers.length === 0) {
      if (this.#failure !== null) throw this.#failure.error
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve
      })
    }
    const answer = this.#answers.shift() as WalkAnswer
    const size = this.#sizes.shift() as number
    this.#ahead -= size
    if (size === 0 && !answer.end) this.#finish()
    this.#wakePump?.()
    return answer
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakePump = resolve
    })
  }
}
