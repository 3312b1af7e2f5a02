import { hash } from 'node:crypto'
import type { HandlerDefinition, RecordHandlers } from '../../src/dispatch/handler.ts'
import { anySchema, COLLECTIONS } from '../support/plain-handlers.ts'

/** How handlers misbehave; shares of all events, the same events each time. */
export interface Mischief {
  /** Throw the first time an event comes, before or after writing. */
  throwOnce: number
  /** Throw whenever it comes: it becomes a dead letter. */
  throwAlways: number
  /** Never return: it becomes a dead letter when the time is up. */
  hang: number
  /** Take a few milliseconds. */
  slow: number
}

export const GOOD: Readonly<Mischief> = { throwOnce: 0, throwAlways: 0, hang: 0, slow: 0 }

/** What the handlers of a simulation do, and what they did. */
export class Behaviour {
  readonly mischief: Mischief
  /** Events that may have become dead letters: what their handlers saw need not add up any more. */
  readonly troubled: Set<string> = new Set()
  /** Told of each call, so that a process can die inside an open transaction. */
  readonly onCall: () => void
  readonly #thrown = new Set<string>()
  /** How often they misbehaved in each way. */
  readonly done: Mischief = { ...GOOD }
  calls = 0

  constructor(mischief: Partial<Mischief> = {}, onCall: () => void = () => {}) {
    this.mischief = { ...GOOD, ...mischief }
    this.onCall = onCall
  }

  async before(uri: string, version: string, signal: AbortSignal): Promise<void> {
    this.calls++
    const { slow, hang } = this.mischief
    const luck = luckOf(`${uri} ${version}`)
    if (luck(0) < slow) {
      this.done.slow++
      await new Promise((resolve) => setTimeout(resolve, 1 + luck(1) * 8))
    }
    if (luck(2) < hang) {
      this.done.hang++
      this.troubled.add(uri)
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    this.#throw(uri, version, luck(3) < 0.5)
  }

  after(uri: string, version: string): void {
    this.#throw(uri, version, luckOf(`${uri} ${version}`)(3) >= 0.5)
    this.onCall()
  }

  #throw(uri: string, version: string, now: boolean): void {
    if (!now) return
    const { throwOnce, throwAlways } = this.mischief
    const key = `${uri} ${version}`
    const luck = luckOf(key)
    if (luck(4) < throwAlways) {
      this.done.throwAlways++
      this.troubled.add(uri)
      throw new Error(`always fails; uri=${uri}`)
    }
    if (luck(5) < throwOnce && !this.#thrown.has(key)) {
      this.done.throwOnce++
      this.#thrown.add(key)
      throw new Error(`fails once; uri=${uri}`)
    }
  }
}

/** Numbers in [0, 1) that follow from a text. */
function luckOf(text: string): (n: number) => number {
  const bytes = Buffer.from(hash('sha256', text, 'hex'), 'hex')
  return (n) => bytes.readUInt32LE(n * 4) / 2 ** 32
}

// biome-ignore lint/suspicious/noExplicitAny: the tables of these tests have no generated types
type Any = any
type Handlers = RecordHandlers<string, Any, Any, Any>

/** Collections whose handlers use row writers; the others use Kysely. */
const BY_ROWS = new Set(['app.bsky.feed.like', 'xyz.statusphere.status'])

/**
 * Handlers that make `rec` equal to the network and leave one row in `seen` for each event. With `batches`
 * historical records come many to a call.
 */
export function simulationHandlers(behaviour: Behaviour, batches = false): HandlerDefinition[] {
  const put: NonNullable<Handlers['put']> = async (event, { tx, rows, signal }) => {
    const { uri, did, cid, action, source, rev } = event
    await behaviour.before(uri, cid, signal)
    const row = { uri, did, cid, body: JSON.stringify(event.record) }
    const seen = { uri, action, source, rev, cid }
    if (BY_ROWS.has(event.collection)) {
      await rows.rec.upsert(row)
      await rows.seen.insert(seen)
    } else {
      await tx
        .insertInto('rec')
        .values(row)
        .onConflict((c: Any) => c.column('uri').doUpdateSet({ cid, body: row.body }))
        .execute()
      await tx.insertInto('seen').values(seen).execute()
    }
    behaviour.after(uri, cid)
  }
  const remove: NonNullable<Handlers['delete']> = async (event, { tx, rows, signal }) => {
    const { uri, source, rev } = event
    await behaviour.before(uri, `delete ${rev}`, signal)
    const seen = { uri, action: 'delete', source, rev, cid: null }
    if (BY_ROWS.has(event.collection)) {
      await rows.rec.delete({ uri })
      await rows.seen.insert(seen)
    } else {
      await tx.deleteFrom('rec').where('uri', '=', uri).execute()
      await tx.insertInto('seen').values(seen).execute()
    }
    behaviour.after(uri, `delete ${rev}`)
  }
  const puts: NonNullable<Handlers['puts']> = async (events, context) => {
    for (const event of events) await put(event, context)
  }
  const account: HandlerDefinition = {
    kind: 'account',
    handle: async ({ did, status, from }, context) => {
      const { tx } = context as { tx: Any }
      await tx.insertInto('account').values({ did, standing: status, was: from }).execute()
    },
  }
  const records = COLLECTIONS.map(
    (pattern): HandlerDefinition => ({
      kind: 'record',
      pattern,
      schemas: [anySchema(pattern)],
      handlers: batches ? { put, puts, delete: remove } : { put, delete: remove },
    }),
  )
  return [...records, account]
}
