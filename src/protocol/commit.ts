import { InvalidError } from '../errors.ts'
import { decode } from './cbor.ts'
import { skipValue } from './cbor-skip.ts'
import { Cid, DAG_CBOR } from './cid.ts'
import { isDid, isTid } from './syntax.ts'

/** The signed root object of a repo. Byte fields are views of the block. */
export interface SignedCommit {
  readonly did: string
  readonly version: 3
  /** CID of the MST root. */
  readonly data: Uint8Array
  readonly rev: string
  /** CID of the commit before; null in every repo of today. */
  readonly prev: Uint8Array | null
  readonly sig: Uint8Array
  /** What `sig` signs: the block without its `sig` entry. */
  readonly signedBytes: Uint8Array
}

const refuse = (what: string, cause?: unknown) =>
  new InvalidError('B8', `malformed commit object: ${what}`, cause === undefined ? {} : { cause })

/** Decodes a commit block. Throws InvalidError('B8'). The signature is not checked here. */
export function decodeCommit(block: Uint8Array): SignedCommit {
  const { did, version, data, rev, prev, sig } = decodeMap(block)
  if (typeof did !== 'string' || !isDid(did)) throw refuse('did is not a DID')
  if (version !== 3) throw refuse(`version is not 3; version=${String(version).slice(0, 20)}`)
  if (!isRepoCid(data)) throw refuse('data is not a dag-cbor cid')
  if (typeof rev !== 'string' || !isTid(rev)) throw refuse('rev is not a TID')
  if (prev !== null && !isRepoCid(prev)) throw refuse('prev is neither null nor a dag-cbor cid')
  if (!(sig instanceof Uint8Array)) throw refuse('sig is not bytes')
  return {
    did,
    version,
    data: data.bytes,
    rev,
    prev: prev?.bytes ?? null,
    sig,
    signedBytes: withoutSig(block),
  }
}

const isRepoCid = (value: unknown): value is Cid => value instanceof Cid && value.bytes[1] === DAG_CBOR

function decodeMap(block: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = decode(block)
  } catch (cause) {
    throw refuse('not dag-cbor', cause)
  }
  if (value === null || typeof value !== 'object' || value instanceof Cid) throw refuse('not a map')
  return value as Record<string, unknown>
}

/**
 * The bytes that were signed. Cutting the entry out and counting one less is what re-encoding without `sig`
 * gives, because the block is canonical (it was decoded strictly before).
 */
export function withoutSig(block: Uint8Array): Uint8Array {
  const count = (block[0] as number) & 31
  if (count >= 24) throw refuse('more than 23 fields')
  let at = 1
  for (let i = 0; i < count; i++) {
    const value = skipValue(block, at, block.length)
    const next = skipValue(block, value, block.length)
    // 63 's' 'i' 'g'
    if (block[at] === 0x63 && block[at + 1] === 0x73 && block[at + 2] === 0x69 && block[at + 3] === 0x67) {
      const signed = new Uint8Array(block.length - (next - at))
      signed.set(block.subarray(0, at))
      signed.set(block.subarray(next), at)
      signed[0] = 0xa0 | (count - 1)
      return signed
    }
    at = next
  }
  throw refuse('no sig')
}
