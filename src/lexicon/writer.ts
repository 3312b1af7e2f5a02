/** Collects lines of TypeScript with their indentation: two spaces, single quotes, no semicolons. */
export class Writer {
  readonly lines: string[] = []
  readonly #outer: number
  #indent = ''

  /** `outer`: columns of indentation its lines will get when they are added to another writer. Default 0. */
  constructor(outer: number = 0) {
    this.#outer = outer
  }

  /** One line; an empty one carries no white space. */
  line(text = ''): this {
    this.lines.push(text === '' ? '' : this.#indent + text)
    return this
  }

  /** `open`, the lines `body` writes one level deeper, `close` (none when empty). */
  block(open: string, body: () => void, close = '}'): this {
    const before = this.lines.length
    this.line(open).indented(body)
    const isEmpty = this.lines.length === before + 1
    if (isEmpty && open.endsWith('{') && close.startsWith('}')) this.lines[before] += close
    else if (close !== '') this.line(close)
    return this
  }

  /** The lines `body` writes, one level deeper. */
  indented(body: () => void): this {
    this.#indent += '  '
    body()
    this.#indent = this.#indent.slice(2)
    return this
  }

  /** The lines of another writer, at this one's indentation. */
  add(other: Writer): this {
    for (const line of other.lines) this.line(line)
    return this
  }

  /** Columns a line may use where it is about to be written. */
  get room(): number {
    return LINE_WIDTH - this.#outer - this.#indent.length
  }

  toString(): string {
    return this.lines.map((line) => `${line}\n`).join('')
  }
}

export const LINE_WIDTH = 110

/** A doc comment: one line when it fits. */
export function docComment(writer: Writer, lines: readonly string[]): void {
  const safe = lines.map((line) => line.replaceAll('*/', '*\\/').trimEnd())
  if (safe.length === 0) return
  const [only] = safe
  if (safe.length === 1 && only !== undefined && only.length + 7 <= writer.room) {
    writer.line(`/** ${only} */`)
    return
  }
  writer.line('/**')
  for (const line of safe) {
    if (line === '') writer.line(' *')
    else for (const part of wrap(line, writer.room - 3)) writer.line(` * ${part}`)
  }
  writer.line(' */')
}

/** Breaks at spaces; what has none stays whole. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines
}
