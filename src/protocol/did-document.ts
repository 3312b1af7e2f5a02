import { isDid, isHandle } from './syntax.ts'

/** What atproto reads from a DID document. */
export interface DidDocument {
  readonly did: string
  /** First well-formed `at://` alias, in lower case; a claim until it is checked the other way round. */
  readonly claimedHandle: string | null
  /** Base URL of the `#atproto_pds` service, without a trailing slash. */
  readonly pds: string | null
  /** The `#atproto` verification method as written: its type and key in multibase. */
  readonly key: { readonly type: string; readonly multibase: string } | null
}

/**
 * Reads a DID document leniently: an entry that is not ours may be as odd as it likes, only a document that is
 * not an object or not this DID's is refused (null).
 */
export function readDidDocument(did: string, value: unknown): DidDocument | null {
  const document = object(value)
  if (document === null || document.id !== did || !isDid(did)) return null
  return {
    did,
    claimedHandle: handleOf(document.alsoKnownAs),
    pds: pdsOf(did, document.service),
    key: keyOf(did, document.verificationMethod),
  }
}

function handleOf(aliases: unknown): string | null {
  for (const alias of list(aliases)) {
    if (typeof alias !== 'string' || !alias.startsWith('at://')) continue
    const handle = alias.slice(5).toLowerCase()
    if (isHandle(handle)) return handle
  }
  return null
}

function pdsOf(did: string, services: unknown): string | null {
  for (const entry of list(services)) {
    const service = object(entry)
    if (service === null || !names(service.id, did, '#atproto_pds')) continue
    if (!list(service.type).includes('AtprotoPersonalDataServer')) continue
    const url = baseUrl(service.serviceEndpoint)
    if (url !== null) return url
  }
  return null
}

function keyOf(did: string, methods: unknown): DidDocument['key'] {
  for (const entry of list(methods)) {
    const method = object(entry)
    if (method === null || !names(method.id, did, '#atproto')) continue
    const { type, publicKeyMultibase: multibase } = method
    if (typeof type === 'string' && typeof multibase === 'string') return { type, multibase }
  }
  return null
}

/** Origin of an http(s) endpoint. A path, query or user name is not a PDS's base address. */
function baseUrl(endpoint: unknown): string | null {
  if (typeof endpoint !== 'string' || endpoint.length > 512) return null
  const url = URL.parse(endpoint)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') return null
  return url.origin
}

/** Ids are written relative (`#atproto`) or in full (`did:plc:…#atproto`). */
const names = (id: unknown, did: string, fragment: string) => id === fragment || id === did + fragment

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

const object = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null
