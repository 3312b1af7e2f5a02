import { LRUCache } from 'lru-cache'
import { DiscontinuousError, InvalidError } from '../errors.ts'
import { cidToString } from '../protocol/cid.ts'
import { decodeFrame, type FrameHead, peekFrame } from '../protocol/frame.ts'
import { parseKey } from '../protocol/key.ts'
import type { AccountMessage, CommitMessage, Message, SyncMessage } from '../protocol/message.ts'
import { decide, decideSync, standingOf } from './decide.ts'
import type { LegacyPolicy } from './policy.ts'
import { type VerifyKey, verifyCommit, verifySync } from './verify.ts'

export type Verdict = 'ok' | 'invalid' | 'discontinuous' | 'ignored'

/** What one message is worth, on its own and after those before it. */
export interface Judgement {
  readonly seq: number | null
  readonly kind: FrameHead['kind']
  readonly did: string | null
  /** Of commits and syncs. */
  readonly rev: string | null
  readonly verdict: Verdict
  /** Id of the rule that decided; null where nothing is to be said. */
  readonly rule: string | null
  readonly ops: readonly { readonly action: string; readonly path: string; readonly cid: string | null }[]
  /** The rule in words, with the facts; empty where there is nothing to say. */
  readonly reason: string
}

export interface JudgeOptions {
  /**
   * The account's signing key as did:key; `fresh` asks past any cache (B10). `unchecked` when nobody can say.
   * @throws InvalidError B11 when the account has none.
   */
  readonly keyOf: (did: string, fresh: boolean) => Promise<string | 'unchecked'>
  readonly legacy: LegacyPolicy
  /** Ms since the epoch. Default the clock. */
  readonly now?: () => number
}

/** What is known of one account: its head, and how its host says it stands. */
interface Chain {
  readonly standing: string
  /** Null before its first commit or sync, and data also when something in between was not looked at. */
  readonly rev: string | null
  readonly data: Uint8Array | null
}

const START: Chain = { standing: 'active', rev: null, data: null }

type Outcome = Pick<Judgement, 'verdict' | 'rule' | 'reason'>
const OK: Outcome = { verdict: 'ok', rule: null, reason: '' }

/**
 * Judges the messages of a stream one after another with the checks a running indexer makes, and without one: the
 * first commit of an account that it sees is taken as its head; after a break it goes on from where the account
 * says it is, as a resync would.
 */
export class Judge {
  readonly #options: JudgeOptions
  /** Who is forgotten is met as if for the first time. */
  readonly #chains = new LRUCache<string, Chain>({ max: 1_000_000 })
  #seq: number | null = null

  constructor(options: JudgeOptions) {
    this.#options = options
  }

  async judge(frame: Uint8Array): Promise<Judgement> {
    let message: Message
    try {
      message = decodeFrame(frame)
    } catch (error) {
      return { ...headOf(frame), rev: null, ops: [], ...outcomeOf(error) }
    }
    const facts = factsOf(message)
    if (facts.seq !== null && !this.#inOrder(facts.seq)) {
      const reason = `seq did not rise; seq=${facts.seq}`
      return { ...facts, verdict: 'invalid', rule: 'A6', reason }
    }
    try {
      return { ...facts, ...(await this.#act(message)) }
    } catch (error) {
      return { ...facts, ...outcomeOf(error) }
    }
  }

  /** A6. What follows a break is a new connection: it is held against the seq it began with. */
  #inOrder(seq: number): boolean {
    const last = this.#seq
    this.#seq = seq
    return last === null || seq > last
  }

  #act(message: Message): Outcome | Promise<Outcome> {
    switch (message.kind) {
      case 'commit':
      case 'sync':
        return this.#revision(message)
      case 'account':
        return this.#account(message)
      case 'identity':
        return OK
      case 'info':
        return message.name === 'OutdatedCursor' ? { ...OK, rule: 'A4', reason: 'events were missed' } : OK
      case 'error':
        return { ...OK, rule: 'A3', reason: `${message.error}: ${message.message ?? ''}` }
      case 'unknown':
        return { verdict: 'ignored', rule: 'A2', reason: `unknown type ${message.type ?? ''}` }
    }
  }

