import { createPublicKey, ECDH, type KeyObject } from 'node:crypto'
import { fromBase58Btc, toBase58Btc } from '@atcute/multibase'
import { LRUCache } from 'lru-cache'
import { InvalidError } from '../errors.ts'
import { libsecp256k1 } from './secp256k1.ts'

/** A repo's signing key, parsed once. */
export interface PublicKey {
  readonly curve: 'k256' | 'p256'
  /** Uncompressed point, 65 bytes: libsecp256k1 saves a square root on each verification. */
  readonly point: Uint8Array
  /** The one spelling as `did:key:z…`. */
  readonly did: string
  /** For OpenSSL. */
  readonly keyObject: KeyObject
}

interface Curve {
  readonly name: 'k256' | 'p256'
  readonly openssl: string
  /** Multicodec prefix of a Multikey. */
  readonly codec: readonly [number, number]
  /** DER before the uncompressed point of a SubjectPublicKeyInfo. */
  readonly spki: Buffer
}

const K256: Curve = {
  name: 'k256',
  openssl: 'secp256k1',
  codec: [0xe7, 0x01],
  spki: Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex'),
}
const P256: Curve = {
  name: 'p256',
  openssl: 'prime256v1',
  codec: [0x80, 0x24],
  spki: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
}
/** Verification method types that name their curve and hold the bare point. */
const LEGACY_TYPES: Record<string, Curve> = {
  EcdsaSecp256k1VerificationKey2019: K256,
  EcdsaSecp256r1VerificationKey2019: P256,
}
/** No key text is longer; base58 decoding is quadratic. */
const MAX_TEXT = 160

const cache = new LRUCache<string, PublicKey>({ max: 5_000 })

/**
 * Parses `did:key:z…`, or a `publicKeyMultibase` with the type of its verification method: `Multikey` (the
 * default) or a legacy type, whose point may be compressed or not. Cached. Throws InvalidError('B10') for
 * other curves and types, points off the curve, and broken text.
 */
export function parseKey(text: string, type = 'Multikey'): PublicKey {
  const id = `${type} ${text}`
  const known = text.length <= MAX_TEXT ? cache.get(id) : undefined
  if (known !== undefined) return known
  const key = parse(text, type)
  // Documents are read once; from then on everybody asks by this spelling.
  cache.set(`Multikey ${key.did}`, key)
  return key
}

/** The `did:key` of a verification method, or null when atproto has no use for it. */
export function didKeyOf(type: string, multibase: string): string | null {
  try {
    return parseKey(multibase, type).did
  } catch (error) {
    if (error instanceof InvalidError) return null
    throw error
  }
}

const refuse = (what: string, text: string, cause?: unknown) =>
  new InvalidError(
    'B10',
    `not a usable signing key: ${what}; key=${text.slice(0, 80)}`,
    cause === undefined ? {} : { cause },
  )

function parse(text: string, type: string): PublicKey {
  const multibase = text.startsWith('did:key:') ? text.slice(8) : text
  if (text.length > MAX_TEXT || multibase[0] !== 'z') throw refuse('not base58btc multibase', text)
  const legacy = Object.hasOwn(LEGACY_TYPES, type) && multibase === text ? LEGACY_TYPES[type] : undefined
  if (legacy === undefined && type !== 'Multikey' && multibase === text)
    throw refuse(`unknown type ${type.slice(0, 60)}`, text)
  try {
    const bytes = fromBase58Btc(multibase.slice(1))
    const curve = legacy ?? [K256, P256].find(({ codec }) => bytes[0] === codec[0] && bytes[1] === codec[1])
    if (curve === undefined) throw new TypeError('an unknown curve')
    return publicKey(curve, legacy === undefined ? bytes.subarray(2) : bytes, legacy !== undefined)
  } catch (cause) {
    throw refuse((cause as Error).message, text, cause)
  }
}

function publicKey(curve: Curve, encoded: Uint8Array, mayBeUncompressed: boolean): PublicKey {
  const compressed = encoded.length === 33 && (encoded[0] === 2 || encoded[0] === 3)
  if (!compressed && !(mayBeUncompressed && encoded.length === 65 && encoded[0] === 4))
    throw new TypeError('not a point of its curve')
  // Whoever converts it checks that the point is on the curve.
  const point = converted(curve, encoded, 'uncompressed')
  const short = compressed ? encoded : converted(curve, encoded, 'compressed')
  const did = `did:key:z${toBase58Btc(Buffer.concat([Buffer.from(curve.codec), short]))}`
  return new ParsedKey(curve, point, did)
}

/** libsecp256k1 takes a tenth of the time. */
function converted(curve: Curve, encoded: Uint8Array, form: 'compressed' | 'uncompressed'): Uint8Array {
  if (curve === K256 && libsecp256k1 !== null)
    return libsecp256k1.publicKeyConvert(encoded, form === 'compressed')
  return ECDH.convertKey(encoded, curve.openssl, undefined, undefined, form) as Buffer
}

class ParsedKey implements PublicKey {
  readonly curve: 'k256' | 'p256'
  readonly point: Uint8Array
  readonly did: string
  readonly #spki: Buffer
  #keyObject: KeyObject | null = null

  constructor(curve: Curve, point: Uint8Array, did: string) {
    this.curve = curve.name
    this.point = point
    this.did = did
    this.#spki = curve.spki
  }

  /** Made when first asked for: libsecp256k1 has no use for it, and it is the larger part of a key's memory. */
  get keyObject(): KeyObject {
    this.#keyObject ??= createPublicKey({
      key: Buffer.concat([this.#spki, this.point]),
      format: 'der',
      type: 'spki',
    })
    return this.#keyObject
  }
}
