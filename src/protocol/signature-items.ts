import type { Secp256k1 } from './secp256k1.ts'

/** Bytes of an uncompressed point, a digest, a signature, and all of them in a row. */
export const POINT = 65
export const DIGEST = 32
export const SIG = 64
export const ITEM: number = POINT + DIGEST + SIG

export interface SignatureItem {
  readonly point: Uint8Array
  readonly digest: Uint8Array
  readonly sig: Uint8Array
}

/** Never throws. */
export function verifyItem(library: Secp256k1, { point, digest, sig }: SignatureItem): boolean {
  try {
    return library.ecdsaVerify(sig, digest, point)
  } catch {
    // libsecp256k1 throws for r or s beyond the order of the curve.
    return false
  }
}

/** In a buffer of its own, to be moved to the other thread. */
export function packItems(items: readonly SignatureItem[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(items.length * ITEM)
  items.forEach(({ point, digest, sig }, i) => {
    packed.set(point, i * ITEM)
    packed.set(digest, i * ITEM + POINT)
    packed.set(sig, i * ITEM + POINT + DIGEST)
  })
  return packed
}
