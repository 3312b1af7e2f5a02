import type { Observer } from '../observe/observer.ts'
import { repoDiscovered } from '../observe/sync-events.ts'
import type { FrameHead } from '../protocol/frame.ts'
import type { Message } from '../protocol/message.ts'
import type { Store } from '../store/store.ts'

export interface DiscoveryOptions {
  readonly store: Store
  readonly observer: Observer
  /** NSIDs and `ns.*` patterns: a repo that writes to one of them is ours. */
  readonly signal: readonly string[]
  /** Every repo is ours. */
  readonly full: boolean
  /** Accounts named by the user: they come back when they come back to life. */
  readonly dids: ReadonlySet<string>
  readonly onDue: () => void
}

/** Finds new repos in the live stream: DIDs we do not track yet, named by a message that makes them ours. */
export class Discovery {
  readonly #options: DiscoveryOptions
  /** What a signalling commit must contain as bytes: a cheap look before decoding. */
  readonly #needles: readonly Buffer[]

  constructor(options: DiscoveryOptions) {
    this.#options = options
    this.#needles = options.signal.map((pattern) =>
      Buffer.from(pattern.endsWith('*') ? pattern.slice(0, -1) : `${pattern}/`),
    )
  }

  /** Whether the frame of an untracked DID may make it ours. Cheap; false positives are fine. */
  maybe(head: FrameHead, frame: Uint8Array): boolean {
    const { full, dids } = this.#options
    if (head.did === null) return false
    if (full) return head.kind === 'commit' || head.kind === 'sync' || head.kind === 'account'
    if (head.kind === 'account') return dids.has(head.did)
    if (head.kind !== 'commit' || this.#needles.length === 0) return false
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
    return this.#needles.some((needle) => bytes.includes(needle))
  }

  /** Adds the message's DID as `pending` when it is ours; its records come with the backfill (rule F12). */
  async take(message: Message): Promise<boolean> {
    if (!('did' in message)) return false
    const by = this.#reason(message)
    if (by === null) return false
    const { store, observer, onDue } = this.#options
    // Asked first: writing costs more, and one that was taken out may be busy.
    if (await store.excluded.has(message.did)) return false
    if ((await store.repos.add([message.did], { found: true })) === 0) return false
    repoDiscovered(observer, { did: message.did, by })
    onDue()
    return true
  }

  #reason(message: Message & { did: string }): string | null {
    const { full, signal, dids } = this.#options
    if (message.kind === 'account') {
      if (!message.active) return null
      return full ? 'network' : dids.has(message.did) ? 'config' : null
    }
    if (full) return 'network'
    if (message.kind !== 'commit') return null
    const writes = message.ops.some(
      (op) => op.action !== 'delete' && signal.some((pattern) => matches(pattern, op.path)),
    )
    return writes ? 'signal' : null
  }
}

/** Whether a record path lies in a collection the pattern names. */
function matches(pattern: string, path: string): boolean {
  const collection = path.slice(0, path.indexOf('/'))
  return pattern.endsWith('.*') ? collection.startsWith(pattern.slice(0, -1)) : collection === pattern
}
