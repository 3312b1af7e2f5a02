import { LextapError } from '../errors.ts'
import { type DidDocument, readDidDocument } from './did-document.ts'
import type { XrpcClient } from './xrpc.ts'
import { XrpcError } from './xrpc-error.ts'

/** `not-found` no such DID · `invalid` it exists and is of no use · `unreachable` try again later (`retry`). */
export class IdentityError extends LextapError {
  override readonly name = 'IdentityError'
  readonly kind: 'not-found' | 'invalid' | 'unreachable'
  constructor(kind: IdentityError['kind'], message: string, options: { cause?: unknown } = {}) {
    super(message, { code: `identity-${kind}`, retry: kind === 'unreachable', cause: options.cause })
    this.kind = kind
  }
}

const MAX_DOCUMENT_BYTES = 256 * 1024

/**
 * The document of a did:plc or did:web; null for a tombstone.
 * @throws IdentityError, or the signal's reason.
 */
export async function fetchDidDocument(
  did: string,
  plc: string,
  xrpc: XrpcClient,
  signal: AbortSignal,
): Promise<DidDocument | null> {
  const value = await fetchRawDidDocument(did, plc, xrpc, signal)
  if (value === null) return null
  const document = readDidDocument(did, value)
  if (document !== null) return document
  throw new IdentityError('invalid', `did document is malformed or another's; did=${did}`)
}

/** As {@link fetchDidDocument}, but the whole JSON, whatever it holds. */
export async function fetchRawDidDocument(
  did: string,
  plc: string,
  xrpc: XrpcClient,
  signal: AbortSignal,
): Promise<unknown> {
  const url = documentUrl(did, plc, xrpc.allowPrivateHosts)
  let text: string
  try {
    const accept = 'application/did+ld+json, application/json'
    text = (await xrpc.get(url, { signal, accept, maxBytes: MAX_DOCUMENT_BYTES })).text
  } catch (error) {
    if (!(error instanceof XrpcError)) throw error
    // A web host that says so may say otherwise tomorrow; a tombstone deletes the account's records.
    if (did.startsWith('did:plc:') && isTombstone(error)) return null
    throw identityError(did, error)
  }
  return parse(did, text)
}

/** atproto knows did:plc, and did:web without a path. A port and plain http are for the sandbox. */
function documentUrl(did: string, plc: string, allowPrivateHosts: boolean): string {
  if (/^did:plc:[a-z2-7]{24}$/.test(did)) return `${plc}/${encodeURIComponent(did)}`
  const web = /^did:web:([a-zA-Z0-9.-]+)(?:%3[aA](\d{1,5}))?$/.exec(did)
  const [, host = '', port] = web ?? []
  const local = allowPrivateHosts && (port !== undefined || host === 'localhost')
  if (local) return `http://${host}${port === undefined ? '' : `:${port}`}/.well-known/did.json`
  if (web === null || port !== undefined || !host.includes('.')) {
    throw new IdentityError(
      'invalid',
      `not a did that atproto knows (did:plc, did:web); did=${did.slice(0, 200)}`,
    )
  }
  return `https://${host}/.well-known/did.json`
}

/** The PLC directory answers 404 "DID not available" (or 410) for a tombstone, 404 "not registered" for the rest. */
function isTombstone(error: XrpcError): boolean {
  return error.status === 410 || (error.status === 404 && /not available|tombstone/i.test(error.detail ?? ''))
}

function identityError(did: string, cause: XrpcError): IdentityError {
  const facts = `did=${did}; ${cause.message}`
  if (cause.status === 404) return new IdentityError('not-found', `did does not exist; did=${did}`, { cause })
  if (!cause.retry) return new IdentityError('invalid', `did cannot be resolved; ${facts}`, { cause })
  return new IdentityError('unreachable', `did cannot be resolved now; ${facts}`, { cause })
}

/** What is not JSON is some proxy's page, and may be gone in a while. */
function parse(did: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new IdentityError('unreachable', `did document is not JSON; did=${did}`, { cause })
  }
}
