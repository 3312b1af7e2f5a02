import { LRUCache } from 'lru-cache'
import { abortable } from '../async/signal.ts'
import { SingleFlight } from '../async/single-flight.ts'
import { InvalidError } from '../errors.ts'
import type { DidDocument } from './did-document.ts'
import { fetchDidDocument, IdentityError } from './did-fetch.ts'
import { createHandleResolver, type HandleResolver } from './handles.ts'
import { didKeyOf } from './key.ts'
import { Rest } from './rest.ts'
import type { XrpcClient } from './xrpc.ts'

export { IdentityError } from './did-fetch.ts'

/** Who a DID is right now. */
export interface Identity {
  readonly did: string
  /**
   * Proven in both directions (rule D3); `handle.invalid` when the claim does not hold; null when none is claimed, or
   * when nobody could say so far.
   */
  readonly handle: string | null
  /** DNS or the handle's web server could not answer: `handle` is what was known of this claim before. Default false. */
  readonly handleOwed?: boolean
  /** What the DID document says. */
  readonly claimedHandle: string | null
  /** Base URL of the PDS, without a trailing slash. */
  readonly pds: string | null
  /** Atproto signing key as did:key; null when there is none that we can use. */
  readonly signingKey: string | null
  /** The DID was given up for good (rule E7). Everything else is null then. */
  readonly tombstoned: boolean
  /** When its document was read, ms since the epoch; absent where nobody read one. */
  readonly asOf?: number
}

export interface ResolveOptions {
  /** Ask again although the cache is fresh. Rate-limited per DID (rule D5): past the limit the cache answers. */
  readonly force?: boolean
  readonly signal?: AbortSignal | undefined
  /** False leaves the handle unchecked, which saves a DNS query and a request: `handle` is then null unless known. */
  readonly handle?: boolean
}

export interface IdentityResolver {
  /** @throws IdentityError, or the signal's reason. */
  resolve(did: string, options?: ResolveOptions): Promise<Identity>
  forget(did: string): void
  /** The PLC directory is not asked before: it said so, or fails. Ms since the epoch. */
  readonly restsUntil: number
}

export interface IdentityResolverOptions {
  /** Base URL of the PLC directory. */
  readonly plc: string
  readonly xrpc: XrpcClient
  /** Default 24 h (rule D2). */
  readonly ttlMs?: number
  /** How long a DID stays known not to exist. Default 60 s. A tenth of it for an unreachable directory. */
  readonly negativeTtlMs?: number
  /** Identities kept. Default 10000. */
  readonly max?: number
  /** Forced refreshes of one DID: `burst` at once, then one per `everyMs`. Default 5 and 10 s. */
  readonly refresh?: { readonly burst: number; readonly everyMs: number }
  /** Default: DNS and https well-known. */
  readonly handles?: HandleResolver
  /** Ms since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

interface Entry {
  /** Fetches are numbered: an older one that ends later must not overwrite a newer one. */
  readonly fetch: number
  readonly freshUntil: number
  readonly found: Found | IdentityError
  readonly refreshes: { readonly left: number; readonly at: number }
}
interface Found {
  readonly identity: Identity
  /** When the handle is to be checked again; 0 while it never was. */
  readonly checkDue: number
}

export function createIdentityResolver(options: IdentityResolverOptions): IdentityResolver {
  return new Resolver(options)
}

class Resolver implements IdentityResolver {
  readonly #plc: string
  readonly #xrpc: XrpcClient
  readonly #ttlMs: number
  readonly #negativeTtlMs: number
  readonly #refresh: { readonly burst: number; readonly everyMs: number }
  readonly #handles: HandleResolver
  readonly #now: () => number
  readonly #cache: LRUCache<string, Entry>
  readonly #flights = new SingleFlight<string, Identity>()
  readonly #rest: Rest
  #fetches = 0

  constructor(options: IdentityResolverOptions) {
    this.#plc = options.plc.replace(/\/+$/, '')
    this.#xrpc = options.xrpc
    this.#ttlMs = options.ttlMs ?? 24 * 3_600_000
    this.#negativeTtlMs = options.negativeTtlMs ?? 60_000
    this.#rest = new Rest(this.#negativeTtlMs / 60, this.#negativeTtlMs / 2)
    this.#refresh = options.refresh ?? { burst: 5, everyMs: 10_000 }
    this.#handles = options.handles ?? createHandleResolver({ xrpc: options.xrpc })
    this.#now = options.now ?? Date.now
    this.#cache = new LRUCache({ max: options.max ?? 10_000 })
  }

  async resolve(did: string, options: ResolveOptions = {}): Promise<Identity> {
    const { signal, handle = true } = options
    const force = options.force === true && this.#mayForce(did)
    const known = force ? null : this.#fresh(did, handle)
    if (known !== null) return known
    // A forced caller does not join a run that may have asked before the change it heard of.
    const key = `${force ? '!' : ''}${handle ? '@' : ''}${did}`
    return this.#flights.do(key, (inner) => this.#run(did, handle, force, inner), signal)
  }

  get restsUntil(): number {
    return this.#rest.until
  }

  forget(did: string): void {
    this.#cache.delete(did)
  }

  #fresh(did: string, handle: boolean): Identity | null {
    const entry = this.#cache.get(did)
    if (entry === undefined || entry.freshUntil <= this.#now()) return null
    if (entry.found instanceof IdentityError) throw entry.found
    return handle && entry.found.checkDue <= this.#now() ? null : entry.found.identity
  }

