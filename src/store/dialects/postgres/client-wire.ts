import pg from 'pg'
import type { Fault } from '../../database.ts'
import { CopyIn } from './copy-in.ts'
import { endsConnection, postgresFault } from './faults.ts'
import { tooManyParameters, type Wire, type WireResult, type WireValue } from './wire.ts'

/** Statements used this often on a connection get a name: planning one costs more than running it. */
const NAMED_AFTER = 2
/** Names a connection may hold; each keeps a plan on the server. */
const MAX_NAMES = 500

const INT8 = 20
/** Our integers are ids, counts and milliseconds: all of them fit a number. */
const ownTypes = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
}

/** Also without parameters by the extended protocol, where the server takes one statement and no more. */
const ONE_STATEMENT = { queryMode: 'extended' }

/** A `pg` client in pipeline mode. */
export class ClientWire implements Wire {
  broken = false
  readonly #client: pg.PoolClient
  readonly #cancel: (pid: number) => Promise<void>

  constructor(client: pg.PoolClient, cancel: (pid: number) => Promise<void>) {
    this.#client = client
    this.#cancel = cancel
  }

  query(text: string, values: readonly WireValue[], own: boolean): Promise<WireResult> {
    const tooMany = tooManyParameters(values)
    if (tooMany !== null) return Promise.reject(tooMany)
    const { promise, resolve, reject } = Promise.withResolvers<WireResult>()
    const name = nameFor(this.#client, text)
    // A query object of our own: `client.query(text)` makes a stack trace for each statement.
    const query = new pg.Query(
      {
        text,
        values: values as WireValue[],
        ...(name === undefined ? {} : { name }),
        ...(own ? { types: ownTypes } : ONE_STATEMENT),
      },
      this.#settle(resolve, reject),
    )
    this.#client.query(query)
    return promise
  }

  readonly copy = (text: string, data: Buffer): Promise<WireResult> => {
    const { promise, resolve, reject } = Promise.withResolvers<WireResult>()
    this.#client.query(new CopyIn(text, data, this.#settle(resolve, reject)))
    return promise
  }

  cancel(): Promise<void> {
    const { processID } = this.#client as unknown as { processID: number }
    return this.#cancel(processID)
  }

  faultOf(error: unknown): Fault | null {
    return postgresFault(error) ?? (this.broken ? 'connection' : null)
  }

  #settle(resolve: (result: WireResult) => void, reject: (error: Error) => void) {
    return (error: Error | null | undefined, result: pg.QueryResult): void => {
      if (error) reject(this.#failed(error))
      else resolve({ rows: result.rows, count: result.rowCount, command: result.command })
    }
  }

  #failed(error: Error): Error {
    if (endsConnection(error)) this.broken = true
    return error
  }
}

interface Names {
  readonly seen: Map<string, number>
  readonly names: Map<string, string>
}
const perClient = new WeakMap<pg.PoolClient, Names>()

function nameFor(client: pg.PoolClient, text: string): string | undefined {
  let known = perClient.get(client)
  if (known === undefined) {
    known = { seen: new Map(), names: new Map() }
    perClient.set(client, known)
  }
  const name = known.names.get(text)
  if (name !== undefined) return name
  if (known.names.size >= MAX_NAMES) return undefined
  const count = (known.seen.get(text) ?? 0) + 1
  if (count < NAMED_AFTER) {
    if (known.seen.size >= MAX_NAMES * 4) known.seen.clear()
    known.seen.set(text, count)
    return undefined
  }
  known.seen.delete(text)
  const made = `lextap${known.names.size}`
  known.names.set(text, made)
  return made
}
