import type { Logger } from 'pino'
import { UserError } from '../errors.ts'
import { isDid } from '../protocol/syntax.ts'
import { transactionOver } from '../store/bound-kysely.ts'
import type { UserSide } from '../store/database.ts'
import type { OutboxEvent } from '../store/outbox.ts'
import type { RowWriter, UserDatabase } from '../store/types.ts'
import type { FollowCall } from './following.ts'
import type { HandlerContext } from './handler.ts'
import type { Job } from './job.ts'

/** What handlers asked for besides rows; becomes true with the transaction, or not at all. */
export interface Effects {
  /** In the order of the calls: the last one of a DID wins. */
  readonly follows: FollowCall[]
  readonly outbox: OutboxEvent[]
  readonly afterCommit: (() => void | Promise<void>)[]
}

export const noEffects = (): Effects => ({ follows: [], outbox: [], afterCommit: [] })

/** `into` gets the effects of the next attempt that succeeded. */
export function mergeEffects(into: Effects, from: Effects): void {
  into.follows.push(...from.follows)
  into.outbox.push(...from.outbox)
  into.afterCommit.push(...from.afterCommit)
}

/** Why a signal aborts when all went well. One for all: an error of its own would cost each batch as much as a row. */
const OVER = new DOMException('the handlers are done', 'AbortError')

/** The context of one attempt: handed to every handler call of it, dead when the attempt is over. */
export class AttemptContext implements HandlerContext<UserDatabase, Record<string, RowWriter>> {
  readonly tx: UserSide['tx']
  readonly rows: UserSide['rows']
  readonly effects: Effects = noEffects()
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #outer: AbortSignal
  #signal: AbortSignal | null = null
  #over = false

  constructor(side: UserSide, log: Logger, outer: AbortSignal) {
    this.tx = side.tx
    this.rows = side.rows
    this.#log = log
    this.#outer = outer
  }

  /** Whose handler runs. */
  job: Job | null = null

  get log(): Logger {
    const { job } = this
    return this.#log.child(job?.kind === 'record' ? { uri: job.uri } : { did: job?.origin.did })
  }

  get signal(): AbortSignal {
    this.#signal ??= AbortSignal.any([this.#outer, this.#abort.signal])
    return this.#signal
  }

  // Own properties, not methods: handlers take the context apart in their parameter list.
  readonly track = async (did: string): Promise<void> => {
    this.#alive()
    this.effects.follows.push({ did: checked(did), follow: true })
  }

  readonly untrack = async (
    did: string,
    options: { keepRows?: boolean; exclude?: boolean } = {},
  ): Promise<void> => {
    this.#alive()
    const { keepRows = false, exclude = false } = options
    this.effects.follows.push({ did: checked(did), follow: false, keepRows, exclude })
  }

  readonly afterCommit = (fn: () => void | Promise<void>): void => {
    this.#alive()
    this.effects.afterCommit.push(fn)
  }

  readonly emit = async (name: string, payload: unknown): Promise<void> => {
    this.#alive()
    // Text now: what the handler changes afterwards is not what it emitted.
    const text = JSON.stringify(payload)
    if (text === undefined) throw new UserError(`emit needs a payload that JSON can hold; event=${name}`)
    const did = this.job?.origin.did ?? ''
    const live = this.job?.live ?? true
    const facts = `"live":${live},"did":${JSON.stringify(did)},"name":${JSON.stringify(name)}`
    // As Tap's events: the members of a type stand under its name.
    const body = `"type":"emit","emit":{${facts},"payload":${text}}}`
    this.effects.outbox.push({ kind: 'emit', did, live, name, body })
  }

  end(reason?: unknown): void {
    this.#over = true
    this.#abort.abort(reason ?? OVER)
  }

  #alive(): void {
    if (this.#over) throw transactionOver()
  }
}

function checked(did: string): string {
  if (!isDid(did)) throw new UserError(`not a DID: ${did}`)
  return did
}
