import { TemporaryError, UserError } from '../errors.ts'
import { parseCar } from '../protocol/car.ts'
import { decodeJson } from '../protocol/cbor.ts'
import { cidToString, digestOfCid } from '../protocol/cid.ts'
import { decodeCommit } from '../protocol/commit.ts'
import { dnsTxt, type TxtLookup } from '../protocol/handles.ts'
import { createIdentityResolver } from '../protocol/identity.ts'
import { parseKey } from '../protocol/key.ts'
import { PartialTree } from '../protocol/partial-tree.ts'
import { verifySignature } from '../protocol/signature.ts'
import { isDid } from '../protocol/syntax.ts'
import { XrpcClient } from '../protocol/xrpc.ts'

/** Where lexicons live: records of this collection, their NSID for a key. */
export const SCHEMA_COLLECTION = 'com.atproto.lexicon.schema'

/** A document as its authority published it. */
export interface Published {
  /** The record, `$type` included: that is what `cid` is of. */
  readonly document: Record<string, unknown>
  readonly cid: string
  readonly uri: string
}

/** Finds and fetches lexicons. Tests and the sandbox bring their own. */
export interface LexiconNetwork {
  /** The DID that `_lexicon.<authority>` names. Throws UserError when it names none. */
  authorityOf(nsid: string, signal?: AbortSignal): Promise<string>
  /** Throws UserError when there is none, TemporaryError when its host cannot be asked. */
  fetch(did: string, nsid: string, signal?: AbortSignal): Promise<Published>
}

export interface NetworkOptions {
  /** Base URL of the PLC directory. */
  readonly plc: string
  /** Default: the system's DNS. */
  readonly txt?: TxtLookup
  /** Talk to private addresses too (the sandbox needs it). Default false. */
  readonly allowPrivateHosts?: boolean
}

/** A lexicon of a hundred kilobytes and its proof fit many times. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * The real network: DNS, PLC, and the authority's PDS. Uses lextap's own client and proofs (`@atproto/lex-resolver`
 * would bring `@atproto/repo` and a client without an address guard), so a lexicon is verified as every record is:
 * against a signed repo root.
 */
export function createLexiconNetwork(options: NetworkOptions): LexiconNetwork & AsyncDisposable {
  const xrpc = new XrpcClient({
    allowPrivateHosts: options.allowPrivateHosts ?? false,
    trustedHosts: [options.plc],
  })
  const identities = createIdentityResolver({ plc: options.plc, xrpc })
  const txt = options.txt ?? dnsTxt()
  return {
    authorityOf: (nsid, signal) => authorityOf(nsid, txt, signal),
    async fetch(did, nsid, signal) {
      const uri = `at://${did}/${SCHEMA_COLLECTION}/${nsid}`
      try {
        const { pds, signingKey } = await identities.resolve(did, { signal, handle: false })
        if (pds === null || signingKey === null)
          throw new UserError(`the authority of ${nsid} has no PDS or no key; did=${did}`)
        const params = { did, collection: SCHEMA_COLLECTION, rkey: nsid }
        const limits = { signal, maxBytes: MAX_BYTES, stallMs: 30_000 }
        const { body } = await xrpc.stream(pds, 'com.atproto.sync.getRecord', params, limits)
        const chunks: Uint8Array[] = []
        for await (const chunk of body) chunks.push(chunk)
        return { uri, ...readProof(Buffer.concat(chunks), did, nsid, signingKey) }
      } catch (error) {
        throw unreachable(error, nsid, uri)
      }
    },
    [Symbol.asyncDispose]: () => xrpc.close(),
  }
}

/** `app.bsky.feed.post` is looked up at `_lexicon.feed.bsky.app`. There is no looking further up. */
export function authorityDomain(nsid: string): string {
  return nsid.split('.').slice(0, -1).reverse().join('.')
}

async function authorityOf(nsid: string, txt: TxtLookup, signal: AbortSignal | undefined): Promise<string> {
  const name = `_lexicon.${authorityDomain(nsid)}`
  const texts = await txt(name, signal).catch((cause: unknown) => {
    throw new TemporaryError(`DNS did not answer; name=${name}`, { code: 'lexicon-network', cause })
  })
  const dids = texts.filter((text) => text.startsWith('did=')).map((text) => text.slice(4))
  const [did] = dids
  if (dids.length === 1 && did !== undefined && isDid(did)) return did
  const found = dids.length > 1 ? `${dids.length} DIDs` : 'no DID'
  throw new UserError(
    `no authority for ${nsid}: DNS has ${found} at ${name}; check the name, or name the record: lextap lexicon add at://did:…/${SCHEMA_COLLECTION}/${nsid}`,
    { code: 'lexicon-authority' },
  )
}

/** The record, proven against the signed root of the repo. Throws InvalidError or UserError. */
export function readProof(car: Uint8Array, did: string, nsid: string, key: string): Omit<Published, 'uri'> {
  const { root, blocks } = parseCar(car)
  const block = blocks.get(digestOfCid(root))
  if (block === undefined) throw new UserError('the proof holds no commit')
  const commit = decodeCommit(block)
  if (commit.did !== did) throw new UserError(`the proof is of another repo; did=${commit.did}`)
  if (!verifySignature(parseKey(key), commit.signedBytes, commit.sig))
    throw new UserError('the signature is wrong')
  const cid = new PartialTree(commit.data, blocks).get(`${SCHEMA_COLLECTION}/${nsid}`)
  if (cid === null) throw new UserError('the repo holds no such lexicon')
  const record = cid === 'missing' ? undefined : blocks.get(digestOfCid(cid))
  if (record === undefined || cid === 'missing') throw new UserError('the proof is incomplete')
  const document = decodeJson(record)
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UserError('the record is no object')
  return { document: document as Record<string, unknown>, cid: cidToString(cid) }
}

function unreachable(error: unknown, nsid: string, uri: string): Error {
  const reason = error instanceof Error ? error.message : String(error)
  const retry = error instanceof Error && 'retry' in error && error.retry === true
  const options = { code: 'lexicon-network', cause: error }
  const message = `lexicon ${nsid} could not be fetched: ${reason}; uri=${uri}`
  return retry ? new TemporaryError(message, options) : new UserError(message, options)
}
