import { stripVTControlCharacters } from 'node:util'

/** What a terminal is to us; `process.stderr` fits. */
export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/**
 * One line at the bottom of a terminal that is written over and over, with log lines scrolling above it. Anywhere
 * else it is a log line, said when it changed and not more often than `everyMs`.
 */
export class ProgressLine {
  readonly #screen: Screen
  readonly #log: (text: string) => void
  readonly #everyMs: number
  #shown = ''
  #said = ''
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(screen: Screen, log: (text: string) => void, everyMs: number = 10_000) {
    this.#screen = screen
    this.#log = log
    this.#everyMs = everyMs
  }

  /** How often a new text can be seen, ms: once a second on a terminal. */
  get everyMs(): number {
    return this.#screen.isTTY ? 1000 : this.#everyMs
  }

  /** Shows `text` instead of what was shown before. */
  update(text: string, now: number = performance.now()): void {
    if (this.#screen.isTTY) {
      if (text === this.#shown) return
      this.#shown = text
      this.#screen.write(`${CLEAR}${this.#fitting()}`)
    } else if (text !== this.#said && now - this.#saidAt >= this.#everyMs) {
      this.#said = text
      this.#saidAt = now
      this.#log(text)
    }
  }

  /** Where log lines go: they appear above the progress line. */
  write(lines: string): void {
    this.#screen.write(this.#shown === '' ? lines : `${CLEAR}${lines}${this.#fitting()}`)
  }

  /** Leaves the last text standing and ends the line. */
  end(): void {
    if (this.#shown !== '') this.#screen.write('\n')
    this.#shown = ''
  }

  /** A line that wraps could not be cleared again. */
  #fitting(): string {
    const width = (this.#screen.columns ?? 80) - 1
    const plain = stripVTControlCharacters(this.#shown)
    return plain.length <= width ? this.#shown : `${plain.slice(0, width - 1)}…`
  }
}

/** Back to the start of the line, and clear it. */
const CLEAR = '\r\u001b[K'