  /** Takes one of the DID's refreshes; they come back with time. */
  #mayForce(did: string): boolean {
    const entry = this.#cache.get(did)
    if (entry === undefined) return true
    const { left, at } = this.#refreshesOf(entry)
    if (left < 1) return false
    this.#cache.set(did, { ...entry, refreshes: { left: left - 1, at } })
    return true
  }

  #refreshesOf(entry: Entry | undefined): { left: number; at: number } {
    const { burst, everyMs } = this.#refresh
    const now = this.#now()
    if (entry === undefined) return { left: burst, at: now }
    const back = Math.floor((now - entry.refreshes.at) / everyMs)
    const left = Math.min(burst, entry.refreshes.left + back)
    return { left, at: left === burst ? now : entry.refreshes.at + back * everyMs }
  }

  async #run(did: string, handle: boolean, force: boolean, signal: AbortSignal): Promise<Identity> {
    const before = this.#cache.get(did)
    const old = before?.found instanceof IdentityError ? undefined : before?.found
    const stillFresh = !force && before !== undefined && before.freshUntil > this.#now()
    if (stillFresh && old !== undefined) {
      // Only the handle is due.
      const found = await this.#checked(old.identity, old, signal)
      return this.#keep(did, before.fetch, found, before.freshUntil)
    }
    const fetch = ++this.#fetches
    try {
      const document = await this.#document(did, signal)
      const asOf = this.#now()
      const identity = { ...(document === null ? tombstone(did) : identityOf(document)), asOf }
      const found = handle ? await this.#checked(identity, old, signal) : unchecked(identity, old, force)
      return this.#keep(did, fetch, found, asOf + this.#ttlMs)
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error
      return this.#failed(did, fetch, error, force ? undefined : old)
    }
  }

  async #document(did: string, signal: AbortSignal): Promise<DidDocument | null> {
    if (!did.startsWith('did:plc:')) return fetchDidDocument(did, this.#plc, this.#xrpc, signal)
    if (this.#rest.until > this.#now())
      throw new IdentityError('unreachable', `the directory is left alone for a while; did=${did}`)
    try {
      const document = await fetchDidDocument(did, this.#plc, this.#xrpc, signal)
      this.#rest.answered()
      return document
    } catch (error) {
      this.#rest.failed(error, this.#now())
      throw error
    }
  }

  /** An unreachable directory leaves what we knew in force; it is asked again soon. */
  #failed(did: string, fetch: number, error: IdentityError, old: Found | undefined): Identity {
    const until = this.#now() + (error.retry ? this.#negativeTtlMs / 10 : this.#negativeTtlMs)
    if (error.retry && old !== undefined) return this.#keep(did, fetch, old, until)
    // A forced refresh that could not ask must not take away what others still use.
    if (error.retry && this.#cache.has(did)) throw error
    this.#store(did, fetch, error, until)
    throw error
  }

  #keep(did: string, fetch: number, found: Found, freshUntil: number): Identity {
    this.#store(did, fetch, found, freshUntil)
    return found.identity
  }

  #store(did: string, fetch: number, found: Entry['found'], freshUntil: number): void {
    const entry = this.#cache.get(did)
    if (entry !== undefined && entry.fetch > fetch) return
    this.#cache.set(did, { fetch, found, freshUntil, refreshes: this.#refreshesOf(entry) })
  }

  /** D3: the handle counts when it points back. While nobody can say, what was known of the claim stays in force. */
  async #checked(identity: Identity, old: Found | undefined, signal: AbortSignal): Promise<Found> {
    const { claimedHandle, did } = identity
    const now = this.#now()
    const due = now + this.#ttlMs
    if (claimedHandle === null) return { identity, checkDue: due }
    try {
      const points = await abortable(this.#handles.resolve(claimedHandle, signal), signal)
      const handle = points === did ? claimedHandle : INVALID
      return { identity: { ...identity, handle, handleOwed: false }, checkDue: due }
    } catch (error) {
      if (signal.aborted) throw error
      const handle = old?.identity.claimedHandle === claimedHandle ? old.identity.handle : null
      return { identity: { ...identity, handle, handleOwed: true }, checkDue: now + this.#negativeTtlMs / 2 }
    }
  }
}

const INVALID = 'handle.invalid'

function unchecked(identity: Identity, old: Found | undefined, again: boolean): Found {
  if (old === undefined || old.identity.claimedHandle !== identity.claimedHandle)
    return { identity, checkDue: 0 }
  // The same claim as before keeps its verdict until it is checked; whoever forces a refresh doubts it.
  const checkDue = again ? 0 : old.checkDue
  const { handle, handleOwed = false } = old.identity
  return { identity: { ...identity, handle, handleOwed }, checkDue }
}

function identityOf(document: DidDocument): Identity {
  const { did, claimedHandle, pds, key } = document
  const signingKey = key === null ? null : didKeyOf(key.type, key.multibase)
  return { did, handle: null, claimedHandle, pds, signingKey, tombstoned: false }
}

function tombstone(did: string): Identity {
  return { did, handle: null, claimedHandle: null, pds: null, signingKey: null, tombstoned: true }
}

/**
 * Key and PDS of an identity that can publish commits (rule B11).
 * @throws InvalidError B11 when it is tombstoned or lacks one of them.
 */
export function workingIdentity(identity: Identity): { readonly signingKey: string; readonly pds: string } {
  const { did, signingKey, pds, tombstoned } = identity
  if (tombstoned) throw new InvalidError('B11', `identity is tombstoned; did=${did}`)
  if (signingKey === null) throw new InvalidError('B11', `identity has no signing key; did=${did}`)
  if (pds === null) throw new InvalidError('B11', `identity has no pds; did=${did}`)
  return { signingKey, pds }
}
