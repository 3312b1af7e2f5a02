import { anySignal } from '../async/signal.ts'
import { IdentityError } from '../protocol/identity.ts'
import type { RepoRow } from '../store/repo-row.ts'

/** Look-ups at once: in all, and at the hosts of one domain. */
const AT_ONCE = 32
const AT_ONCE_OF_DOMAIN = 8
/** Accounts that wait for their turn here: in all, and of one domain. */
const WAITING = 256
const WAITING_OF_DOMAIN = 8
/** How long a host is waited for the first time, and at most, ms. Each failure in a row doubles it. */
const FIRST_MS = 3_000
const LONGEST_MS = 30_000

export interface WebLookupsDeps {
  /** Never rejects. */
  readonly lookUp: (row: RepoRow, signal: AbortSignal) => Promise<void>
  /** Aborts when we stop. */
  readonly signal: AbortSignal
}

/**
 * Looks up did:web accounts of whom nothing is known. Each has a host of its own, which may be anybody's and mute, and a
 * domain costs little and has as many hosts as it likes. So they have few places, which they share with nobody else; the
 * domains take turns; and whoever does not answer soon has failed, and comes again later.
 */
export class WebLookups {
  readonly #deps: WebLookupsDeps
  readonly #waiting = new Map<string, RepoRow[]>()
  readonly #running = new Map<string, number>()
  #waits = 0
  #runs = 0

  constructor(deps: WebLookupsDeps) {
    this.#deps = deps
  }

  /** Looked up, and waiting for it. */
  get size(): number {
    return this.#runs + this.#waits
  }

  /** Whether more of any domain may come. */
  get hasRoom(): boolean {
    return this.#waits < WAITING
  }

  /** Domains of which no more should come. */
  get crowded(): string[] {
    return [...this.#waiting.keys()]
  }

  /** False when enough of its domain wait already. */
  add(row: RepoRow): boolean {
    const domain = domainOf(row.did)
    const queue = this.#waiting.get(domain) ?? []
    if (queue.length >= WAITING_OF_DOMAIN) return false
    queue.push(row)
    this.#waiting.set(domain, queue)
    this.#waits++
    this.#pump()
    return true
  }

  /** Takes out all that wait. */
  clear(): RepoRow[] {
    const rows = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    this.#waits = 0
    return rows
  }

  #pump(): void {
    for (let started = true; started; ) {
      started = false
      for (const [domain, queue] of [...this.#waiting]) {
        if (this.#runs >= AT_ONCE || this.#deps.signal.aborted) return
        if ((this.#running.get(domain) ?? 0) >= AT_ONCE_OF_DOMAIN) continue
        const row = queue.shift()
        // Its next turn is behind the others'.
        this.#waiting.delete(domain)
        if (queue.length > 0) this.#waiting.set(domain, queue)
        if (row === undefined) continue
        this.#waits--
        void this.#start(domain, row)
        started = true
      }
    }
  }

  async #start(domain: string, row: RepoRow): Promise<void> {
    const late = new AbortController()
    const ms = Math.min(FIRST_MS * 2 ** Math.min(row.retryCount, 10), LONGEST_MS)
    const timer = setTimeout(() => late.abort(noAnswer(row.did)), ms)
    this.#runs++
    this.#running.set(domain, (this.#running.get(domain) ?? 0) + 1)
    await this.#deps.lookUp(row, anySignal(this.#deps.signal, late.signal))
    clearTimeout(timer)
    this.#runs--
    const left = (this.#running.get(domain) ?? 1) - 1
    if (left > 0) this.#running.set(domain, left)
    else this.#running.delete(domain)
    this.#pump()
  }
}

/** Whether a row's account must be looked up at a host of its own before anything else. */
export const isUnknownWeb = (row: Pick<RepoRow, 'did' | 'pds' | 'signingKey'>): boolean =>
  row.did.startsWith('did:web:') && (row.pds === null || row.signingKey === null)

/** The last two labels of a did:web's host, without a port. */
export function domainOf(did: string): string {
  const host = (did.split(':')[2] ?? '').toLowerCase().split('%3a')[0] ?? ''
  return host.split('.').slice(-2).join('.')
}

function noAnswer(did: string): IdentityError {
  return new IdentityError('unreachable', `the host of its DID does not answer; did=${did}`)
}
