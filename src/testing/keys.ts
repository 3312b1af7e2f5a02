import { createECDH, createHmac, hash } from 'node:crypto'
import { createRequire } from 'node:module'
import { base58 } from './ids.ts'

export type Curve = 'k256' | 'p256'

interface CurveFacts {
  readonly name: 'secp256k1' | 'prime256v1'
  readonly order: bigint
  readonly prefix: readonly [number, number]
}

const CURVES: Record<Curve, CurveFacts> = {
  k256: {
    name: 'secp256k1',
    order: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
    prefix: [0xe7, 0x01],
  },
  p256: {
    name: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    prefix: [0x80, 0x24],
  },
}

interface NativeSecp256k1 {
  publicKeyCreate(key: Uint8Array, compressed: boolean): Uint8Array
  ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array }
}

// `secp256k1` itself falls back to slow JavaScript without a word; its bindings fail when they are not there.
const native: NativeSecp256k1 | null = (() => {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings.js') as NativeSecp256k1
  } catch {
    return null
  }
})()

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const toBig = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`)
const to32 = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

function inverse(value: bigint, order: bigint): bigint {
  let [a, b] = [value % order, order]
  let [x, y] = [1n, 0n]
  while (b > 0n) {
    const q = a / b
    ;[a, b] = [b, a % b]
    ;[x, y] = [y, x - q * y]
  }
  return ((x % order) + order) % order
}

/**
 * A signing key of a sandbox account. Signatures are deterministic (RFC 6979) and low-S, so that a seed
 * gives the same commits byte for byte on every machine. Not constant-time: for tests only.
 */
export class SigningKey {
  readonly curve: Curve
  /** `did:key:z…` of the public half. */
  readonly didKey: string
  readonly publicKey: Uint8Array
  readonly #facts: CurveFacts
  readonly #secret: Uint8Array

  constructor(curve: Curve, secret: Uint8Array) {
    this.curve = curve
    this.#facts = CURVES[curve]
    // Any 32 bytes give a key: reduced into 1 … order - 1.
    this.#secret = to32((toBig(secret) % (this.#facts.order - 1n)) + 1n)
    this.publicKey = this.#compressedPoint(this.#secret)
    this.didKey = `did:key:z${base58(Uint8Array.from([...this.#facts.prefix, ...this.publicKey]))}`
  }

  #compressedPoint(scalar: Uint8Array): Uint8Array {
    if (native !== null && this.curve === 'k256') return native.publicKeyCreate(scalar, true)
    const ecdh = createECDH(this.#facts.name)
    ecdh.setPrivateKey(scalar)
    return ecdh.getPublicKey(null, 'compressed')
  }

  /** 64 bytes `r || s` over the SHA-256 of `message`. `highS` gives the malleated twin that atproto refuses. */
  sign(message: Uint8Array, options: { highS?: boolean } = {}): Uint8Array {
    const digest = Buffer.from(hash('sha256', message, 'hex'), 'hex')
    const low =
      native !== null && this.curve === 'k256'
        ? native.ecdsaSign(digest, this.#secret).signature
        : this.#signSlowly(digest)
    if (options.highS !== true) return low
    return Buffer.concat([low.subarray(0, 32), to32(this.#facts.order - toBig(low.subarray(32)))])
  }

  #signSlowly(digest: Buffer): Uint8Array {
    const { order } = this.#facts
    const z = toBig(digest)
    for (const nonce of this.#nonces(z)) {
      const r = toBig(this.#compressedPoint(to32(nonce)).subarray(1)) % order
      const s = (inverse(nonce, order) * (z + r * toBig(this.#secret))) % order
      if (r === 0n || s === 0n) continue
      return Buffer.concat([to32(r), to32(s > order / 2n ? order - s : s)])
    }
    throw new Error('unreachable')
  }

  /** RFC 6979 §3.2 with HMAC-SHA-256. */
  *#nonces(z: bigint): Generator<bigint> {
    const { order } = this.#facts
    const hmac = (key: Buffer, ...parts: Uint8Array[]): Buffer =>
      parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest()
    const seed = [this.#secret, to32(z % order)]
    let v: Buffer = Buffer.alloc(32, 1)
    let k = hmac(Buffer.alloc(32), v, Buffer.from([0]), ...seed)
    v = hmac(k, v)
    k = hmac(k, v, Buffer.from([1]), ...seed)
    v = hmac(k, v)
    for (;;) {
      v = hmac(k, v)
      const candidate = toBig(v)
      if (candidate > 0n && candidate < order) yield candidate
      k = hmac(k, v, Buffer.from([0]))
      v = hmac(k, v)
    }
  }
}
