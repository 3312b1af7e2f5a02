import { createRequire } from 'node:module'

export interface Secp256k1 {
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, point: Uint8Array): boolean
  /** Throws when the point is not on the curve. */
  publicKeyConvert(point: Uint8Array, compressed: boolean): Uint8Array
}

/**
 * libsecp256k1, where its addon loads: six times OpenSSL. The package's main file falls back to slow
 * JavaScript without a word, so we ask for the addon itself and use OpenSSL when there is none.
 */
export const libsecp256k1: Secp256k1 | null = (() => {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings.js') as Secp256k1
  } catch {
    return null
  }
})()
