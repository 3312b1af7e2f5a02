import type { Observer } from '../observe/observer.ts'
import { directSource } from '../observe/source-events.ts'
import type { XrpcClient } from '../protocol/xrpc.ts'
import { XrpcError } from '../protocol/xrpc-error.ts'

/** `relay` speaks for everybody, `pds` for the accounts that live there, `auto` finds out which it is. */
export type AuthorityPolicy = 'auto' | 'relay' | 'pds'

export interface AuthorityOptions {
  readonly xrpc: XrpcClient
  readonly observer: Observer
  readonly policy: AuthorityPolicy
  /** Base URL of the firehose, any scheme. */
  readonly url: string
  /** How soon to ask again where nobody answered, ms. Default 60000. */
  readonly retryMs?: number
}

/** Longest wait for an answer, ms: the stream stands still meanwhile. */
const TIMEOUT_MS = 10_000

/**
 * Whom the firehose may speak for (rule G1). A PDS describes itself as a server, which a relay does not; its own DID
 * may be a second name of its host. While nobody answers it is taken for a relay.
 */
export class Authority {
  readonly #options: AuthorityOptions
  /** Host names that are the source; null for a relay. Undefined: not known yet. */
  #hosts: ReadonlySet<string> | null | undefined
  #asking: Promise<void> | null = null
  #askAgainAt = 0

  constructor(options: AuthorityOptions) {
    this.#options = options
    if (options.policy === 'relay') this.#hosts = null
    if (options.policy === 'pds') this.#hosts = new Set([hostOf(options.url)])
  }

  /** Whether the source may speak for accounts of this PDS (a base URL; null: not known). */
  speaksFor(pds: string | null): boolean | Promise<boolean> {
    if (this.#hosts === null) return true
    if (this.#hosts !== undefined) return pds !== null && this.#hosts.has(hostOf(pds))
    if (Date.now() < this.#askAgainAt) return true
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null
    })
    return this.#asking.then(() => (this.#hosts === undefined ? true : this.speaksFor(pds)))
  }

  async #ask(): Promise<void> {
    const { xrpc, observer, url, retryMs = 60_000 } = this.#options
    const nsid = 'com.atproto.server.describeServer'
    try {
      const body = await xrpc.json<{ did?: unknown } | null>(
        url.replace(/^ws/, 'http'),
        nsid,
        {},
        { timeoutMs: TIMEOUT_MS },
      )
      const did = typeof body?.did === 'string' ? body.did : null
      this.#hosts = did === null ? null : new Set([hostOf(url), ...webHost(did)])
      if (did !== null) directSource(observer, { url, did })
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      if (!error.retry) this.#hosts = null
      else this.#askAgainAt = Date.now() + retryMs
    }
  }
}

/** Host and port; a default port is none. */
function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}

/** The host a did:web is named after. */
function webHost(did: string): string[] {
  const name = /^did:web:([^:]+)$/.exec(did)?.[1]
  return name === undefined ? [] : [decodeURIComponent(name).toLowerCase()]
}
