import { randomBytes } from 'node:crypto'
import type { Session } from '../../database.ts'

/** What a transaction writes so that it can be asked for by name when the answer to its `commit` was lost. */
export interface Mark {
  readonly key: string
  readonly value: string
}

/** Writes the mark. */
export const WRITE_MARK = `insert into lextap_meta (key, value) values ($1, $2)
  on conflict (key) do update set value = excluded.value returning pg_current_xact_id()::text as xid`

/** Marks of processes that are gone are swept after this, ms. Who has to ask does so within seconds. */
const KEEP_MS = 86_400_000

/**
 * One row for each transaction that may be open at once, overwritten by the next. The number of a transaction alone
 * does not tell whether it committed: a server that crashes forgets numbers it gave out and gives them out again.
 */
export class Marks {
  readonly #owner = randomBytes(8).toString('hex')
  readonly #free: string[] = []
  #keys = 0
  #taken = 0

  take(): Mark {
    const key = this.#free.pop() ?? `commit/${this.#owner}/${this.#keys++}`
    return { key, value: `${new Date().toISOString()} ${this.#taken++}` }
  }
  give(mark: Mark): void {
    this.#free.push(mark.key)
  }

  async written(session: Session, { key, value }: Mark): Promise<boolean> {
    const rows = await session.all<{ value: string }>('select value from lextap_meta where key = $1', [key])
    return rows[0]?.value === value
  }

  static async sweep(session: Session): Promise<void> {
    const oldest = new Date(Date.now() - KEEP_MS).toISOString()
    await session.run(`delete from lextap_meta where key like 'commit/%' and value < $1`, [oldest])
  }
}
