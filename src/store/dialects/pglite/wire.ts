import type { PGlite } from '@electric-sql/pglite'
import type { Fault } from '../../database.ts'
import { postgresFault } from '../postgres/faults.ts'
import { tooManyParameters, type Wire, type WireResult, type WireValue } from '../postgres/wire.ts'

const INT8 = 20
const own = { [INT8]: Number }
/** int8 and numeric as text, the way `pg` returns them: code written for one runs on the other. */
const asPg = { [INT8]: (text: string) => text }

/** Values come converted already, whatever the parameter's type. */
const serializers = new Proxy({} as Record<number, (value: unknown) => string>, {
  get: () => (value: unknown) => (Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : String(value)),
})

/** PGlite hangs all it was given on its errors: a line of the log would hold a whole batch of records. */
function withoutParameters(error: unknown): never {
  const hung = error as { params?: unknown; queryOptions?: unknown }
  delete hung.params
  delete hung.queryOptions
  throw error
}

/** PGlite runs in process: statements queue up and run one by one. */
export class PgliteWire implements Wire {
  readonly broken = false
  readonly copy = null
  readonly #db: PGlite

  constructor(db: PGlite) {
    this.#db = db
  }

  async query(text: string, values: readonly WireValue[], isOwn: boolean): Promise<WireResult> {
    const tooMany = tooManyParameters(values)
    if (tooMany !== null) throw tooMany
    const parsers = isOwn ? own : asPg
    const options = { parsers, serializers }
    const { rows, affectedRows } = await this.#db
      .query<Record<string, unknown>>(text, [...values], options)
      .catch(withoutParameters)
    return { rows, count: rows.length > 0 ? rows.length : (affectedRows ?? null), command: '' }
  }

  /** There is nobody else who could run meanwhile. */
  async cancel(): Promise<void> {}

  faultOf(error: unknown): Fault | null {
    return postgresFault(error)
  }
}