  async #revision(message: CommitMessage | SyncMessage): Promise<Outcome> {
    const { did } = message
    const chain = this.#chains.get(did) ?? START
    const decision = decide({ ...chain, state: 'active' }, message)
    if (decision.action === 'ignore' || decision.action === 'skip') {
      const reason = decision.action === 'skip' ? `not newer than ${chain.rev}` : `account ${chain.standing}`
      return { verdict: 'ignored', rule: decision.rule, reason }
    }
    const key = await this.#options.keyOf(did, false)
    try {
      return this.#verify(message, chain, key)
    } catch (error) {
      if (!(error instanceof InvalidError && (error.rule === 'B10' || error.rule === 'C3'))) throw error
      const fresh = await this.#options.keyOf(did, true)
      if (fresh === key) throw error
      return this.#verify(message, chain, fresh)
    }
  }

  #verify(message: CommitMessage | SyncMessage, chain: Chain, key: string): Outcome {
    const parsed: VerifyKey = key === 'unchecked' ? key : parseKey(key)
    return message.kind === 'sync' ? this.#sync(message, chain, parsed) : this.#commit(message, chain, parsed)
  }

  #commit(message: CommitMessage, chain: Chain, key: VerifyKey): Outcome {
    const options = { legacy: this.#options.legacy, now: (this.#options.now ?? Date.now)() }
    // Without a root nothing is known of what it follows.
    const head = chain.data === null ? { rev: null, data: null } : chain
    try {
      const { rev, data, legacy } = verifyCommit(message, key, head, options)
      this.#chains.set(message.did, { ...chain, rev, data })
      return legacy ? { ...OK, rule: 'B18', reason: 'legacy: proven without prevData or prev' } : OK
    } catch (error) {
      // By itself it is fine: whoever resyncs now stands where it brought the repo.
      if (error instanceof DiscontinuousError) this.#chains.set(message.did, this.#after(message, chain, key))
      throw error
    }
  }

  /** The head a discontinuous commit brings, by the same checks without a head to follow. */
  #after(message: CommitMessage, chain: Chain, key: VerifyKey): Chain {
    const now = (this.#options.now ?? Date.now)()
    const { rev, data } = verifyCommit(message, key, { rev: null, data: null }, { legacy: 'proven', now })
    return { ...chain, rev, data }
  }

  #sync(message: SyncMessage, chain: Chain, key: VerifyKey): Outcome {
    const head = verifySync(message, key, { now: (this.#options.now ?? Date.now)() })
    this.#chains.set(message.did, { ...chain, ...head })
    if (chain.data === null) return OK
    if (decideSync(chain, head) === 'advance')
      return { verdict: 'ignored', rule: 'C4', reason: 'the tree is the same' }
    throw new DiscontinuousError('C5', `#sync is ahead; rev=${head.rev}; before=${chain.rev}`)
  }

  /** E1, E3, E5: what happened while an account was not active was not looked at. */
  #account(message: AccountMessage): Outcome {
    const chain = this.#chains.get(message.did) ?? START
    const standing = standingOf(message)
    if (standing === 'active' && chain.standing === 'deleted') this.#chains.set(message.did, START)
    else if (standing === 'active' && chain.standing !== 'active')
      this.#chains.set(message.did, { ...chain, standing, data: null })
    else this.#chains.set(message.did, { ...chain, standing })
    return OK
  }
}

function factsOf(message: Message): Pick<Judgement, 'seq' | 'kind' | 'did' | 'rev' | 'ops'> {
  return {
    seq: 'seq' in message ? message.seq : null,
    kind: message.kind,
    did: 'did' in message ? message.did : null,
    rev: 'rev' in message ? message.rev : null,
    ops:
      message.kind === 'commit'
        ? message.ops.map(({ action, path, cid }) => ({
            action,
            path,
            cid: cid === null ? null : cidToString(cid),
          }))
        : [],
  }
}

/** What can be read of a frame that does not decode. */
function headOf(frame: Uint8Array): Pick<Judgement, 'seq' | 'kind' | 'did'> {
  try {
    const { seq, kind, did } = peekFrame(frame)
    return { seq, kind, did }
  } catch {
    return { seq: null, kind: 'unknown', did: null }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof InvalidError) return { verdict: 'invalid', rule: error.rule, reason: error.message }
  if (error instanceof DiscontinuousError)
    return { verdict: 'discontinuous', rule: error.rule, reason: error.message }
  throw error
}
