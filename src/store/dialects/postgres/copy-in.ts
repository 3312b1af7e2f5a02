import pg from 'pg'

/** What of a `pg` connection is used here; it has no declarations. */
interface Connection {
  readonly stream: {
    readonly writable: boolean
    cork(): void
    uncork(): void
    write(bytes: Uint8Array): boolean
  }
  query(text: string): void
  endCopyFrom(): void
}

/**
 * A `copy … from stdin` for `client.query`. Its data goes out behind it at once instead of after the server's word,
 * so that it is one more statement of the pipeline: a server that refuses the statement drops the data unread.
 */
export class CopyIn extends pg.Query {
  readonly #text: string
  readonly #data: Buffer

  constructor(
    text: string,
    data: Buffer,
    done: (error: Error | null | undefined, result: pg.QueryResult) => void,
  ) {
    super({ text }, done)
    this.#text = text
    this.#data = data
  }

  // `pg` declares its connection as a class that nobody can name; what is used of it is above.
  override submit = (connection: unknown): void => {
    const to = connection as Connection
    if (!to.stream.writable) return // the client is about to hear of it
    const head = Buffer.allocUnsafe(5)
    head[0] = 'd'.charCodeAt(0)
    head.writeUInt32BE(this.#data.length + 4, 1)
    to.stream.cork()
    to.query(this.#text)
    to.stream.write(head)
    to.stream.write(this.#data)
    to.endCopyFrom()
    to.stream.uncork()
  }

  /** The data is on its way already. */
  handleCopyInResponse(): void {}
}
